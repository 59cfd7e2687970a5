// Calls over the websocket: what becomes of them when it is cut, refused, replaced, or cannot be had.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createJobsClient } from '@lovage/client'
import { queueOver } from '@lovage/core'
import { type RouterOf, serve } from '@lovage/server'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { altered } from '../core/stage.ts'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness, WebSocket } from '../kit/harness.ts'

/** A class of websockets that remembers what is sent by them. */
function listening(): { WebSocket: typeof globalThis.WebSocket; made: () => number; frames: string[] } {
  let made = 0
  const frames: string[] = []
  class Listening extends WebSocket {
    constructor(url: string | URL) {
      super(url)
      made += 1
    }

    override send(data: string): void {
      frames.push(data)
      super.send(data)
    }
  }
  return { WebSocket: Listening, made: () => made, frames }
}

const requests = (it: Harness<typeof tasks>): number => it.line.heard.match(/HTTP\/1\.1 200/g)?.length ?? 0

test('all calls go by the socket of the notices, and those of one tick in one frame', async () => {
  await using it = await createHarness(tasks)
  const { WebSocket, made, frames } = listening()
  const { jobs } = it.client({ WebSocket })
  await jobs.notices().next()
  const handles = await Promise.all(Array.from({ length: 30 }, () => jobs.sweep.enqueue()))
  await Promise.all(handles.map((job) => job.get()))
  await jobs.cancel(handles[0]!.id)
  await jobs.sweep.list()
  expect([made(), requests(it)]).toEqual([1, 0])
  expect(frames.filter((frame) => frame.includes('jobs.'))).toHaveLength(5)
})

test('what is large does not make notices wait: it goes by HTTP', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  await jobs.notices().next()
  await jobs.score.enqueue({ texts: ['x'.repeat(50_000)] })
  expect(requests(it)).toBe(1)
})

test('where no websocket gets through, calls go by HTTP', async () => {
  await using it = await createHarness(tasks)
  class Blocked extends WebSocket {
    constructor() {
      super('ws://127.0.0.1:1')
    }
  }
  const client = it.client({ WebSocket: Blocked })
  const job = await client.jobs.sweep.enqueue()
  expect(await job.get()).toMatchObject({ state: 'queued' })
  expect(client.connection.state).toBe('idle')
})

test('a client that is told to calls by HTTP, and opens no socket for them', async () => {
  await using it = await createHarness(tasks)
  const { WebSocket, made } = listening()
  for (const options of [{ calls: 'http' as const }, { headers: () => ({ 'x-tenant': 'acme' }) }])
    await it.client({ WebSocket, ...options }).jobs.sweep.enqueue()
  expect([made(), requests(it)]).toEqual([0, 2])
})

/** Cuts the cable when the store has been asked, before the answer is out. */
async function cutting(act: 'enqueue' | 'cancel') {
  const it = await createHarness(tasks)
  let cuts = 1
  const store = altered(it.store, {
    [act]: async (...args: [never]) => {
      const answer = await it.store[act](...args)
      if (cuts-- > 0) {
        it.line.cut()
        await new Promise(() => {}) // nobody hears of it
      }
      return answer
    },
  })
  const queue = queueOver(tasks, store)
  const server = await serve({ queue, authenticate: (token) => token, closeGraceMs: 0 })
  it.cleanUp(() => server.close())
  it.line.target = server.port
  return it
}

test('an enqueue whose connection is cut before the answer is made once more, and the job is there once', async () => {
  await using it = await cutting('enqueue')
  const { jobs } = it.client()
  const job = await jobs.sweep.enqueue()
  expect(await it.queue.counts()).toMatchObject({ queued: 1 })
  await it.driver.succeed(await it.driver.next(), undefined)
  await job.result()
})

test('a cancel whose connection is cut before the answer is DISCONNECTED: another one would be told otherwise', async () => {
  await using it = await cutting('cancel')
  const { jobs } = it.client()
  const job = await jobs.sweep.enqueue()
  await expect(job.cancel()).rejects.toMatchObject({
    code: 'DISCONNECTED',
    details: { url: it.url, cause: 'the connection was lost' },
  })
  expect(await job.get()).toMatchObject({ state: 'cancelled' })
})

test('a call that gets no answer in time is DISCONNECTED, and those on the same socket go on', async () => {
  const mute = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  mute.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const { id, params } = JSON.parse(data.toString()) as { id: number; params: { path: string } }
      if (params.path === 'jobs.get')
        socket.send(JSON.stringify({ id, result: { data: { json: { id: 'x' } } } }))
    }),
  )
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  await using client = createJobsClient<RouterOf<typeof tasks>>({
    url: `http://127.0.0.1:${port}`,
    callTimeout: '20ms',
  })
  await expect(client.jobs.sweep.enqueue()).rejects.toMatchObject({
    code: 'DISCONNECTED',
    details: { cause: 'timeout: no answer came' },
  })
  expect(await client.jobs.get('x')).toEqual({ id: 'x' })
  expect(mute.clients.size).toBe(1)
  mute.close()
})

test('a token that has run out since the socket was opened is asked for anew, and the call made once more', async () => {
  let valid = 'first'
  await using it = await createHarness(tasks, {
    authenticate: (token) => ({ owner: 'ada', revoked: () => token !== valid }),
  })
  let token = 'first'
  const { WebSocket, made } = listening()
  const { jobs } = it.client({ WebSocket, auth: () => token })
  await jobs.sweep.enqueue()
  // Ours is still the first one when the socket says that it is over; the next that it is asked for is not.
  valid = 'second'
  const asked = jobs.sweep.enqueue()
  token = 'second'
  await asked
  await jobs.sweep.enqueue()
  expect(made()).toBe(2)
  expect(await it.queue.counts()).toMatchObject({ queued: 3 })
})

test('calls are made by whoever is logged in now, while what was followed before goes on', async () => {
  await using it = await createHarness(tasks)
  let token = 'ada'
  const { WebSocket, made } = listening()
  const { jobs } = it.client({ WebSocket, auth: () => token })
  const feed = jobs.notices()
  await feed.next()
  await jobs.sweep.enqueue()
  token = 'bob'
  await jobs.sweep.enqueue()
  await jobs.sweep.enqueue()
  const claimed = await it.driver.claim(3)
  expect(claimed.map(({ owner }) => owner)).toEqual(['ada', 'bob', 'bob'])
  for (const job of claimed) await it.driver.succeed(job, undefined)
  expect((await feed.next()).value).toMatchObject({ type: 'succeeded', jobId: claimed[0]?.id })
  expect(made()).toBe(2)
})

test('a server that ends in the midst of many calls fails none of them', async () => {
  await using it = await createHarness(tasks, { closeGraceMs: 10_000 })
  const { jobs } = it.client()
  await jobs.notices().next()
  const other = await serve({ queue: it.queue, authenticate: (token) => token, closeGraceMs: 0 })
  it.cleanUp(() => other.close())
  const calls: Promise<unknown>[] = []
  const call = (): void => {
    for (let n = 0; n < 10; n++) calls.push(jobs.sweep.enqueue())
  }
  call()
  it.line.target = other.port
  let isOver = false
  const closed = it.server.close().then(() => (isOver = true))
  while (!isOver) {
    call()
    await calls.at(-1)
  }
  await closed
  call()
  await Promise.all(calls)
  expect(await it.queue.counts()).toMatchObject({ queued: calls.length })
})

test('a program that has enqueued ends by itself, though its socket is open', async () => {
  await using it = await createHarness(tasks)
  const program = `
    import { createJobsClient } from '@lovage/client'
    const client = createJobsClient({ url: '${it.url}', auth: () => 'ada', idleCloseMs: 3_600_000 })
    await client.jobs.sweep.enqueue()
    console.log(client.connection.state)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  expect([said.trim(), code]).toEqual(['connected', 0])
})
