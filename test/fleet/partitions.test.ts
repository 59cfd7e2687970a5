// A queue over the nodes of a real Redis Cluster: every node has a part of it, and everybody has all of it.
import { encode, newJobId } from '@lovage/core'
import { openStore } from '@lovage/redis'
import { afterAll, expect, test, vi } from 'vitest'
import { RedisCluster } from '../kit/redis-cluster.ts'
import type { RedisNode } from '../kit/redis-node.ts'
import { WorkerProcess } from '../worker/worker-process.ts'
import { newNamespace, Site } from './site.ts'

const COUNT = 3

const cluster = await RedisCluster.start()
afterAll(() => cluster[Symbol.asyncDispose]())

const redis = { url: cluster.url }
const primaries = cluster.nodes.slice(0, COUNT)

/** How many jobs each node has finished, by the results that it keeps. */
async function resultsOn(namespace: string, nodes: readonly RedisNode[]): Promise<number[]> {
  return await Promise.all(
    nodes.map(async ({ redis: node }) => (await node.keys(`{${namespace}:default:*}:r:*`)).length),
  )
}

/** The node that has a partition, as the partitions are numbered. */
async function nodesOf(namespace: string): Promise<RedisNode[]> {
  const nodes = await Promise.all(
    primaries.map(async (node) => {
      const [key] = await node.redis.keys(`{${namespace}:default:*}:workers`) // there from the start
      return { node, index: Number(/:(\d+)(\.\d+)?}/.exec(key!)![1]) }
    }),
  )
  return nodes.toSorted((a, b) => a.index - b.index).map(({ node }) => node)
}

async function expectAllDone(site: Site): Promise<void> {
  for (const [expected, result] of await site.results()) expect(result).toBe(expected)
  await site.allTold()
  expect(site.told.toSorted()).toEqual([...site.enqueued.keys()].toSorted()) // each once
  expect(site.gaps).toBe(0)
  await site.allConsumed()
}

test('partitions are on nodes of their own; a worker serves all, a follower and a consumer see all', async () => {
  await using site = await Site.open({ redis, partitions: COUNT })
  await site.enqueue(90)
  await expectAllDone(site)
  const results = await resultsOn(site.namespace, primaries)
  expect(results.reduce((sum, n) => sum + n)).toBe(90)
  for (const n of results) expect(n).toBeGreaterThan(0)
  expect(new Set(await nodesOf(site.namespace)).size).toBe(COUNT)
})

test('a failover of one node holds up its own jobs alone, and loses and repeats nothing', async () => {
  await using site = await Site.open({ redis, partitions: COUNT, isThreaded: true })
  await site.enqueue(COUNT * 4)
  const [node] = await nodesOf(site.namespace)
  const replica = await cluster.replicaOf(node!)
  let failing: Promise<void> | undefined
  await site.enqueue(90, (done) => {
    if (done === 30) failing = cluster.failOver(replica)
  })
  await failing
  await expectAllDone(site)
  await cluster.failOver(node!) // as it was, for the others
})

test('a worker that is killed is taken over from in every partition', async () => {
  const namespace = newNamespace()
  const store = openStore({ redis: { ...redis, onWarning: () => {} }, namespace, partitions: COUNT })
  const killed = new WorkerProcess({ url: cluster.url, namespace, partitions: COUNT, concurrency: 12 })
  const ids = Array.from({ length: 12 }, () => newJobId())
  for (const id of ids)
    await store.enqueue([
      { id, task: 'hold', owner: null, input: encode(undefined), options: {}, delayMs: 0, announce: false },
    ])
  for (const id of ids) await killed.until('job.started', id)
  expect((await store.inspect({ running: 20 })).sessions).toMatchObject([{ running: 12 }])
  await killed[Symbol.asyncDispose]()
  await using other = new WorkerProcess({ url: cluster.url, namespace, partitions: COUNT, concurrency: 12 })
  for (const id of ids) await other.until('job.started', id)
  for (const id of ids) expect(await store.get(id)).toMatchObject({ state: 'running', attempt: 2 })
  await store.close()
})

test('while one node is dead the jobs of the others go on, and its own do when it is back', async () => {
  await using site = await Site.open({ redis, partitions: COUNT, isThreaded: true })
  await site.enqueue(COUNT * 4)
  await expectAllDone(site)
  const [node] = await nodesOf(site.namespace)
  const replica = await cluster.replicaOf(node!)
  // With its replica, so that nobody takes over.
  await replica.kill()
  await node!.kill()
  const store = openStore({
    redis: { ...redis, onWarning: () => {} },
    namespace: site.namespace,
    partitions: COUNT,
  })
  if (!('partitions' in store)) throw new Error('It has three.')
  let done = 0
  while (done < 20) {
    const id = newJobId()
    if (store.indexOf(id) === 0) continue
    const handle = await site.queue.double.enqueue(done, { id })
    expect(await handle.result({ timeout: '20s' })).toBe(done * 2)
    done += 1
  }
  await Promise.all([node!, replica].map((one) => one.restart()))
  await vi.waitFor(async () => expect(await store.counts()).toMatchObject({ running: 0 }), 20_000)
  site.enqueued.clear() // what only the dead node knew is gone: it keeps nothing on disk
  await site.enqueue(COUNT * 4)
  for (const [expected, result] of await site.results()) expect(result).toBe(expected)
  await store.close()
})
