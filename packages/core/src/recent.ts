/**
 * What the hub has read lately, so that a thousand followers who come with a cursor cost one look at the store and
 * not a thousand.
 *
 * It reaches as far back as was asked for lately. Most ask for the last few records, and what lives for ten thousand outlives
 * V8's young generation: kept for nobody, it costs a process that waits for results a twentieth of its CPU, and the long
 * collections that make room for it again.
 */
import { compareCursors, type Cursor, parseCursor } from './cursor.ts'
import type { StoredNotice } from './store.ts'

/** So many are kept at the least: those of a few turns of the loop. */
const LEAST = 500
/** As many as a store keeps by default. */
const MOST = 10_000
/** Characters of results and reports that may be held beside them. */
const CHARS_MOST = 16_777_216
/** The part that is dropped at once, so that dropping does not move the whole array each time. */
const DROP_SHARE = 4
/** The bound is halved where less than this part of it was asked for: that much is here also when some were just dropped. */
const ASKED_SHARE = 4

export class Recent {
  #records: StoredNotice[] = []
  /** Of most jobs there is one: a list for each would be a tenth of what reading costs. */
  readonly #byJob = new Map<string, StoredNotice | StoredNotice[]>()
  #since: Cursor
  #chars = 0
  /** How many may be here. */
  #bound = LEAST
  /** How many records back somebody has asked in the last ten thousand, and how many of these have come. */
  #asked = 0
  #pushed = 0

  /** @param since The place before the first record that will be pushed. */
  constructor(since: Cursor) {
    this.#since = since
  }

  /** The place before the oldest record that is held. */
  get since(): Cursor {
    return this.#since
  }

  /** Whether there can be room for all that is missing behind the record of this number. */
  fits(seq: number): boolean {
    return parseCursor(this.#since).seq - seq <= MOST - this.#records.length
  }

  /** Whether a place is not older than what is here. Where it is, more is kept from now on. */
  reachesBackTo(place: Cursor): boolean {
    const isHere = compareCursors(place, this.#since) >= 0
    const { seq } = parseCursor(place)
    if (isHere || this.fits(seq)) {
      const last = parseCursor(this.#records.at(-1)?.cursor ?? this.#since)
      this.#asked = Math.max(this.#asked, last.seq - seq)
      if (!isHere) this.#bound = MOST
    }
    return isHere
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
    this.#pushed += 1
    this.#chars += charsOf(record)
    if (record.foreign !== true) {
      const ofJob = this.#byJob.get(record.jobId)
      if (Array.isArray(ofJob)) ofJob.push(record)
      else this.#byJob.set(record.jobId, ofJob === undefined ? record : [ofJob, record])
    }
    if (this.#pushed === MOST) this.#judge()
    while (this.#isFull()) this.#drop()
  }

  /** Who asks does so by fits: a thousand results at once, and then none for thousands of records. */
  #judge(): void {
    if (this.#asked < this.#bound / ASKED_SHARE) this.#bound = Math.max(LEAST, this.#bound / 2)
    this.#asked = 0
    this.#pushed = 0
  }

  #isFull(): boolean {
    return this.#records.length > this.#bound || (this.#chars > CHARS_MOST && this.#records.length > 1)
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
