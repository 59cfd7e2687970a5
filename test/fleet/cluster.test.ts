// A Redis Cluster of real processes: three primaries with a replica each, and everything that happens to one.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newJobId, type StoredSchedule } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { afterAll, expect, test, vi } from 'vitest'
import { newJob } from '../conformance/acts.ts'
import { RedisCluster } from '../kit/redis-cluster.ts'
import type { RedisNode } from '../kit/redis-node.ts'
import { keyOf, newNamespace, Site } from './site.ts'
import { admit, refusals, urlAs } from './users.ts'

const cluster = await RedisCluster.start()
afterAll(() => cluster[Symbol.asyncDispose]())

const BIN = join(import.meta.dirname, '../../packages/cli/dist/bin.js')
const execLovage = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [BIN, ...args])).stdout

const redis = { url: cluster.url }

/** The name of a namespace whose keys are on another node than those of others. */
async function awayFrom(...nodes: RedisNode[]): Promise<string> {
  for (;;) {
    const namespace = newNamespace()
    if (!nodes.includes(await cluster.primaryOf(keyOf(namespace)))) return namespace
  }
}

async function expectAllDone(site: Site): Promise<void> {
  for (const [expected, result] of await site.results()) expect(result).toBe(expected)
  await site.allTold()
  const own = site.told.filter((id) => site.enqueued.has(id)) // others may have enqueued as well
  expect(own.toSorted()).toEqual([...site.enqueued.keys()].toSorted()) // each once
  expect(site.gaps).toBe(0)
  await site.allConsumed()
}

test('namespaces are spread over the nodes, and each works as on a server of its own, found from any node', async () => {
  const first = newNamespace()
  const here = await cluster.primaryOf(keyOf(first))
  const second = await awayFrom(here)
  const there = await cluster.primaryOf(keyOf(second))
  const third = await awayFrom(here, there)
  const replica = await cluster.replicaOf(here)
  const sites = await Promise.all([
    Site.open({ redis, namespace: first }),
    Site.open({ redis, namespace: second }),
    Site.open({ redis, namespace: third }),
    Site.open({ redis: { url: replica.url } }),
    Site.open({ redis: { url: [there.url, here.url] } }),
  ])
  const typed = execLovage('enqueue', 'double', '21', '--wait', '--redis', cluster.url, '--namespace', second)
  await Promise.all(sites.map((site) => site.enqueue(20)))
  await Promise.all(sites.map((site) => expectAllDone(site)))
  expect((await typed).trim().split('\n').at(-1)).toBe('42')
  await Promise.all(sites.map((site) => site[Symbol.asyncDispose]()))
})

/** Begins something, and resolves when the node has refused a command. */
async function untilRefused({ redis: node }: RedisNode, begin: () => void): Promise<void> {
  await node.config('RESETSTAT')
  begin()
  await vi.waitFor(async () => expect(await node.info('errorstats')).toMatch(/errorstat_/))
}

test('while a slot moves its jobs wait and nothing is half done; then all goes on at its new node', async () => {
  await using site = await Site.open({ redis })
  const key = keyOf(site.namespace)
  const from = await cluster.primaryOf(key)
  const to = cluster.nodes.slice(0, 3).find((node) => node !== from) as RedisNode
  const store = createRedisStore({ ...redis, namespace: site.namespace })
  const late = newJobId()
  let enqueuing: Promise<unknown> | undefined
  let moving: Promise<void> | undefined
  await site.enqueue(120, (done) => {
    if (done !== 40) return
    const during = async (): Promise<void> => {
      await untilRefused(from, () => {
        enqueuing = store.enqueue([newJob(late, { announce: true })])
      })
    }
    moving = cluster.moveSlot(key, to, { during })
  })
  await moving
  expect(await cluster.primaryOf(key)).toBe(to)
  expect(await from.redis.cluster('COUNTKEYSINSLOT', Number(await from.redis.cluster('KEYSLOT', key)))).toBe(
    0,
  )
  expect(await enqueuing).toMatchObject([{ outcome: 'enqueued' }])
  await expectAllDone(site)
  // Blocked readers and waits have come along: what is written now reaches them.
  await site.enqueue(5)
  await expectAllDone(site)
  await store.close()
})

test('a script whose keys are half here and half there is refused before it begins', async () => {
  const namespace = newNamespace()
  const key = (name: string): string => `{${namespace}:default}:${name}`
  const from = await cluster.primaryOf(keyOf(namespace))
  const to = cluster.nodes.slice(0, 3).find((node) => node !== from) as RedisNode
  const store = createRedisStore({ ...redis, namespace })
  const nightly: StoredSchedule = { name: 'nightly', job: newJob(''), spec: '1', source: 'user', nextAt: 1 }
  await store.putSchedule(nightly)
  const before = await from.redis.hget(key('schedules'), 'nightly')
  let changing: Promise<unknown> | undefined
  // The script writes `schedules`, which is here, and then `ticks`, which is gone.
  await cluster.moveSlot(keyOf(namespace), to, {
    first: [key('ticks')],
    during: async () => {
      await untilRefused(from, () => {
        changing = store.putSchedule({ ...nightly, spec: '2', nextAt: 2 })
        changing.catch(() => {})
      })
      expect(await from.redis.hget(key('schedules'), 'nightly')).toBe(before)
    },
  })
  expect(await changing).toBe('changed')
  expect(await store.schedules()).toMatchObject([{ name: 'nightly', spec: '2', nextAt: 2 }])
  await store.close()
})

test('an ordered failover in the middle of work loses and repeats nothing', async () => {
  await using site = await Site.open({ redis, isThreaded: true })
  const replica = await cluster.replicaOf(await cluster.primaryOf(keyOf(site.namespace)))
  let failing: Promise<void> | undefined
  await site.enqueue(120, (done) => {
    if (done === 40) failing = cluster.failOver(replica)
  })
  await failing
  expect(await cluster.primaryOf(keyOf(site.namespace), replica)).toBe(replica)
  await expectAllDone(site)
})

test('an API and a worker with the least rights work in a cluster, through a failover, and are refused nothing', async () => {
  for (const { redis: root } of cluster.nodes) await admit(root)
  const namespace = 'lovage' // whose keys the rights are for
  await using site = await Site.open({
    namespace,
    redis: { url: urlAs('api', cluster.url) },
    workerRedis: { url: urlAs('worker', cluster.url) },
    isThreaded: true,
  })
  const replica = await cluster.replicaOf(await cluster.primaryOf(keyOf(namespace)))
  let failing: Promise<void> | undefined
  await site.enqueue(60, (done) => {
    if (done === 20) failing = cluster.failOver(replica)
  })
  await failing
  await expectAllDone(site)
  for (const { redis: root } of cluster.nodes) expect(await refusals(root)).toEqual([])
  const elsewhere = createRedisStore({
    url: urlAs('worker', cluster.url),
    namespace: await awayFrom(replica),
  })
  await expect(elsewhere.counts()).rejects.toMatchObject({ message: expect.stringContaining('NOPERM') })
  await elsewhere.close()
})

test('a primary that is killed in the middle of work is replaced, and other namespaces do not notice', async () => {
  const namespace = newNamespace()
  const primary = await cluster.primaryOf(keyOf(namespace))
  const replica = await cluster.replicaOf(primary)
  await using site = await Site.open({ redis, namespace, isThreaded: true })
  await using other = await Site.open({ redis, namespace: await awayFrom(primary) })
  let killing: Promise<void> | undefined
  const refusals: string[] = []
  other.queue.on('job.refused', ({ code }) => refusals.push(code))
  let others: Promise<void> | undefined
  await site.enqueue(60, (done) => {
    if (done !== 20) return
    killing = primary.kill()
    others = other.enqueue(60)
  })
  await killing
  await others
  expect(await cluster.primaryOf(keyOf(namespace), replica)).toBe(replica)
  // What was written in the last moment may not have reached the replica: it is unknown then, and said to be.
  const ends = await Promise.all(
    [...site.enqueued.keys()].map((id) =>
      site.queue.double.result(id, { timeout: '20s' }).catch((error: unknown) => error),
    ),
  )
  for (const end of ends) if (typeof end !== 'number') expect(end).toMatchObject({ code: 'NOT_FOUND' })

  // With nobody left this slot is out of service, and says so; the others stay in it.
  await replica.kill()
  const store = createRedisStore({ ...redis, namespace, onWarning: () => {} })
  const [refused] = await Promise.allSettled([store.counts(), other.enqueue(10)])
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
  await Promise.all([primary, replica].map((node) => node.restart()))
  await site.enqueue(5)
  await expectAllDone(other)
  expect(refusals).toEqual([])
  await store.close()
})
