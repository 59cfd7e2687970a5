/** How every part that needs a store is told which one. */
import type { Store } from '@lovage/core'
import { createRedisStore, type RedisStoreOptions } from './redis-store.ts'
import type { Cipher } from './sealed/cipher.ts'
import { sealedStore } from './sealed/sealed-store.ts'

export interface StoreOptions {
  /**
   * The address of a Redis or Valkey, such as `rediss://user:password@host:6379/0`, or the store's options in full.
   * Nodes of a cluster are a list, or `redis://host:port,host:port`; `redis+sentinel://host:port,host:port/name` asks
   * sentinels. Default `redis://localhost:6379`, also when it is undefined, so that `process.env.REDIS_URL` can be passed.
   */
  redis?: string | readonly string[] | RedisStoreOptions | undefined
  /** What the names of all keys begin with; parts that share jobs share it. Default `lovage`. */
  namespace?: string | undefined
  /** A store of your own instead, such as the one in memory: `createMemoryStore()` of `@lovage/core/memory`. */
  store?: Store | undefined
  /**
   * Encrypts what jobs carry before it leaves this process; all parts that share jobs need one that opens what the
   * others seal. Default: none.
   */
  cipher?: Cipher | undefined
}

/** @throws TypeError when both a store and a Redis are given */
export function openStore({ cipher, ...options }: StoreOptions): Store {
  const store = plainStore(options)
  return cipher === undefined ? store : sealedStore(store, cipher)
}

function plainStore({ redis, namespace, store }: StoreOptions): Store {
  if (store === undefined) {
    const options = redis === undefined ? {} : isAddress(redis) ? { url: redis } : redis
    return createRedisStore(namespace === undefined ? options : { ...options, namespace })
  }
  if (redis !== undefined) throw new TypeError('Both a store and a Redis were given; pass one of them.')
  return store
}

const isAddress = (
  redis: string | readonly string[] | RedisStoreOptions,
): redis is string | readonly string[] => typeof redis === 'string' || Array.isArray(redis)
