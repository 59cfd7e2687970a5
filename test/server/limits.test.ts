// What strangers can do to a server: send too much, too often, too slowly, or read too little.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

const post = (url: string, body: string) =>
  fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: 'Bearer ada' },
  })

test('a body and a frame beyond the limit are refused, with the size; one of 1 MiB is not', async () => {
  await using it = await createHarness(tasks)
  const body = (bytes: number): string => `{"json":{"input":{"texts":["${'x'.repeat(bytes)}"]}}}`
  expect((await post(`${it.url}/jobs.score.enqueue`, body(1_048_576 - 14))).status).toBe(200)
  const tooLarge = await post(`${it.url}/jobs.score.enqueue`, body(8_000_000))
  expect([tooLarge.status, await tooLarge.json()]).toMatchObject([
    413,
    {
      error: {
        json: {
          data: {
            lovage: {
              code: 'PAYLOAD_TOO_LARGE',
              details: { bytes: body(8_000_000).length, maxBytes: 1_114_112 },
            },
          },
        },
      },
    },
  ])
  // Without its length in the head, it is counted as it comes.
  const stream = new Blob([body(2_000_000)]).stream()
  const chunked = await fetch(`${it.url}/jobs.score.enqueue`, {
    method: 'POST',
    body: stream,
    duplex: 'half',
    headers: { 'content-type': 'application/json', authorization: 'Bearer ada' },
  } as RequestInit)
  expect(chunked.status).toBe(413)

  const socket = new WebSocket(it.url.replace('http', 'ws'))
  socket.on('open', () => socket.send('x'.repeat(1_200_000)))
  const [code] = (await once(socket, 'close')) as [number]
  expect(code).toBe(1009)
  expect(await it.queue.counts()).toMatchObject({ queued: 1 })
})

test('a batch of more than 500 calls is refused', async () => {
  await using it = await createHarness(tasks)
  const calls = (count: number): string =>
    JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, method: 'query', params: { path: 'x' } })))
  const socket = new WebSocket(it.url.replace('http', 'ws'))
  const answers: string[] = []
  socket.on('message', (data: Buffer) => answers.push(data.toString()))
  await once(socket, 'open')
  socket.send(calls(501))
  while (answers.length < 501) await once(socket, 'message')
  expect(answers.every((answer) => answer.includes('exceeds maximum size'))).toBe(true)
  socket.terminate()
})

test('one connection that starts its request and says no more does not keep others out', async () => {
  await using it = await createHarness(tasks)
  const idle = connect(it.server.port, '127.0.0.1')
  await once(idle, 'connect')
  idle.write('POST /trpc/jobs.sweep.enqueue HTTP/1.1\r\nHost: x\r\nContent-Le')
  expect(await it.client().jobs.sweep.enqueue()).toMatchObject({ task: 'sweep' })
  idle.destroy()
})
