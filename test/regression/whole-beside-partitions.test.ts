// A queue that was opened without partitions where there are some took jobs that no worker of the partitions looks for: they
// never ran, and nobody was told.
import { type LovageError, newJobId } from '@lovage/core'
import { createJobsClient } from '@lovage/client'
import { createQueue, createRedisStore } from '@lovage/redis'
import { serve } from '@lovage/server'
import { createWorker } from '@lovage/worker'
import { Redis } from 'ioredis'
import { once } from 'node:events'
import { expect, onTestFinished, vi } from 'vitest'
import { test as base } from '../cli/program.ts'
import { tasks } from '../kit/contract.ts'
import { withRedis } from '../redis/stage.ts'

const INPUT = { texts: ['a'] }
const refusal = expect.objectContaining({
  code: 'OPTION_INVALID',
  details: {
    option: expect.stringMatching(/^partitions of /),
    seen: '1',
    expected: expect.stringMatching(/^2: .*\(partitions: 2; for lovage --partitions 2\)/),
  },
})

/** A queue over two partitions that has a job, and one without. */
const test = base.extend<{ queueOf: (partitions: number) => ReturnType<typeof open> }>({
  queueOf: async ({ url, namespace }, use) => {
    await use((partitions) => open(url, namespace, partitions))
  },
})

function open(url: string, namespace: string, partitions: number) {
  const queue = createQueue({ tasks, redis: url, namespace, partitions, onWarning: () => {} })
  onTestFinished(() => queue.close())
  return queue
}

const acts: Record<string, (queue: ReturnType<typeof open>) => Promise<unknown>> = {
  enqueue: (queue) => queue.score.enqueue(INPUT),
  enqueueMany: (queue) => queue.score.enqueueMany([INPUT, INPUT]),
  'enqueue and wait for replicas': (queue) =>
    queue.score.enqueue(INPUT, { durability: { replicas: 1, timeout: '1s' } }),
  get: (queue) => queue.get(newJobId()),
  cancel: (queue) => queue.score.cancel(newJobId()),
  counts: (queue) => queue.counts(),
  inspect: (queue) => queue.inspect(),
  pause: (queue) => queue.pause({ task: 'score' }),
  paused: (queue) => queue.paused(),
  groups: (queue) => queue.groups(),
  notices: (queue) => queue.notices().next(),
  consume: (queue) => queue.consume('group').next(),
}

test.for(Object.entries(acts))('%s', async ([, act], { queueOf, redis, key }) => {
  await queueOf(2).score.enqueue(INPUT)
  await expect(act(queueOf(1))).rejects.toEqual(refusal)
  expect(await redis.keys(key('*'))).toEqual([key('layout')])
})

test('at once, also by a call beside others that wait for the same look', async ({ queueOf, redis, key }) => {
  await queueOf(2).score.enqueue(INPUT)
  const whole = queueOf(1)
  const calls = await Promise.allSettled([1, 2, 3].map(() => whole.score.enqueue(INPUT)))
  for (const call of calls) expect(call).toEqual({ status: 'rejected', reason: refusal })
  expect(await redis.exists(key('jobs'))).toBe(0)
})

test('by who looked when nobody had used the queue yet', async ({ queueOf, redis, key }) => {
  const whole = queueOf(1)
  expect(await whole.counts()).toMatchObject({ queued: 0 })
  await queueOf(2).score.enqueue(INPUT)
  await expect(whole.score.enqueue(INPUT)).rejects.toEqual(refusal)
  expect(await redis.exists(key('jobs'))).toBe(0)
})

test('by an API, which tells its callers nothing of it', async ({ queueOf }) => {
  await queueOf(2).score.enqueue(INPUT)
  const causes: unknown[] = []
  const server = await serve({
    queue: queueOf(1),
    owner: 'public',
    closeGraceMs: 0,
    onError: ({ error }) => causes.push(error.cause),
  })
  onTestFinished(() => server.close())
  const client = createJobsClient<typeof server.router>({ url: server.url })
  onTestFinished(() => client.close())
  const error = (await client.jobs.score.enqueue(INPUT).catch((reason: unknown) => reason)) as LovageError
  expect(error).toMatchObject({ code: 'INTERNAL', message: 'The server failed; its log says why.' })
  expect(causes).toEqual([refusal])
})

test('by a worker', async ({ queueOf, url, namespace }) => {
  await queueOf(2).score.enqueue(INPUT)
  const worker = createWorker({
    tasks: { sweep: tasks.sweep },
    redis: url,
    namespace,
    logLevel: 'silent',
    handlers: { sweep: () => {} },
  })
  await expect(worker.start()).rejects.toEqual(refusal)
})

test('by the program, with what helps', async ({ queueOf, lovage }) => {
  await queueOf(2).score.enqueue(INPUT)
  for (const command of [
    ['enqueue', 'score', '{"texts":["a"]}'],
    ['inspect', 'workers'],
    ['notices'],
    ['doctor'],
  ]) {
    const { code, stderr } = await lovage(command)
    expect(code).toBe(2)
    expect(stderr).toContain('is 1; expected 2: the queue is in use so')
    expect(stderr).toContain('--partitions 2')
  }
})

/**
 * Counts how often anybody looks, on a server of its own: ioredis cannot tell what it hears of others together with the
 * answer to `MONITOR` from other answers.
 */
async function looksAt(url: string) {
  const looks = vi.fn()
  const redis = new Redis(url, { disableClientInfo: true })
  const monitor = await redis.monitor() // a connection beside this one
  redis.disconnect()
  onTestFinished(() => monitor.disconnect())
  monitor.on('monitor', (_time: string, [name, key]: string[]) => {
    if (name?.toLowerCase() === 'get' && key === '{lovage:default}:layout') looks()
  })
  return { looks, monitor }
}

base('one that is in use without partitions looks once, however much it is asked', () =>
  withRedis([], async ({ url }) => {
    const first = open(url, 'lovage', 1)
    await first.score.enqueue(INPUT)
    const { looks, monitor } = await looksAt(url)
    const queue = open(url, 'lovage', 1)
    for (let n = 0; n < 5; n++) await queue.score.enqueue(INPUT)
    await queue.counts()
    const seen = once(monitor, 'monitor')
    await queue.counts()
    await seen
    expect(looks).toHaveBeenCalledTimes(1)
  }),
)

base('a worker that has joined looks no more, though nobody has used the queue', () =>
  withRedis([], async ({ url }) => {
    const store = createRedisStore({ url, onWarning: () => {} })
    onTestFinished(() => store.close())
    await store.join({ session: 's', leaseMs: 60_000 })
    const { looks, monitor } = await looksAt(url)
    const idle = { session: 's', settle: [], claim: 1, queues: ['default'] }
    for (let n = 0; n < 5; n++) expect(await store.step(idle)).toMatchObject({ claimed: [] })
    const seen = once(monitor, 'monitor')
    expect(await store.extend('s', 60_000)).toMatchObject({ alive: true })
    await seen
    expect(looks).not.toHaveBeenCalled()
  }),
)
