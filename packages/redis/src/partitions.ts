/** The stores of a queue that is spread over more than one hash tag, and so over nodes of a cluster, or over servers. */
import { refused, type Store } from '@lovage/core'
import { PARTITIONS_MAX } from '@lovage/core/partitions'
import { addressOf } from './address.ts'
import { tagOf } from './keys.ts'
import { checkLayout } from './layout.ts'
import { createPartition, isAddress, type RedisStoreOptions } from './redis-store.ts'
import { tagOfPartition } from './slot.ts'

/** How many there are, all at the same address; or where each of them is. */
export type Partitions = number | readonly (string | readonly string[] | RedisStoreOptions)[]

/** @throws LovageError `OPTION_INVALID` */
export function openPartitions(
  common: RedisStoreOptions,
  partitions: Partitions,
): { stores: Store[]; ready: (index: number) => Promise<void> } {
  const all = optionsOf(common, partitions)
  const { namespace = 'lovage', queue = 'default' } = common
  const addresses = all.map((options) => addressOf(options))
  const places = addresses.map(({ name }) => name)
  const checks = new Map<string, Promise<void>>()
  const ready = (index: number): Promise<void> => {
    const place = places[index] as string
    const here = [...places.keys()].filter((other) => places[other] === place)
    let check = checks.get(place)
    if (check === undefined) {
      const address = addresses[index] as (typeof addresses)[number]
      check = checkLayout({ address, namespace, queue, count: all.length, here })
      checks.set(place, check)
      check.catch(() => checks.delete(place)) // whoever comes next looks again
    }
    return check
  }
  const stores = all.map((options, index) => {
    const tag = tagOfPartition(tagOf(namespace, queue), index, all.length)
    return createPartition(options, { tag, checkLayout: () => ready(index) })
  })
  return { stores, ready }
}

export function optionsOf(common: RedisStoreOptions, partitions: Partitions): RedisStoreOptions[] {
  const count = typeof partitions === 'number' ? partitions : partitions.length
  if (!Number.isInteger(count) || count < 1 || count > PARTITIONS_MAX)
    refused('partitions', count, `a whole number from 1 to ${PARTITIONS_MAX}, or as many addresses`)
  if (typeof partitions === 'number') return Array.from({ length: count }, () => common)
  return partitions.map((own) => ({
    ...common,
    ...(isAddress(own) ? { url: own } : own),
    ...(common.namespace !== undefined && { namespace: common.namespace }),
  }))
}
