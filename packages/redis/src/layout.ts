/**
 * How many partitions a queue has, and which of them are where, is kept beside them: whoever comes with another number,
 * or with their addresses in another order, would look for jobs where they are not, and is refused.
 */
import { LovageError } from '@lovage/core'
import type { Address } from './address.ts'
import { Connection } from './connection.ts'
import { keysOf } from './keys.ts'
import { Route } from './route.ts'
import { type Run, runner } from './script.ts'
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

interface Layout {
  count: number
  here: readonly number[]
}

/** @throws LovageError `OPTION_INVALID` where it is not as it is stored; `STORE_UNAVAILABLE` */
export async function checkLayout({ address, namespace, queue, count, here }: Place): Promise<void> {
  const keys = keysOf(namespace, queue)
  const connection = new Connection(new Route(address, keys.prefix), `${namespace}:${queue}:layout`)
  try {
    const run = runner(connection, keys, { ...NOTHING, ...keys })
    const known = await run(layout, { wanted: textOf(count, here) })
    const stored: Layout = known.is === 'partitioned' ? layoutIn(known.text) : WHOLE
    if (stored.count !== count) throw refusal(address, `${count}`, expectedBy(stored))
    if (stored.here.join() !== here.join())
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

/**
 * A store without partitions looks before its first call whether the queue has some: what it wrote no worker would find.
 * Until somebody has used the queue that may change, so every call looks again, before and after: none is answered as if it
 * were done that has met the first of another number.
 */
export class Wholeness {
  readonly #address: Address
  readonly #run: Run
  #looking: Promise<void> | undefined
  /** That there are no partitions, and never will be. */
  #isSure = false

  constructor(address: Address, run: Run) {
    this.#address = address
    this.#run = run
  }

  /** Runs scripts once that is known, in the order in which they were called. */
  before(run: Run): Run {
    return (script, args, items) =>
      this.#isSure
        ? run(script, args, items)
        : this.expect().then(async () => {
            const reply = await run(script, args, items)
            await this.expect()
            return reply
          })
  }

  /** @throws LovageError `OPTION_INVALID` where there are partitions; `STORE_UNAVAILABLE` */
  expect(): Promise<void> {
    if (this.#isSure) return Promise.resolve()
    if (this.#looking !== undefined) return this.#looking
    let isUsed = false
    const looking = this.#run(layout, { wanted: '' }).then((known) => {
      if (known.is === 'partitioned') throw refusal(this.#address, '1', expectedBy(layoutIn(known.text)))
      isUsed = known.is === 'whole'
    })
    this.#looking = looking
    // Nobody overtakes who waits for this look: it is over for others when it is for them.
    const over = (): void => {
      this.#looking = undefined
      this.#isSure = isUsed
    }
    looking.then(over, over)
    return looking
  }
}

const WHOLE: Layout = { count: 1, here: [0] }

const layoutIn = (text: string): Layout => JSON.parse(text) as Layout

const expectedBy = ({ count, here }: Layout): string =>
  `${count}: the queue is in use so, and its jobs lie accordingly (${howToOpen(count, here)}). For another number take ` +
  'another namespace: let enqueuers move there first, and workers once the old one is empty'

function howToOpen(count: number, here: readonly number[]): string {
  if (count === 1) return 'leave partitions out'
  if (here.length === count) return `partitions: ${count}; for lovage --partitions ${count}`
  return `partitions: the ${count} addresses in their order`
}

const textOf = (count: number, here: readonly number[]): string => JSON.stringify({ v: 1, count, here })

const refusal = ({ name }: Address, seen: string, expected: string): LovageError =>
  new LovageError('OPTION_INVALID', { option: `partitions of ${name}`, seen, expected })
