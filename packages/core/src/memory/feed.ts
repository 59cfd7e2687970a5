/** The feed of notices: what happened, in order, with the oldest forgotten. */
import { compareCursors, type Cursor, parseCursor, START } from '../cursor.ts'
import type { Page, StoredNotice } from '../store.ts'

export class Feed {
  #records: StoredNotice[] = []
  #tail: Cursor = START
  readonly #maxLen: number

  constructor(maxLen: number) {
    this.#maxLen = maxLen
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
    if (this.#records.length > this.#maxLen) this.#records.shift()
    return this.#tail
  }

  range(after: Cursor, limit: number): Page {
    const { seq } = parseCursor(after)
    const from = this.#records.findLastIndex((record) => compareCursors(record.cursor, after) <= 0) + 1
    const notices = this.#records.slice(from, from + limit)
    const first = notices[0]
    return {
      notices,
      missed: first === undefined ? 0 : Math.max(0, parseCursor(first.cursor).seq - seq - 1),
      cursor: notices.at(-1)?.cursor ?? after,
      end: from + notices.length === this.#records.length,
    }
  }
}
