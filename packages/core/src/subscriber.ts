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
    (match.jobId === undefined || match.jobId === record.jobId) &&
    (match.tasks === undefined || match.tasks.has(record.task)) &&
    (match.types === undefined || match.types.has(record.type)) &&
    (match.owner === undefined || match.owner === record.owner)
  )
}

/** Without the reports of progress that a later one of the same job has overtaken: what a slow client is spared. */
function newestProgress(records: readonly StoredNotice[]): readonly StoredNotice[] {
  const newest = new Map<string, StoredNotice>()
  for (const record of records) if (record.type === 'progress') newest.set(record.jobId, record)
  return records.filter((record) => record.type !== 'progress' || newest.get(record.jobId) === record)
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

  /** What is written after `from`, as it comes. Ends when the subscriber lags or is closed. */
  async *live(from: Cursor): AsyncGenerator<StoredNotice, void, undefined> {
    let cursor = from
    while (!this.closed && !this.#lags) {
      const records = this.thinned(this.#buffer)
      this.#buffer = []
      for (const [index, record] of records.entries()) {
        if (compareCursors(record.cursor, cursor) <= 0) continue // history had it already
        cursor = record.cursor
        yield record
        if (this.closed) return
        if (index < records.length - 1 && this.#isSlow()) {
          // What is still in hand may have been overtaken by what came meanwhile.
          this.#buffer = [...records.slice(index + 1), ...this.#buffer]
          break
        }
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
