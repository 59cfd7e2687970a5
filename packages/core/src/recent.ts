/**
 * What the hub has read lately, so that a thousand followers who come with a cursor cost one look at the store and
 * not a thousand.
 */
import { compareCursors, type Cursor, parseCursor } from './cursor.ts'
import type { StoredNotice } from './store.ts'

/** As many as a store keeps by default. */
const RECENT_MAX = 10_000
/** Characters of results and reports that may be held beside them. */
const RECENT_CHARS_MAX = 16_777_216
/** The part that is dropped at once, so that dropping does not move the whole array each time. */
const DROP_SHARE = 4

export class Recent {
  #records: StoredNotice[] = []
  /** Of most jobs there is one: a list for each would be a tenth of what reading costs. */
  readonly #byJob = new Map<string, StoredNotice | StoredNotice[]>()
  #since: Cursor
  #chars = 0

  /** @param since The place before the first record that will be pushed. */
  constructor(since: Cursor) {
    this.#since = since
  }

  /** The place before the oldest record that is held. */
  get since(): Cursor {
    return this.#since
  }

  /** Up to which number the records have been pushed. */
  get lastSeq(): number {
    return parseCursor(this.#records.at(-1)?.cursor ?? this.#since).seq
  }

  get room(): number {
    return RECENT_MAX - this.#records.length
  }

  /** Whether a place is not older than what is here. */
  reachesBackTo(place: Cursor): boolean {
    return compareCursors(place, this.#since) >= 0
  }

  /**
   * Whether everything after this place is here. Nothing follows a place that the store has taken back: at one that lies
   * between these records another number stands then.
   */
  covers(place: Cursor): boolean {
    if (!this.reachesBackTo(place)) return false
    const before = this.#records[this.#behind(place) - 1]?.cursor ?? this.#since
    return parseCursor(before).seq === parseCursor(place).seq
  }

  /** What follows this place, of one job or of all. Ask `covers` first; `reachesBackTo` where it surely is a place. */
  after(place: Cursor, jobId?: string): StoredNotice[] {
    if (jobId === undefined) return this.#records.slice(this.#behind(place))
    return listed(this.#byJob.get(jobId)).filter(({ cursor }) => compareCursors(cursor, place) > 0)
  }

  /** The index of the first record behind a place. */
  #behind(place: Cursor): number {
    let low = 0
    for (let high = this.#records.length; low < high;) {
      const middle = (low + high) >> 1
      if (compareCursors((this.#records[middle] as StoredNotice).cursor, place) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  push(record: StoredNotice): void {
    this.#records.push(record)
    this.#chars += charsOf(record)
    if (record.foreign !== true) {
      const ofJob = this.#byJob.get(record.jobId)
      if (Array.isArray(ofJob)) ofJob.push(record)
      else this.#byJob.set(record.jobId, ofJob === undefined ? record : [ofJob, record])
    }
    while (this.#records.length > RECENT_MAX || (this.#chars > RECENT_CHARS_MAX && this.#records.length > 1))
      this.#drop()
  }

  /** Puts what follows `place` before what is here; it is passed over where something is missing in between. */
  prepend(place: Cursor, records: readonly StoredNotice[]): void {
    const last = records.at(-1)
    if (last === undefined || compareCursors(last.cursor, this.#since) !== 0) return
    this.#records = [...records, ...this.#records]
    this.#since = place
    for (const record of records.toReversed()) {
      this.#chars += charsOf(record)
      if (record.foreign === true) continue
      this.#byJob.set(record.jobId, [record, ...listed(this.#byJob.get(record.jobId))])
    }
  }

  #drop(): void {
    const dropped = this.#records.splice(0, Math.ceil(this.#records.length / DROP_SHARE))
    this.#since = (dropped.at(-1) as StoredNotice).cursor
    for (const record of dropped) {
      this.#chars -= charsOf(record)
      if (record.foreign === true) continue
      const ofJob = this.#byJob.get(record.jobId)
      if (Array.isArray(ofJob) && ofJob.length > 1) ofJob.shift()
      else this.#byJob.delete(record.jobId)
    }
  }
}

const listed = (found: StoredNotice | StoredNotice[] | undefined): StoredNotice[] =>
  Array.isArray(found) ? found : found === undefined ? [] : [found]

const charsOf = ({ data }: StoredNotice): number =>
  data === undefined ? 0 : data.json.length + (data.meta?.length ?? 0)
