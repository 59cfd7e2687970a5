/**
 * The hub: one reader of the feed for each process, however many follow it.
 *
 * The reader runs while somebody follows, and a little longer. A subscriber registers, waits until the reader has a
 * place to read from, and only then reads history; so whatever is not in that history is delivered live, and what is
 * in both is dropped by its cursor. Nobody is waited for: a subscriber whose buffer is full *lags*, loses the buffer
 * and reads history again from its own cursor. So does everybody when the reader itself may have missed something.
 *
 * What the reader has read lately is kept (`recent.ts`): history that is recent is read by all from there.
 */
import { Audience } from './audience.ts'
import { backoffMs, type Growth } from './backoff.ts'
import type { Birth } from './birth.ts'
import { type Clock, sleep } from './clock.ts'
import { compareCursors, type Cursor, parseCursor, START } from './cursor.ts'
import { Deadlines } from './deadlines.ts'
import { Recent } from './recent.ts'
import type { Page, Store, StoredNotice } from './store.ts'
import { type Hearing, type Match, Subscriber } from './subscriber.ts'

/** How long the reader outlives its last subscriber, so that waits in a row do not restart it. */
const LINGER_MS = 5_000
const BETWEEN_FAILURES: Growth = { type: 'exponential', firstMs: 100, maxMs: 2_000 }

interface Reader {
  stop: AbortController
  /** Resolves when it has its place. */
  ready: Promise<void>
  isReady: boolean
  /** Up to where it has read. */
  place: Cursor
  recent: Recent
  /** While older records are fetched into `recent`. */
  filling: Promise<void> | undefined
}

/** Records that are read at once. */
const PAGE = 500

/** What is kept of the feed after a place, and up to where that reaches. */
interface Kept {
  notices: StoredNotice[]
  cursor: Cursor
}

export class Hub {
  readonly #store: Store
  readonly #clock: Clock
  readonly #random: () => number
  readonly #audience = new Audience()
  #reader: Reader | undefined
  readonly #lingering: Deadlines
  /** When the last subscriber left. */
  #leftAt = 0
  #closed = false
  /** Counts how often reading began, or began anew: in between it has missed nothing. */
  reading = 0

  constructor(store: Store, clock: Clock, random: () => number) {
    this.#store = store
    this.#clock = clock
    this.#random = random
    this.#lingering = new Deadlines(clock, (now) => this.#leave(now))
  }

  /**
   * Registers, and answers once everything that is written from now on will be delivered: at once where the reader has
   * its place. Who has no signal closes the subscriber himself.
   *
   * @throws LovageError `STORE_UNAVAILABLE`
   */
  subscribe(match: Match, hearing: Hearing): Subscriber | Promise<Subscriber> {
    const subscriber = new Subscriber(match, hearing, this.#left)
    this.#audience.add(subscriber)
    if (this.#closed) subscriber.close()
    if (subscriber.closed || this.#reader?.isReady === true) return subscriber
    return this.#read().then(
      () => subscriber,
      (error: unknown) => {
        subscriber.leave()
        throw error
      },
    )
  }

  readonly #left = (subscriber: Subscriber): void => {
    this.#audience.delete(subscriber)
    if (this.size === 0) this.#linger()
  }

  /**
   * What was written after a cursor, as far as it is recent; else `null`, and the store has to be asked.
   *
   * Older records are fetched once for everybody, where they fit. `cursor` is up to where that reaches: what comes
   * after it is delivered live. It stands before `after` only where the feed itself does.
   *
   * @param tail Asks where the feed ended after `after` was heard of.
   */
  async recent({ jobId }: Match, after: Cursor, tail: () => Promise<Cursor>): Promise<Kept | null> {
    const reader = this.#reader
    if (reader === undefined) return null
    while (reader.filling !== undefined) await reader.filling
    if (compareCursors(after, reader.place) > 0) {
      // Another process has read further than this one, or the store was set back since, which it knows itself.
      const end = await tail()
      return compareCursors(after, end) > 0 ? { notices: [], cursor: end } : null
    }
    const kept = (): Kept | null =>
      reader.recent.covers(after)
        ? { notices: reader.recent.after(after, jobId), cursor: reader.place }
        : null
    const found = kept()
    if (found !== null || !reader.recent.fits(parseCursor(after).seq)) return found
    reader.filling = this.#fill(reader, after).finally(() => {
      reader.filling = undefined
    })
    await reader.filling
    return kept()
  }

  /**
   * What was written of a job since it was enqueued, or after a later place, and where that ends; `null` where this
   * reading has not seen it all.
   */
  since({ jobId }: Match, born: Birth, after: Cursor = born.cursor): Kept | null {
    const reader = this.#reader
    if (reader === undefined || born.reading !== this.reading) return null
    // Where the reader has read no further, all of it will come live.
    if (compareCursors(after, reader.place) >= 0) return { notices: [], cursor: after }
    if (!reader.recent.reachesBackTo(after)) return null
    return { notices: reader.recent.after(after, jobId), cursor: reader.place }
  }

  /** Never rejects: whoever then asks the store itself is told what is wrong with it. */
  async #fill({ recent }: Reader, after: Cursor): Promise<void> {
    const older: StoredNotice[] = []
    let page: Page = { notices: [], missed: 0, cursor: after, end: false }
    try {
      while (!page.end) {
        page = await this.#store.range(page.cursor, PAGE)
        if (page.missed > 0) return
        for (const notice of page.notices) {
          if (compareCursors(notice.cursor, recent.since) > 0) return recent.prepend(after, older)
          older.push(notice)
        }
      }
      recent.prepend(after, older)
    } catch {
      // Nothing was gained, and nothing lost.
    }
  }

  /** How many follow. */
  get size(): number {
    return this.#audience.size
  }

  close(): void {
    this.#closed = true
    this.#reader?.stop.abort()
    this.#lingering.close()
    for (const subscriber of this.#audience) subscriber.close()
  }

  /** Resolves when the reader has its place; starts it where there is none. */
  #read(): Promise<void> {
    if (this.#reader === undefined) {
      const stop = new AbortController()
      const reader: Reader = {
        stop,
        ready: Promise.resolve(),
        isReady: false,
        place: START,
        recent: new Recent(START),
        filling: undefined,
      }
      reader.ready = this.#store.tail().then((cursor) => {
        reader.place = cursor
        reader.recent = new Recent(cursor)
        reader.isReady = true
        this.reading += 1
        void this.#run(reader)
      })
      this.#reader = reader
      reader.ready.catch(() => {
        if (this.#reader === reader) this.#reader = undefined // the next subscriber tries again
      })
    }
    return this.#reader.ready
  }

  /** The timer of who left before goes on: waits come by the thousand, and to set and clear one costs as much as the rest. */
  #linger(): void {
    if (this.#closed) return
    this.#leftAt = this.#clock.now()
    this.#lingering.watch(this.#leftAt + LINGER_MS)
  }

  #leave(now: number): number {
    if (this.size > 0) return Number.POSITIVE_INFINITY // who leaves last sets another one
    const until = this.#leftAt + LINGER_MS
    if (until > now) return until
    this.#reader?.stop.abort()
    this.#reader = undefined
    return Number.POSITIVE_INFINITY
  }

  async #run(reader: Reader): Promise<void> {
    const { signal } = reader.stop
    let failures = 0
    let { seq } = parseCursor(reader.place)
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.live(reader.place, signal)) {
          failures = 0
          const told: Subscriber[] = []
          for (const record of batch) {
            const before = seq
            ;({ seq } = parseCursor(record.cursor))
            const isNext = seq === before + (record.foreign === true ? 0 : 1)
            reader.place = record.cursor
            if (isNext) reader.recent.push(record)
            else this.#beginAt(reader, record.cursor) // something was trimmed before it was read
            this.#audience.push(record, told)
          }
          for (const subscriber of told) subscriber.tell()
        }
        if (signal.aborted) return
        // It ended by itself: something may be lost.
        seq = this.#beginAt(reader, await this.#store.tail())
      } catch {
        // The store says why in its own log; whoever follows notices nothing but the delay.
      }
      if (signal.aborted) return
      // A store that was closed under us ends quietly; to ask it again at once would never end.
      failures += 1
      await sleep(this.#clock, backoffMs(BETWEEN_FAILURES, failures, this.#random), signal)
    }
  }

  /** What comes next does not join what was read: everybody looks for himself. Answers the number of the place. */
  #beginAt(reader: Reader, place: Cursor): number {
    reader.place = place
    reader.recent = new Recent(place)
    this.reading += 1
    for (const subscriber of this.#audience) subscriber.lag()
    return parseCursor(place).seq
  }
}
