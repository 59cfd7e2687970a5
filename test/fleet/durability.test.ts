// What a failover can take back, who is told of it, and how an enqueue waits until it cannot.
import { isLovageError, newJobId, type Notice } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { RedisCluster } from '../kit/redis-cluster.ts'
import type { RedisNode } from '../kit/redis-node.ts'
import { announced, keyOf, newNamespace, tasks } from './site.ts'

// Replicas log in as a user of their own, so that a primary can lock them out and nobody else.
const user = ['--user', 'replica', 'on', '>pass', '+psync', '+replconf', '+ping']
const cluster = await RedisCluster.start({
  args: [...user, '--masteruser', 'replica', '--masterauth', 'pass'],
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** A queue with its primary and replica. */
async function place(options: Partial<Parameters<typeof createQueue<typeof tasks>>[0]> = {}) {
  const namespace = newNamespace()
  const primary = await cluster.primaryOf(keyOf(namespace))
  const replica = await cluster.replicaOf(primary)
  const queue = createQueue({ tasks, redis: cluster.url, namespace, onWarning: () => {}, ...options })
  onTestFinished(() => queue.close())
  return { queue, namespace, primary, replica }
}

/** From now on nothing that the primary writes reaches its replica. */
async function cutOff(primary: RedisNode): Promise<void> {
  await primary.redis.acl('SETUSER', 'replica', 'off')
  await primary.redis.client('KILL', 'USER', 'replica')
}

/** The replica leads, whatever it has not heard of; the old primary becomes its replica, and forgets that. */
async function takeOver(primary: RedisNode, replica: RedisNode): Promise<void> {
  await replica.redis.cluster('FAILOVER', 'TAKEOVER')
  await primary.redis.acl('SETUSER', 'replica', 'on')
  await cluster.replicaOf(replica)
}

test('a job that is acknowledged as replicated survives the loss of its primary', async () => {
  const { queue, primary, replica } = await place({ durability: 'replicated' })
  const handles = await Promise.all([...Array(20).keys()].map((n) => queue.double.enqueue(n)))
  await cutOff(primary)
  await takeOver(primary, replica)
  for (const { id } of handles) expect((await queue.double.get(id)).state).toBe('queued')
})

test('while no replica hears of it an enqueue says so, and with the same id again it is one job that survives', async () => {
  const { queue, primary, replica } = await place()
  const id = newJobId()
  const durability = { replicas: 1, timeout: '100ms' } as const
  await cutOff(primary)
  const enqueue = (): Promise<unknown> => queue.double.enqueue(1, { id, durability })
  for (const attempt of [enqueue, enqueue]) {
    const error = await attempt().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'NOT_REPLICATED',
      details: { ids: [id], acknowledged: 0, needed: 1, waitedMs: 100 },
    })
  }
  expect((await queue.counts()).queued).toBe(1)
  await expect(queue.double.enqueueMany([1, 2], { durability })).rejects.toMatchObject({
    code: 'NOT_REPLICATED',
    details: { ids: [expect.any(String), expect.any(String)] },
  })
  // Others, who ask for less, are not kept waiting.
  await queue.double.enqueue(3)

  await primary.redis.acl('SETUSER', 'replica', 'on')
  await expect
    .poll(() =>
      enqueue().then(
        () => 'replicated',
        (error: unknown) => isLovageError(error) && error.code,
      ),
    )
    .toBe('replicated')
  await cutOff(primary)
  await takeOver(primary, replica)
  expect((await queue.double.get(id)).state).toBe('queued')
})

test('whoever follows a job that a failover took back is told that there is no such job', async () => {
  const { queue, primary, replica } = await place()
  await queue.double.enqueue(0, { durability: 'replicated' })
  await cutOff(primary)
  const lost = await queue.double.enqueue(1) // acknowledged by the primary alone
  const waiting = lost.result({ timeout: '60s' }).catch((error: unknown) => error)
  const following = queue.attach({ id: lost.id, task: 'double' })[Symbol.asyncIterator]()
  expect((await following.next()).value).toMatchObject({ type: 'ready', job: { state: 'queued' } })
  const next = following.next().catch((error: unknown) => error)
  await takeOver(primary, replica)
  expect(await waiting).toMatchObject({ code: 'NOT_FOUND' })
  expect(await next).toMatchObject({ code: 'NOT_FOUND' })
})

test('whoever follows the feed is told that it begins anew, and then misses nothing', async () => {
  const { queue, primary, replica } = await place()
  const controller = new AbortController()
  const feed = queue.notices({ signal: controller.signal })[Symbol.asyncIterator]()
  const next = async (): Promise<Notice> => (await feed.next()).value as Notice
  expect((await next()).type).toBe('ready')
  const kept = await announced(queue)
  await queue.double.enqueue(1, { durability: 'replicated' })
  await cutOff(primary)
  const lost = [await announced(queue), await announced(queue), await announced(queue)]
  for (const id of [kept, ...lost]) expect(await next()).toMatchObject({ type: 'cancelled', jobId: id })

  // Nothing is written from here on, and it is told all the same.
  await takeOver(primary, replica)
  const anew = await next()
  expect(anew).toMatchObject({ type: 'ready', restarted: true })
  const after = await announced(queue)
  expect(await next()).toMatchObject({ type: 'cancelled', jobId: after })

  // Whoever comes with a cursor of what is gone learns it, too, whether or not more was written since.
  for await (const notice of queue.notices({ from: anew.cursor })) {
    expect(notice).toMatchObject({ type: 'cancelled', jobId: after })
    break
  }
  controller.abort()
})
