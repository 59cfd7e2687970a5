/** A queue of its own on the Redis of the tests, and the plain client through which anybody else sees it. */
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { inject, test as base, vi } from 'vitest'
import { START, type Store, type StoredNotice } from '@lovage/core'
import { type PrivateRedis, startRedis } from '../../scripts/redis.mjs'

export interface Stage {
  url: string
  namespace: string
  store: Store
  /** Opens the same queue once more, as another process would. */
  open: (options?: RedisStoreOptions) => Store
  /** A client that knows nothing of Lovage. */
  redis: Redis
  /** The full name of one of the queue's keys. */
  key: (name: string) => string
}

const stageAt = (urlOf: () => Promise<string>) =>
  base.extend<Stage>({
    url: async ({}, use) => use(await urlOf()),
    namespace: async ({}, use) => use(`test-${randomUUID()}`),
    open: async ({ url, namespace }, use) => {
      const stores: Store[] = []
      await use((options) => {
        const store = createRedisStore({ url, namespace, ...options })
        stores.push(store)
        return store
      })
      await Promise.all(stores.map((store) => store.close()))
    },
    store: async ({ open }, use) => use(open()),
    redis: async ({ url, namespace }, use) => {
      const redis = new Redis(url)
      await use(redis)
      const keys = await redis.keys(`{${namespace}:*`)
      if (keys.length > 0) await redis.del(keys)
      redis.disconnect()
    },
    key: async ({ namespace }, use) => use((name) => `{${namespace}:default}:${name}`),
  })

export const test = stageAt(async () => inject('redisUrl'))

/** For tests that count what the server does, or change it. */
export async function withRedis<Result>(
  args: readonly string[],
  act: (server: PrivateRedis) => Promise<Result>,
): Promise<Result> {
  const server = await startRedis({ args })
  try {
    return await act(server)
  } finally {
    await server.stop()
  }
}

/** Reads the feed from its start. */
export const readingOf = (store: Store): AsyncIterator<readonly StoredNotice[]> =>
  store.live(START, AbortSignal.timeout(20_000))[Symbol.asyncIterator]()

/** Resolves when a connection of that role is blocked, so that what comes next wakes it. */
export async function blocked(
  redis: Redis,
  namespace: string,
  role: 'wait' | 'live',
  count = 1,
): Promise<void> {
  await vi.waitFor(async () => {
    const clients = String(await redis.client('LIST')).split('\n')
    const found = clients.filter((line) => line.includes(`name=lovage:${namespace}:default:${role} `))
    if (found.filter((line) => / flags=\S*b/.test(line)).length < count)
      throw new Error(`No ${role} is blocked.`)
  })
}
