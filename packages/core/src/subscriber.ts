/** One loop's share of the feed: what it wants, and a bounded buffer between the reader, which pushes, and the loop. */
import { compareCursors, type Cursor } from './cursor.ts'
import type { JobNoticeType } from './notice.ts'
import type { StoredNotice } from './store.ts'

/** What a subscriber wants to see. Absent: all. */
export interface Match {
  jobId?: string | undefined
  tasks?: ReadonlySet<string> | undefined
  types?: ReadonlySet<JobNoticeType> | undefined
  owner?: string | undefined
}

export function matches(match: Match, record: StoredNotice): boolean {
  return (
    // What another program says of a job is not what became of ours.
    (match.jobId === undefined || (match.jobId === record.jobId && record.foreign !== true)) &&
    (match.tasks === undefined || match.tasks.has(record.task)) &&
    (match.types === undefined || match.types.has(record.type)) &&
    (match.owner === undefined || match.owner === record.owner)
  )
}

/** Without the reports of progress that a later one of the same job has overtaken: what a slow client is spared. */
export function newestProgress<Item extends { type: string; jobId?: string }>(
  items: readonly Item[],
): Item[] {
  const newest = new Map<string | undefined, Item>()
  for (const item of items) if (item.type === 'progress') newest.set(item.jobId, item)
  return items.filter((item) => item.type !== 'progress' || newest.get(item.jobId) === item)
}

/** Records that one subscriber may have waiting; beyond it history is cheaper than memory. */
const BUFFER_MAX = 1_000

/** How a subscriber is told. */
export interface Hearing {
  /** Closes him. */
  signal?: AbortSignal | undefined
  /** Whether he is too slow for every notice: then he gets of each job's progress the newest. Default: never. */
  isSlow?: (() => boolean) | undefined
  /**
   * Takes live records at once, while the loop waits and nothing is before them: says how many, from the first on. The
   * others go through the loop, which costs a dozen promises and is for all that has to be waited for.
   */
  take?: ((records: readonly StoredNotice[]) => number) | undefined
}

export class Subscriber {
  readonly match: Match
  readonly #hearing: Hearing
  readonly #onLeave: (subscriber: Subscriber) => void
  /** Where it stands in its audience. */
  index = -1
  closed = false
  /** The place of the last record that was taken at once, until others have gone through the loop. */
  taken: Cursor | undefined
  #buffer: StoredNotice[] = []
  #lags = false
  /** The loop that waits. */
  #resolve: ((records: readonly StoredNotice[] | null) => void) | undefined
  /** Records up to here history had already; they come first, if at all. */
  #past: Cursor | undefined

  constructor(match: Match, hearing: Hearing, onLeave: (subscriber: Subscriber) => void) {
    this.match = match
    this.#hearing = hearing
    this.#onLeave = onLeave
    const { signal } = hearing
    signal?.addEventListener('abort', this)
    if (signal?.aborted === true) this.close()
  }

  /** His signal is aborted. */
  handleEvent(): void {
    this.close()
  }

  /** Takes it off the hub. */
  leave(): void {
    this.#hearing.signal?.removeEventListener('abort', this)
    this.#onLeave(this)
  }

  /** Whether he has to be told (`tell`) once the records that came together are all there. */
  push(record: StoredNotice): boolean {
    if (this.#lags) return false
    if (this.#buffer.length >= BUFFER_MAX) {
      this.lag()
      return false
    }
    this.#buffer.push(record)
    return this.#resolve !== undefined && this.#buffer.length === 1
  }

  tell(): void {
    if (this.#resolve === undefined || this.#lags) return
    const { take } = this.#hearing
    if (take !== undefined) {
      const records = this.#unread()
      const count = records.length === 0 ? 0 : take(records)
      if (count > 0) this.taken = (records[count - 1] as StoredNotice).cursor
      this.#buffer = records.slice(count)
    }
    this.#wake()
  }

  /** Says that the buffer is not all there is: history has to be read again. */
  lag(): void {
    this.#lags = true
    this.#buffer = []
    this.#wake()
  }

  close(): void {
    this.closed = true
    this.#wake()
  }

  /** Forgets that it lagged: call it just before reading history. */
  catchUp(): void {
    this.#lags = false
    this.taken = undefined
  }

  /** What came together, or of it what is worth sending to somebody slow. */
  thinned(records: readonly StoredNotice[]): readonly StoredNotice[] {
    return records.length > 1 && this.#hearing.isSlow?.() === true ? newestProgress(records) : records
  }

  /** Begins what is live: `next` gives what is written after this place. */
  begin(from: Cursor): void {
    this.#past = from
  }

  /**
   * What has come since the last call, or comes next; `null` when the subscriber lags or is closed. (No generator: each
   * that waits would cost a follower half a KiB.)
   */
  next(): Promise<readonly StoredNotice[] | null> {
    const records = this.#now()
    if (records !== undefined) return Promise.resolve(records)
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  #wake(): void {
    const resolve = this.#resolve
    const records = resolve && this.#now()
    if (records === undefined) return
    this.#resolve = undefined
    resolve?.(records)
  }

  /** `undefined`: it has to be waited for. */
  #now(): readonly StoredNotice[] | null | undefined {
    if (this.closed || this.#lags) return null
    const records = this.#unread()
    if (records.length === 0) return undefined
    this.taken = undefined
    return this.thinned(records)
  }

  /** Empties the buffer; what history had already is left out. */
  #unread(): StoredNotice[] {
    const records = this.#buffer
    const past = this.#past
    if (records.length === 0) return records
    this.#buffer = []
    if (past === undefined) return records
    const unread = records.filter(({ cursor }) => compareCursors(cursor, past) > 0)
    if (unread.length > 0) this.#past = undefined
    return unread
  }
}
