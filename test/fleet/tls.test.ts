// Servers that show a certificate of their own authority, and ask for one: alone, as a cluster, behind sentinels.
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { expect, test } from 'vitest'
import { Authority } from '../kit/certificates.ts'
import { RedisCluster } from '../kit/redis-cluster.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { RedisSentinels } from '../kit/redis-sentinels.ts'
import { keyOf, Site } from './site.ts'

async function refusal(redis: RedisStoreOptions): Promise<string> {
  const store = createRedisStore(redis)
  const error = await store.counts().catch((reason: unknown) => reason)
  await store.close()
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  return (error as Error).message
}

test('queue, worker and lease thread work with a certificate of the authority, and not without one', async ({
  skip,
}) => {
  using authority = authorityOr(skip)
  await using server = await RedisNode.start({ tls: authority.serverArgs('server') })
  const url = `rediss://127.0.0.1:${server.tlsPort}`
  const tls = authority.clientTls('api')
  const { ca, ...own } = tls
  await works({ url, tls })
  const [untrusted, anonymous, plain] = await Promise.all([
    refusal({ url, tls: own }),
    refusal({ url, tls: { ca } }),
    refusal({ url: url.replace('rediss', 'redis') }),
  ])
  expect(untrusted).toMatch(/self.signed certificate/)
  expect(anonymous).toMatch(/certificate required|closed|ECONNRESET|lost/)
  expect(plain).toMatch(/lost|ECONNRESET|closed/)
})

test('a cluster is found by certificate from any of its nodes, through a failover as well', async ({
  skip,
}) => {
  using authority = authorityOr(skip)
  await using cluster = await RedisCluster.start({ tls: authority.serverArgs('server') })
  const redis = { url: cluster.url, tls: authority.clientTls('api') }
  expect(await refusal({ ...redis, tls: { ca: redis.tls.ca } })).toMatch(
    /certificate required|closed|ECONNRESET|lost/,
  )
  await using site = await Site.open({ redis, isThreaded: true })
  const replica = await cluster.replicaOf(await cluster.primaryOf(keyOf(site.namespace)))
  let failing: Promise<void> | undefined
  await site.enqueue(60, (done) => {
    if (done === 20) failing = cluster.failOver(replica)
  })
  await failing
  for (const [expected, result] of await site.results()) expect(result).toBe(expected)
  await site.allTold()
})

test('sentinels are asked by certificate, and so is the primary that they choose', async ({ skip }) => {
  using authority = authorityOr(skip)
  await using sentinels = await RedisSentinels.start({ tls: authority.serverArgs('server') })
  const redis = { url: sentinels.url, tls: authority.clientTls('api') }
  expect(await refusal({ ...redis, tls: { ca: redis.tls.ca } })).toMatch(/unreachable/)
  await using site = await Site.open({ redis, isThreaded: true })
  const primary = await sentinels.primary()
  await site.enqueue(40, (done) => {
    if (done === 20) primary.signal('SIGKILL')
  })
  expect(await sentinels.replaced(primary)).not.toBe(primary)
  for (const id of site.enqueued.keys()) {
    // What had not reached the replica is unknown, and said to be.
    const end = await site.queue.double.result(id, { timeout: '20s' }).catch((error: unknown) => error)
    if (typeof end !== 'number') expect(end).toMatchObject({ code: 'NOT_FOUND' })
  }
})

/** All that there is works over these lines. */
async function works(redis: RedisStoreOptions): Promise<void> {
  await using site = await Site.open({ redis, isThreaded: true })
  await site.enqueue(20)
  for (const [expected, result] of await site.results()) expect(result).toBe(expected)
}

function authorityOr(skip: (why: string) => never): Authority {
  try {
    const authority = new Authority()
    for (const name of ['server', 'api']) authority.sign(name)
    return authority
  } catch {
    return skip('openssl is missing, which makes the certificates for this test')
  }
}
