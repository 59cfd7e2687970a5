/**
 * The hub: one reader of the feed for each process, however many follow it.
 *
 * The reader runs while somebody follows, and a little longer. A subscriber registers, waits until the reader has a
 * place to read from, and only then reads history; so whatever is not in that history is delivered live, and what is
 * in both is dropped by its cursor. Nobody is waited for: a subscriber whose buffer is full *lags*, loses the buffer
 * and reads history again from its own cursor. So does everybody when the reader itself may have missed something.
 */
import { type Clock, sleep } from './clock.ts'
import { compareCursors, type Cursor, parseCursor } from './cursor.ts'
import type { JobNoticeType } from './notice.ts'
import type { Store, StoredNotice } from './store.ts'

/** What a subscriber wants to see. Absent: all. */
export interface Match {
  jobId?: string | undefined
  tasks?: ReadonlySet<string> | undefined
  types?: ReadonlySet<JobNoticeType> | undefined
  owner?: string | undefined
}

export function matches(match: Match, record: StoredNotice): boolean {
  return (
    (match.jobId === undefined || match.jobId === record.jobId) &&
    (match.tasks === undefined || match.tasks.has(record.task)) &&
    (match.types === undefined || match.types.has(record.type)) &&
    (match.owner === undefined || match.owner === record.owner)
  )
}

/** Records that one subscriber may have waiting; beyond it history is cheaper than memory. */
const BUFFER_MAX = 1_000
/** How long the reader outlives its last subscriber, so that waits in a row do not restart it. */
const LINGER_MS = 5_000
const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 2_000

/** One loop's share of the feed. */
export class Subscriber {
  readonly match: Match
  /** Takes it off the hub. */
  readonly leave: () => void
  closed = false
  #buffer: StoredNotice[] = []
  #lags = false
  #wake: (() => void) | undefined

  constructor(match: Match, leave: (subscriber: Subscriber) => void) {
    this.match = match
    this.leave = () => leave(this)
  }

  push(record: StoredNotice): void {
    if (this.#lags) return
    if (this.#buffer.length >= BUFFER_MAX) return this.lag()
    this.#buffer.push(record)
    this.#wake?.()
  }

  /** Says that the buffer is not all there is: history has to be read again. */
  lag(): void {
    this.#lags = true
    this.#buffer = []
    this.#wake?.()
  }

  close(): void {
    this.closed = true
    this.#wake?.()
  }

  /** Forgets that it lagged: call it just before reading history. */
  catchUp(): void {
    this.#lags = false
  }

  /** What is written after `from`, as it comes. Ends when the subscriber lags or is closed. */
  async *live(from: Cursor): AsyncGenerator<StoredNotice, void, undefined> {
    let cursor = from
    while (!this.closed && !this.#lags) {
      const records = this.#buffer
      this.#buffer = []
      for (const record of records) {
        if (compareCursors(record.cursor, cursor) <= 0) continue // history had it already
        cursor = record.cursor
        yield record
        if (this.closed) return
      }
      if (records.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }
}

export class Hub {
  readonly #store: Store
  readonly #clock: Clock
  readonly #random: () => number
  /** Those who follow one job, by its id: a record costs what its audience costs. */
  readonly #byJob = new Map<string, Set<Subscriber>>()
  readonly #feeds = new Set<Subscriber>()
  #reader: { stop: AbortController; ready: Promise<void> } | undefined
  #cancelLinger: (() => void) | undefined
  #closed = false

  constructor(store: Store, clock: Clock, random: () => number) {
    this.#store = store
    this.#clock = clock
    this.#random = random
  }

  /**
   * Registers, and resolves once everything that is written from now on will be delivered.
   *
   * @throws LovageError `STORE_UNAVAILABLE`
   */
  async subscribe(match: Match, signal: AbortSignal): Promise<Subscriber> {
    const peers = this.#peersOf(match)
    const close = (): void => subscriber.close()
    const subscriber = new Subscriber(match, () => {
      signal.removeEventListener('abort', close)
      peers.delete(subscriber)
      if (match.jobId !== undefined && peers.size === 0) this.#byJob.delete(match.jobId)
      if (this.size === 0) this.#linger()
    })
    peers.add(subscriber)
    signal.addEventListener('abort', close)
    if (signal.aborted || this.#closed) close()
    else {
      await this.#read().catch((error: unknown) => {
        subscriber.leave()
        throw error
      })
    }
    return subscriber
  }

  get size(): number {
    return this.#feeds.size + this.#byJob.size
  }

  close(): void {
    this.#closed = true
    this.#reader?.stop.abort()
    this.#cancelLinger?.()
    for (const subscriber of this.#all()) subscriber.close()
  }

  #peersOf({ jobId }: Match): Set<Subscriber> {
    if (jobId === undefined) return this.#feeds
    const peers = this.#byJob.get(jobId) ?? new Set()
    this.#byJob.set(jobId, peers)
    return peers
  }

  *#all(): Generator<Subscriber> {
    yield* this.#feeds
    for (const peers of this.#byJob.values()) yield* peers
  }

  /** Resolves when the reader has its place; starts it where there is none. */
  #read(): Promise<void> {
    this.#cancelLinger?.()
    this.#cancelLinger = undefined
    if (this.#reader === undefined) {
      const stop = new AbortController()
      const reader = { stop, ready: this.#store.tail().then((cursor) => void this.#run(cursor, stop.signal)) }
      this.#reader = reader
      reader.ready.catch(() => {
        if (this.#reader === reader) this.#reader = undefined // the next subscriber tries again
      })
    }
    return this.#reader.ready
  }

  #linger(): void {
    this.#cancelLinger ??= this.#clock.after(LINGER_MS, () => {
      this.#cancelLinger = undefined
      this.#reader?.stop.abort()
      this.#reader = undefined
    })
  }

  async #run(from: Cursor, signal: AbortSignal): Promise<void> {
    let cursor = from
    let failures = 0
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.live(cursor, signal)) {
          failures = 0
          for (const record of batch) {
            if (parseCursor(record.cursor).seq !== parseCursor(cursor).seq + 1) this.#lagAll()
            cursor = record.cursor
            this.#deliver(record)
          }
        }
      } catch {
        // The store says why in its own log; whoever follows notices nothing but the delay.
        failures += 1
        const delayMs = Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_MAX_MS) * (0.5 + this.#random() / 2)
        await sleep(this.#clock, delayMs, signal)
      }
    }
  }

  #deliver(record: StoredNotice): void {
    for (const subscriber of this.#byJob.get(record.jobId) ?? []) {
      if (matches(subscriber.match, record)) subscriber.push(record)
    }
    for (const subscriber of this.#feeds) {
      if (matches(subscriber.match, record)) subscriber.push(record)
    }
  }

  #lagAll(): void {
    for (const subscriber of this.#all()) subscriber.lag()
  }
}
