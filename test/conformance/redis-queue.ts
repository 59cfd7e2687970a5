/** A queue on the Redis of the tests, by a clock that a test owns. */
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { afterAll, inject } from 'vitest'
import type { ManualClock } from '../kit/manual-clock.ts'
import type { Open } from './store-contract.ts'

/** Brings the end of every key that has one nearer, as if `ms` had passed on the server. */
const AGE = `
  for _, key in ipairs(KEYS) do
    local left = redis.call('PTTL', key)
    if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
  end
`

/** Opens queues on one Redis; to be called once in each test file, at its top. */
export function redisQueues(): Open & { keysOf(clock: ManualClock): Promise<string[]> } {
  const redis = new Redis(inject('redisUrl'))
  const namespaces = new WeakMap<ManualClock, string>()
  afterAll(() => redis.quit())

  const keysIn = async (namespace: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const batch of redis.scanStream({ match: `*${namespace}*`, count: 1_000 })) keys.push(...(batch as string[]))
    return keys
  }

  const open: Open = async (clock, options) => {
    const namespace = `test-${randomUUID()}`
    namespaces.set(clock, namespace)
    const store = createRedisStore({ url: inject('redisUrl'), namespace, clock, ...options })
    return {
      store,
      async elapse(ms) {
        await clock.advance(ms)
        const keys = await keysIn(namespace)
        await redis.eval(AGE, keys.length, ...keys, ms)
      },
      async dispose() {
        await store.close()
        const keys = await keysIn(namespace)
        if (keys.length > 0) await redis.del(keys)
      },
    }
  }
  return Object.assign(open, { keysOf: (clock: ManualClock) => keysIn(namespaces.get(clock) ?? '') })
}
