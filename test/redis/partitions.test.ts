// How many partitions a queue has is kept with it: whoever comes with another number is told, before anything is done.
import { defineTasks, task } from '@lovage/core'
import { createQueue, createRedisStore, openStore, type Partitions } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { randomUUID } from 'node:crypto'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { startRedis } from '../../scripts/redis.mjs'
import { newJob } from '../conformance/acts.ts'

const url = inject('redisUrl')
const servers = await Promise.all([startRedis(), startRedis()])
afterAll(() => Promise.all(servers.map((server) => server.stop())))
const urls = servers.map((server) => server.url)

const tasks = defineTasks({ double: task({ input: z.number(), output: z.number() }) })

function queueOf(namespace: string, partitions: Partitions) {
  const place = typeof partitions === 'number' ? { redis: url } : {}
  const queue = createQueue({ tasks, ...place, namespace, partitions, onWarning: () => {} })
  onTestFinished(() => queue.close())
  return queue
}

const newNamespace = (): string => `partitions-${randomUUID()}`

const refusal = (seen: string | RegExp, expected: RegExp) =>
  expect.objectContaining({
    code: 'OPTION_INVALID',
    details: {
      option: expect.stringMatching(/^partitions of /),
      seen: expect.stringMatching(seen),
      expected: expect.stringMatching(expected),
    },
  })

test('another number of partitions is refused to everybody, before anything is enqueued or claimed', async () => {
  const namespace = newNamespace()
  await queueOf(namespace, 2).double.enqueue(1)
  await queueOf(namespace, 2).double.enqueue(2)
  await expect(queueOf(namespace, 3).double.enqueue(3)).rejects.toEqual(refusal('3', /^2: /))
  const worker = createWorker({
    tasks,
    redis: url,
    namespace,
    partitions: 3,
    logLevel: 'silent',
    handlers: { double: (n) => 2 * n },
  })
  await expect(worker.start()).rejects.toEqual(refusal('3', /^2: /))
  expect(await queueOf(namespace, 2).counts()).toMatchObject({ queued: 2, workers: 0 })
})

test('a worker without partitions is refused where there are some, and partitions where there were none', async () => {
  const namespace = newNamespace()
  await queueOf(namespace, 2).double.enqueue(1)
  const handlers = { double: (n: number) => 2 * n }
  const worker = createWorker({ tasks, redis: url, namespace, logLevel: 'silent', handlers })
  await expect(worker.start()).rejects.toEqual(refusal('1', /^2: /))

  const whole = newNamespace()
  await queueOf(whole, 1).double.enqueue(1)
  await expect(queueOf(whole, 2).double.enqueue(1)).rejects.toEqual(refusal('2', /^1: /))
  expect(await queueOf(whole, 1).counts()).toMatchObject({ queued: 1 })
})

test('addresses in another order are refused; in theirs each partition is on its own server', async () => {
  const namespace = newNamespace()
  const queue = queueOf(namespace, urls)
  for (let n = 0; n < 20; n++) await queue.double.enqueue(n)
  await expect(queueOf(namespace, urls.toReversed()).counts()).rejects.toEqual(
    refusal(/^[01], /, /^[01] there/),
  )
  for (const [index, server] of urls.entries()) {
    const other = openStore({ redis: { url: server }, namespace: newNamespace(), partitions: 2 })
    onTestFinished(() => other.close())
    expect(await other.counts()).toMatchObject({ queued: 0 })
    const store = openStore({ namespace, partitions: urls })
    onTestFinished(() => store.close())
    if (!('partitions' in store)) throw new Error('It has two.')
    const { queued } = await store.partitions[index]!.store.counts()
    expect(queued).toBeGreaterThan(0)
    expect(queued).toBeLessThan(20)
  }
})

test('a store of one partition is the plain one, with the same keys', async () => {
  const namespace = newNamespace()
  await queueOf(namespace, [url]).double.enqueue(1)
  const store = createRedisStore({ url, namespace })
  onTestFinished(() => store.close())
  expect(await store.counts()).toMatchObject({ queued: 1 })
  await store.enqueue([newJob('a')])
  expect(await queueOf(namespace, 1).counts()).toMatchObject({ queued: 2 })
})

test.for([0, -1, 1.5, 129, Number.NaN])('%d partitions are refused at once', (partitions) => {
  expect(() => openStore({ redis: url, partitions })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  )
})

test('while its server is away a partition refuses, and the others serve', async () => {
  const { stop, ...server } = await startRedis()
  onTestFinished(stop)
  const namespace = newNamespace()
  const queue = queueOf(namespace, [url, server.url])
  const ids = []
  for (let n = 0; n < 12; n++) ids.push((await queue.double.enqueue(n)).id)
  await stop()
  const found = await Promise.allSettled(ids.map((id) => queue.get(id)))
  const kinds = found.map((one) => (one.status === 'fulfilled' ? 'here' : one.reason.code))
  expect(new Set(kinds)).toEqual(new Set(['here', 'STORE_UNAVAILABLE']))
})
