// The thread that renews leases told of another server once, for the session whose beat came first. What a second worker on
// the same store had settled on the lost server could stand as held, since nothing made it step.
import { createRedisStore } from '@lovage/redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { claim, joinAll } from '../conformance/acts.ts'
import { inSync } from '../kit/redis-cluster.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

const SESSIONS = ['one', 'two']

test('each session that waits hears that another server answers its beats', async () => {
  await using primary = await RedisNode.start()
  await using replica = await RedisNode.start({
    args: ['--replicaof', '127.0.0.1', String(primary.port), '--repl-diskless-sync-delay', '0'],
  })
  await inSync(replica)
  await using line = await TcpProxy.to(primary.port)
  const store = createRedisStore({ url: `redis://127.0.0.1:${line.port}`, onWarning: () => {} })
  onTestFinished(() => store.close())
  await joinAll(store, ...SESSIONS)
  const leases = () => primary.redis.zmscore('{lovage:default}:workers', ...SESSIONS)
  const joined = await leases()
  for (const session of SESSIONS) {
    store.keepAlive(session, { leaseMs: 6_000, onLost: () => expect.unreachable('It was lost.') })
    expect(await claim(store, session)).toEqual([])
  }
  // Each has beaten where it has joined.
  await vi.waitFor(async () => {
    for (const [n, lease] of (await leases()).entries()) expect(lease).not.toBe(joined[n])
  }, 10_000)
  await primary.redis.set('mark', '') // `WAIT` is about what its own connection has written
  expect(await primary.redis.wait(1, 5_000)).toBe(1)
  await replica.redis.replicaof('NO', 'ONE')
  line.target = replica.port
  line.cut()
  const options = { work: true, timeoutMs: 15_000, signal: AbortSignal.timeout(15_000) }
  const waits = SESSIONS.map((session) => store.wait(session, options))
  for (const outcome of await Promise.allSettled(waits))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
})
