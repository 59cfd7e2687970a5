// Consumers on a real Redis: connections, crashes, other programs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ConsumedOf, encode, type Named, type Queue, queueOver } from '@lovage/core'
import type { Redis } from 'ioredis'
import { expect, vi } from 'vitest'
import { announcedJobs, joinAll, settle, succeeded } from '../conformance/acts.ts'
import { consumedTasks } from './fixtures/consumed-tasks.ts'
import { test as base } from './stage.ts'

type Consumed = ConsumedOf<Named>

const test = base.extend<{ queue: Queue<typeof consumedTasks> }>({
  queue: async ({ store }, use) => {
    const queue = queueOver(consumedTasks, store, { onWarning: () => {} })
    await use(queue)
    await queue.close()
  },
})

async function take(loop: AsyncGenerator<Consumed, void, undefined>, count: number): Promise<Consumed[]> {
  const taken: Consumed[] = []
  while (taken.length < count) {
    const { value, done } = await loop.next()
    if (done) throw new Error(`The loop ended after ${taken.length}.`)
    taken.push(value)
  }
  return taken
}

const jobsOf = (notices: readonly Consumed[]): string[] =>
  notices.map((notice) => ('jobId' in notice ? notice.jobId : 'none'))

/** The roles of a queue's connections. */
async function roles(redis: Redis, namespace: string): Promise<string[]> {
  const clients = String(await redis.client('LIST')).split('\n')
  return clients
    .flatMap((line) => new RegExp(`name=lovage:${namespace}:default:(\\w+) `).exec(line)?.[1] ?? [])
    .toSorted((a, b) => (a < b ? -1 : 1))
}

test('twenty consumers and twenty followers block one connection together', async ({
  queue,
  redis,
  namespace,
}) => {
  const loops = Array.from({ length: 20 }, (_, n) => queue.consume(`group-${n}`))
  const feeds = Array.from({ length: 20 }, () => queue.notices())
  const nexts = loops.map((loop) => loop.next())
  await Promise.all(feeds.map((feed) => feed.next()))
  await vi.waitFor(async () => {
    const groups = await queue.groups()
    expect(groups.filter(({ members }) => members.length === 1)).toHaveLength(20)
  })
  expect(await roles(redis, namespace)).toEqual(['live', 'main'])
  const { id } = await queue.score.enqueue(1)
  const given = await Promise.all(nexts)
  expect(given.map(({ value }) => value && 'jobId' in value && value.jobId)).toEqual(loops.map(() => id))
})

test('a consumer whose connections are killed goes on, and is given nothing twice', async ({
  queue,
  redis,
  namespace,
}) => {
  const loop = queue.consume('mailer', { from: 'start', window: 5 })
  const ids: string[] = []
  const seen: Consumed[] = []
  for (let round = 0; round < 4; round++) {
    const handles = await queue.score.enqueueMany(Array.from({ length: 10 }, (_, n) => n))
    ids.push(...handles.map(({ id }) => id))
    while (seen.length < ids.length) {
      const [notice] = await take(loop, 1)
      seen.push(notice!)
      expect(await notice!.ack()).toEqual({ outcome: 'acked' })
    }
    const clients = String(await redis.client('LIST')).split('\n')
    for (const line of clients.filter((one) => one.includes(`name=lovage:${namespace}:`)))
      await redis.client('KILL', 'ID', /^id=(\d+)/.exec(line)![1]!)
  }
  expect(jobsOf(seen)).toEqual(ids)
  expect(seen.every(({ deliveries }) => deliveries === 1)).toBe(true)
  await loop.return()
})

test('a member that is killed loses what it holds to another, once it is due, and nothing else', async ({
  queue,
  url,
  namespace,
}) => {
  const handles = await queue.score.enqueueMany(Array.from({ length: 20 }, (_, n) => n))
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '..', 'dist', 'redis', 'fixtures', 'consumer.js')],
    {
      env: { ...process.env, REDIS_URL: url, NAMESPACE: namespace, ACKS: '4' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  try {
    const acked: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const { given, acks } = JSON.parse(line) as { given: string; acks: number }
      acked.push(given)
      if (acks === 0) break
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(acked).toEqual(handles.slice(0, 4).map(({ id }) => id))

    const options = { ackWait: '2s', types: ['queued'] } as const
    const rest: Consumed[] = []
    for await (const notice of queue.consume('mailer', options)) {
      rest.push(notice)
      await notice.ack()
      if (rest.length === 16) break
    }
    const isDue = (notice: Consumed): boolean => notice.deliveries === 2
    expect(new Set(jobsOf(rest))).toEqual(new Set(handles.slice(4).map(({ id }) => id)))
    // The window of the killed one was ten, and it had acked some of them.
    expect(rest.filter(isDue).length).toBeGreaterThanOrEqual(6)
    expect(rest.filter(isDue).length).toBeLessThanOrEqual(10)
    expect((await queue.groups())[0]).toMatchObject({ pending: 0, lag: 0, missed: 0, dead: 0 })
  } finally {
    child.kill('SIGKILL')
  }
})

test('a result that is too large for the stream is fetched; one that is no longer kept is counted', async ({
  queue,
  store,
}) => {
  const large = Array.from({ length: 200 }, (_, n) => `${n}`.padEnd(50, '.'))
  await joinAll(store, 's')
  for (const ttlMs of [60_000, 1]) {
    const { id } = await queue.score.enqueue(1)
    const { claimed } = await store.step({ session: 's', settle: [], claim: 1, queues: ['default'] })
    await settle(store, 's', { ...succeeded(claimed[0]!), to: 'succeeded', result: encode(large), ttlMs })
    if (ttlMs === 1) await vi.waitFor(async () => expect(await store.get(id)).toBeNull())
  }
  const options = { from: 'start', types: ['succeeded'] } as const
  const [kept, gone] = await take(queue.consume('mailer', options), 2)
  expect(kept).toMatchObject({ type: 'succeeded', result: large })
  expect(gone).toMatchObject({ type: 'gap', missed: 1, deliveries: 1 })
  expect(await gone!.ack()).toEqual({ outcome: 'acked' })
})

test('the group is one of Redis, where anybody finds it', async ({ queue, store, redis, key }) => {
  await store.enqueue(announcedJobs('a', 'b'))
  const loop = queue.consume('mailer', { from: 'start', window: 1 })
  await take(loop, 1)
  const [group] = (await redis.xinfo('GROUPS', key('outcomes'))) as string[][]
  expect(group!.slice(0, 6)).toEqual(['name', 'mailer', 'consumers', 1, 'pending', 1])
  await queue.deleteGroup('mailer')
  expect(await redis.xinfo('GROUPS', key('outcomes'))).toEqual([])
  const left = await redis.keys(key('*').replaceAll('{', '\\{'))
  expect(left.filter((name) => /:(g:|groups|held)/.test(name))).toEqual([])
})

test('a group that was destroyed by hand ends its loops, and is made again at its place', async ({
  queue,
  store,
  redis,
  key,
}) => {
  await store.enqueue(announcedJobs('a', 'b'))
  const loop = queue.consume('mailer', { from: 'start' })
  const [a, b] = await take(loop, 2)
  await a!.ack()
  await b!.ack()
  await redis.xgroup('DESTROY', key('outcomes'), 'mailer')
  await store.enqueue(announcedJobs('c'))
  await expect(loop.next()).rejects.toMatchObject({ code: 'GROUP_DELETED' })
  expect(jobsOf(await take(queue.consume('mailer'), 1))).toEqual(['c'])
})
