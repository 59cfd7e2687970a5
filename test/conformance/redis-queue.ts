/** A queue on the Redis of the tests, by a clock that a test owns. */
import type { Store } from '@lovage/core'
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { afterAll, inject } from 'vitest'
import type { Open, Opened } from './store-contract.ts'

/** Brings the end of every key that has one nearer, as if `ms` had passed on the server. */
const AGE = `
  for _, key in ipairs(KEYS) do
    local left = redis.call('PTTL', key)
    if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
  end
`

export interface OpenedRedis extends Opened {
  /** The names of all keys of the queue. */
  keys(): Promise<string[]>
}

type OpenStore = (options: RedisStoreOptions) => Store

/**
 * Answers how to open queues on the Redis of the tests; to be called once in a test file, at its top.
 *
 * @param openStore Opens a store of the queue.
 */
export function redisQueues(
  url = inject('redisUrl'),
  openStore: OpenStore = createRedisStore,
): (...args: Parameters<Open>) => Promise<OpenedRedis> {
  const redis = new Redis(url, { disableClientInfo: true })
  afterAll(() => redis.quit())

  return async (clock, options) => {
    const namespace = `test-${randomUUID()}`
    const store = openStore({ url, namespace, clock, ...options })
    const keys = async () => {
      const found: string[] = []
      const scan = redis.scanStream({ match: `*${namespace}*`, count: 1_000 })
      for await (const batch of scan) found.push(...(batch as string[]))
      return found
    }
    return {
      store,
      keys,
      async elapse(ms) {
        await clock.advance(ms)
        const all = await keys()
        await redis.eval(AGE, all.length, ...all, ms)
      },
      async dispose() {
        await store.close()
        const all = await keys()
        if (all.length > 0) await redis.del(all)
      },
    }
  }
}
