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
export class Subscriber {
  readonly match: Match
  readonly #isSlow: () => boolean
  /** Takes it off the hub. */
  readonly leave: () => void
  closed = false
  #buffer: StoredNotice[] = []
  #lags = false
  #wake: (() => void) | undefined

  constructor(match: Match, isSlow: () => boolean, leave: (subscriber: Subscriber) => void) {
    this.match = match
    this.#isSlow = isSlow
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

  /** What came together, or of it what is worth sending to somebody slow. */
  thinned(records: readonly StoredNotice[]): readonly StoredNotice[] {
    return records.length > 1 && this.#isSlow() ? newestProgress(records) : records
  }

  /** What is written after `from`, in the batches that it comes in. Ends when the subscriber lags or is closed. */
  async *live(from: Cursor): AsyncGenerator<readonly StoredNotice[], void, undefined> {
    let isBeyond = false // what history had already comes first, if at all
    while (!this.closed && !this.#lags) {
      let records = this.#buffer
      this.#buffer = []
      if (!isBeyond) {
        records = records.filter(({ cursor }) => compareCursors(cursor, from) > 0)
        isBeyond = records.length > 0
      }
      if (records.length > 0) yield this.thinned(records)
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }
}
