// Half-open connections: whoever stops answering is noticed, from either end.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('a client that answers no ping loses its connection; ours answers, and keeps it', async () => {
  await using it = await createHarness(tasks, { keepAlive: { pingMs: 20, pongWaitMs: 1_000 } })
  const { jobs, connection } = it.client()
  const feed = jobs.notices()
  await feed.next()
  const states: string[] = []
  connection.subscribe((state) => states.push(state))

  const deaf = new WebSocket(it.server.url.replace('http', 'ws'))
  const [ping] = (await once(deaf, 'message')) as [Buffer]
  expect(ping.toString()).toBe('PING')
  const [code] = (await once(deaf, 'close')) as [number]
  expect(code).toBe(1006) // cut, without a goodbye
  expect([connection.state, states]).toEqual(['connected', []])
})

test('a server that answers no ping is left, and looked for again', async () => {
  const mute = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const first = once(mute, 'connection') as Promise<[WebSocket]>
  await using client = createJobsClient<RouterOf<typeof tasks>>({
    url: `http://127.0.0.1:${port}`,
    keepAlive: { intervalMs: 10, pongTimeoutMs: 10 },
    random: () => 0,
  })
  const stop = new AbortController()
  const next = client.jobs.notices({ signal: stop.signal }).next()
  const [socket] = await first
  const frames: string[] = []
  socket.on('message', (data: Buffer) => frames.push(data.toString()))
  await once(mute, 'connection')
  expect(frames).toContain('PING')
  stop.abort()
  expect(await next).toMatchObject({ done: true })
  for (const open of mute.clients) open.terminate()
  mute.close()
})
