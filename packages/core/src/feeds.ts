/** Who reads the feed in this process: a hub for each partition of the store, or the one of a store without any. */
import type { Birth } from './birth.ts'
import type { Clock } from './clock.ts'
import { Consumers } from './consumers.ts'
import { endingOf } from './ending.ts'
import { type Batch, readFeed } from './feed.ts'
import { followJob, type JobFollow } from './follow-job.ts'
import { Hub } from './hub.ts'
import { type Cursor, splitCursor } from './cursor.ts'
import type { JobNotice } from './notice.ts'
import { type ConsumerCalls, JointConsumers } from './partitions/joint-consumers.ts'
import { jointFeed } from './partitions/joint-feed.ts'
import { type AnyStore, partitionOf, partitionsOf } from './partitions/partition.ts'
import type { Stop } from './stop.ts'
import type { Snapshot, Store } from './store.ts'
import type { Match } from './subscriber.ts'

interface Reader {
  store: Store
  hub: Hub
}

export class Feeds {
  readonly consumers: ConsumerCalls
  readonly #store: AnyStore
  readonly #readers: readonly Reader[]

  constructor(store: AnyStore, clock: Clock, random: () => number) {
    this.#store = store
    this.#readers = partitionsOf(store).map(({ store }) => ({ store, hub: new Hub(store, clock, random) }))
    const consumers = this.#readers.map(({ store, hub }) => new Consumers(store, hub, clock, random))
    this.consumers = consumers.length === 1 ? (consumers[0] as Consumers) : new JointConsumers(consumers)
  }

  /** The notices of one job, which are all in one partition. */
  ofJob(
    id: string,
    look: () => Promise<Snapshot>,
    { from, born, ...follow }: JobFollow & { match: Match },
  ): AsyncGenerator<Batch, void, undefined> {
    const index = partitionOf(this.#store, id)
    const { store, hub } = this.#readers[index] as Reader
    return followJob(hub, store, look, {
      ...follow,
      from: from && placeOf(from, index),
      born: born && this.#bornAt(hub, born),
    })
  }

  /** Counts how often reading began, or began anew, in any partition: which one a job will be in nobody knows before. */
  get reading(): number {
    let reading = 0
    for (const { hub } of this.#readers) reading += hub.reading
    return reading
  }

  /** As `endingOf`. */
  ending(id: string, born: Birth, stop: Stop): Promise<JobNotice | null> {
    const { hub } = this.#readers[partitionOf(this.#store, id)] as Reader
    return endingOf(hub, id, { born: this.#bornAt(hub, born), stop })
  }

  /** The same as one hub counts; where reading began anew anywhere since, as it never counts. */
  #bornAt(hub: Hub, { cursor, reading }: Birth): Birth {
    return { cursor, reading: reading === this.reading ? hub.reading : -1 }
  }

  ofMany(follow: Parameters<typeof readFeed>[2]): AsyncGenerator<Batch, void, undefined> {
    const [first, ...others] = this.#readers as readonly [Reader, ...Reader[]]
    if (others.length === 0) return readFeed(first.hub, first.store, follow)
    const { from, signal, take } = follow
    return jointFeed(this.#readers.length, { from, signal, take }, (index, own) => {
      const { store, hub } = this.#readers[index] as Reader
      return readFeed(hub, store, { ...follow, ...own })
    })
  }

  close(): void {
    this.consumers.close()
    for (const { hub } of this.#readers) hub.close()
  }
}

/** What one job is told of stands in its own partition, also where it comes from a joint feed. */
const placeOf = (cursor: Cursor, index: number): Cursor => {
  const places = splitCursor(cursor)
  return places.length === 1 ? cursor : (places[index] ?? cursor)
}
