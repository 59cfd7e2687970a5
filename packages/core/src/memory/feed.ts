/** The feed of notices: what happened, in order, with the oldest forgotten. */
import { compareCursors, type Cursor, parseCursor, START, streamId } from '../cursor.ts'
import type { Page, StoredNotice } from '../store.ts'

export class Feed {
  #records: StoredNotice[] = []
  #tail: Cursor = START
  readonly #maxLen: number
  readonly #cap: number
  /** The number up to which all consumer groups are done; `null`: there are none. */
  #held: number | null = null

  /** @param cap How many records consumer groups may hold back. */
  constructor(maxLen: number, cap: number) {
    this.#maxLen = maxLen
    this.#cap = cap
  }

  /** What stands behind this number is not trimmed, as far as the cap allows. */
  hold(seq: number | null): void {
    this.#held = seq
  }

  /** By its stream id. `undefined`: it was trimmed. */
  at(id: string): StoredNotice | undefined {
    const record = this.#records[this.#behind(`${id}.0`) - 1]
    return record !== undefined && streamId(record.cursor) === id ? record : undefined
  }

  /** The place after the newest record. It stays when that record is trimmed. */
  get tail(): Cursor {
    return this.#tail
  }

  /** An error loses its stack here: that is for operators, who find it with the job. */
  append({ error, ...notice }: Omit<StoredNotice, 'cursor'>): Cursor {
    const last = parseCursor(this.#tail)
    // Ids never go back, whatever the clock does: a reader's place must stay before all that comes later.
    const id = notice.at > last.ms ? `${notice.at}-0` : `${last.ms}-${last.n + 1}`
    this.#tail = `${id}.${last.seq + 1}`
    const told = error && { error: { name: error.name, message: error.message } }
    this.#records.push({ cursor: this.#tail, ...notice, ...told })
    while (this.#records.length > this.#allowed) this.#records.shift()
    return this.#tail
  }

  get #allowed(): number {
    if (this.#held === null) return this.#maxLen
    return Math.min(this.#cap, Math.max(this.#maxLen, parseCursor(this.#tail).seq - this.#held))
  }

  range(after: Cursor, limit: number): Page {
    const { seq } = parseCursor(after)
    const from = this.#behind(after)
    const notices = this.#records.slice(from, from + limit)
    const first = notices[0]
    return {
      notices,
      missed: first === undefined ? 0 : Math.max(0, parseCursor(first.cursor).seq - seq - 1),
      cursor: notices.at(-1)?.cursor ?? after,
      end: from + notices.length === this.#records.length,
    }
  }

  /** The index of the first record that stands behind a place. */
  #behind(place: Cursor): number {
    let low = 0
    for (let high = this.#records.length; low < high;) {
      const middle = (low + high) >> 1
      if (compareCursors((this.#records[middle] as StoredNotice).cursor, place) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
