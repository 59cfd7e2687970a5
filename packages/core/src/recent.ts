/**
 * What the hub has read lately, so that a thousand followers who come with a cursor cost one look at the store and
 * not a thousand. The records are dense: each one's number says where it stands.
 */
import { parseCursor } from './cursor.ts'
import type { StoredNotice } from './store.ts'

/** As many as a store keeps by default. */
const RECENT_MAX = 10_000
/** Characters of results and reports that may be held beside them. */
const RECENT_CHARS_MAX = 16_777_216
/** The part that is dropped at once, so that dropping does not move the whole array each time. */
const DROP_SHARE = 4

export class Recent {
  #records: StoredNotice[] = []
  readonly #byJob = new Map<string, StoredNotice[]>()
  #firstSeq: number
  #chars = 0

  /** @param seq The number of the record before the first one that will be pushed. */
  constructor(seq: number) {
    this.#firstSeq = seq + 1
  }

  /** The number of the oldest record that is held, or of the next one where none is. */
  get firstSeq(): number {
    return this.#firstSeq
  }

  get lastSeq(): number {
    return this.#firstSeq + this.#records.length - 1
  }

  get room(): number {
    return RECENT_MAX - this.#records.length
  }

  /** Whether everything after this number is here. */
  covers(seq: number): boolean {
    return seq >= this.#firstSeq - 1
  }

  /** What follows this number, of one job or of all. Ask `covers` first. */
  after(seq: number, jobId?: string): StoredNotice[] {
    if (jobId === undefined) return this.#records.slice(Math.max(0, seq + 1 - this.#firstSeq))
    return (this.#byJob.get(jobId) ?? []).filter(({ cursor }) => parseCursor(cursor).seq > seq)
  }

  push(record: StoredNotice): void {
    this.#records.push(record)
    this.#chars += charsOf(record)
    const ofJob = this.#byJob.get(record.jobId)
    if (ofJob === undefined) this.#byJob.set(record.jobId, [record])
    else ofJob.push(record)
    while (this.#records.length > RECENT_MAX || (this.#chars > RECENT_CHARS_MAX && this.#records.length > 1))
      this.#drop()
  }

  /** Puts older records before what is here; they are passed over where something is missing in between. */
  prepend(records: readonly StoredNotice[]): void {
    const last = records.at(-1)
    if (last === undefined || parseCursor(last.cursor).seq !== this.#firstSeq - 1) return
    this.#records = [...records, ...this.#records]
    this.#firstSeq -= records.length
    for (const record of records.toReversed()) {
      this.#chars += charsOf(record)
      const ofJob = this.#byJob.get(record.jobId)
      if (ofJob === undefined) this.#byJob.set(record.jobId, [record])
      else ofJob.unshift(record)
    }
  }

  #drop(): void {
    const dropped = this.#records.splice(0, Math.ceil(this.#records.length / DROP_SHARE))
    this.#firstSeq += dropped.length
    for (const record of dropped) {
      this.#chars -= charsOf(record)
      const ofJob = this.#byJob.get(record.jobId) as StoredNotice[]
      ofJob.shift()
      if (ofJob.length === 0) this.#byJob.delete(record.jobId)
    }
  }
}

const charsOf = ({ data }: StoredNotice): number =>
  data === undefined ? 0 : data.json.length + (data.meta?.length ?? 0)
