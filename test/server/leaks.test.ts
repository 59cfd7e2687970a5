// Ten thousand subscriptions come and go, in every way there is: nothing of them stays.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createQueue, serve } from '@lovage/server'
import { expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { tasks } from '../kit/contract.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

async function heapBytes(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return process.memoryUsage().heapUsed
}

const subscribe = (id: number, jobId?: string): string =>
  JSON.stringify({
    id,
    method: 'subscription',
    params: { path: 'jobs.notices', input: { json: jobId === undefined ? {} : { id: jobId } } },
  })

/** A hundred on one socket, of feeds and of a job; every other socket says goodbye to each, the others are just gone. */
async function comeAndGo(url: string, jobId: string, round: number): Promise<void> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  let readies = 0
  let stopped = 0
  const count = (text: string): void => {
    readies += Number(text.includes('"type":"ready"'))
    stopped += Number(text.includes('"type":"stopped"'))
  }
  socket.on('message', (data: Buffer) => count(data.toString()))
  await once(socket, 'open')
  for (let id = 1; id <= 100; id++) socket.send(subscribe(id, id % 2 === 0 ? jobId : undefined))
  while (readies < 100) await once(socket, 'message')
  if (round % 2 === 0) {
    for (let id = 1; id <= 100; id++) socket.send(JSON.stringify({ id, method: 'subscription.stop' }))
    while (stopped < 100) await once(socket, 'message')
  }
  const closed = once(socket, 'close')
  socket.terminate()
  await closed
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('ten thousand subscriptions leave no memory, no timer, no follower', async () => {
  const clock = new ManualClock(Date.now())
  const queue = queueOver(tasks, createMemoryStore({ clock }), { clock })
  // A token that runs out some day costs a timer for each subscription, which must go with it.
  const expiresAt = Date.now() + 86_400_000
  await using server = await serve({
    queue,
    closeGraceMs: 0,
    keepAlive: false,
    authenticate: () => ({ owner: 'ada', expiresAt, revoked: () => false }),
  })
  const { id } = await queue.sweep.enqueue(undefined, { owner: 'ada' })
  for (let round = 0; round < 20; round++) await comeAndGo(server.url, id, round)
  const before = { heap: await heapBytes(), timers: timers(), pending: clock.pending }
  for (let round = 0; round < 100; round++) await comeAndGo(server.url, id, round)
  const grown = (await heapBytes()) - before.heap
  // A thing that is kept for each of them has at least a few hundred bytes.
  expect(grown / 10_000).toBeLessThan(250)
  expect({ timers: timers(), pending: clock.pending }).toEqual({
    timers: before.timers,
    pending: before.pending,
  })
  await clock.advance(5_000) // how long the reader outlives the last of them
  expect(clock.pending).toBe(0)
  await queue.close()
}, 180_000)

test('whoever follows, and however many: Redis has two connections, one for calls and one that reads', async () => {
  const direct = new URL(inject('redisUrl'))
  await using line = await TcpProxy.to(Number(direct.port))
  const through = new URL(direct)
  through.port = String(line.port)
  const queue = createQueue({ tasks, redis: through.href, namespace: `leaks-${randomUUID()}` })
  await using server = await serve({ queue, owner: 'public', closeGraceMs: 0 })
  const { id } = await queue.sweep.enqueue()
  for (let round = 0; round < 3; round++) await comeAndGo(server.url, id, round)
  expect(line.connections).toBe(2)
  await queue.close()
})
