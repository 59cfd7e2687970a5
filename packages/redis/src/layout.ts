/**
 * How many partitions a queue has, and which of them are where, is kept beside them: whoever comes with another number,
 * or with their addresses in another order, would look for jobs where they are not, and is refused.
 */
import { LovageError } from '@lovage/core'
import type { Address } from './address.ts'
import { Connection } from './connection.ts'
import { keysOf } from './keys.ts'
import { Route } from './route.ts'
import { runner } from './script.ts'
import { layout } from './scripts/layout.ts'

export interface Place {
  address: Address
  namespace: string
  queue: string
  /** Partitions in all. */
  count: number
  /** Those at this address. */
  here: readonly number[]
}

/** @throws LovageError `OPTION_INVALID` where it is not as it is stored; `STORE_UNAVAILABLE` */
export async function checkLayout({ address, namespace, queue, count, here }: Place): Promise<void> {
  const keys = keysOf(namespace, queue)
  const connection = new Connection(new Route(address, keys.prefix), `${namespace}:${queue}:layout`)
  try {
    const run = runner(connection, keys, { ...NOTHING, ...keys })
    const known = await run(layout, { wanted: textOf(count, here) })
    if (known === null) throw refusal(address, `${count}`, `1: ${IN_USE}`)
    const stored = JSON.parse(known) as { count: number; here: readonly number[] }
    if (stored.count !== count) throw refusal(address, `${count}`, `${stored.count}: ${IN_USE}`)
    if (known !== textOf(count, here))
      throw refusal(
        address,
        `${here.join(' and ')}, counted from 0, at this address`,
        `${stored.here.join(' and ')} there: the addresses in the order in which they were first given`,
      )
  } finally {
    await connection.close()
  }
}

/** Of settings, this script takes but the prefix. */
const NOTHING = { now: '', streamMaxLen: 0, streamCap: 0, resultsMax: 0, failedMax: 0, failedMaxAgeMs: 0 }

/** What a store without partitions finds where there are some. */
export function refuseLayout(address: Address, known: string): never {
  throw refusal(address, '1', `${(JSON.parse(known) as { count: number }).count}: ${IN_USE}`)
}

const IN_USE =
  'the queue is in use so, and its jobs lie accordingly. For another number take another namespace: let enqueuers move ' +
  'there first, and workers once the old one is empty'

const textOf = (count: number, here: readonly number[]): string => JSON.stringify({ v: 1, count, here })

const refusal = ({ name }: Address, seen: string, expected: string): LovageError =>
  new LovageError('OPTION_INVALID', { option: `partitions of ${name}`, seen, expected })
