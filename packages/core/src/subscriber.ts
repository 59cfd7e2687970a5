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

/** Records that one subscriber may have waiting; beyond it history is cheaper than memory. */
const BUFFER_MAX = 1_000
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
