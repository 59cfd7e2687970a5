/** How every part that needs a store is told which one. */
import type { AnyStore, Store } from '@lovage/core'
import { partitionedStore } from '@lovage/core/partitions'
import { openPartitions, optionsOf, type Partitions } from './partitions.ts'
import { createRedisStore, isAddress, type RedisStoreOptions } from './redis-store.ts'
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
  /**
   * Spreads the queue over more than one Redis core: so many partitions at the address `redis`, of a cluster then on as
   * many of its nodes, or the address of each. All parts that share jobs need the same. Default 1: none.
   */
  partitions?: Partitions | undefined
  /** A store of your own instead, such as the one in memory: `createMemoryStore()` of `@lovage/core/memory`. */
  store?: AnyStore | undefined
  /**
   * Encrypts what jobs carry before it leaves this process; all parts that share jobs need one that opens what the
   * others seal. Default: none.
   */
  cipher?: Cipher | undefined
}

/**
 * @throws TypeError when both a store and a Redis are given
 * @throws LovageError `OPTION_INVALID`
 */
export function openStore(options: StoreOptions & { store: Store }): Store
export function openStore(options: StoreOptions): AnyStore
export function openStore({ redis, namespace, partitions = 1, store, cipher }: StoreOptions): AnyStore {
  const sealed = (plain: Store): Store => (cipher === undefined ? plain : sealedStore(plain, cipher))
  if (store !== undefined) {
    if (redis !== undefined || partitions !== 1)
      throw new TypeError('Both a store and a Redis were given; pass one of them.')
    if (!('partitions' in store)) return sealed(store)
    if (cipher !== undefined)
      throw new TypeError('A store of partitions is sealed by its parts: give the cipher to each of them.')
    return store
  }
  const given = redis === undefined ? {} : isAddress(redis) ? { url: redis } : redis
  const common = namespace === undefined ? given : { ...given, namespace }
  const all = optionsOf(common, partitions)
  if (all.length === 1) return sealed(createRedisStore(all[0]))
  const { stores, ready } = openPartitions(common, partitions)
  return partitionedStore(stores.map(sealed), ready)
}
