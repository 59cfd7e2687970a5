/** What jobs said, each for a time of its own: the newest of it. */
import { encodedBytes } from '../codec.ts'
import type { Cursor } from '../cursor.ts'
import { type Said, SAID_KEPT_BYTES, type SaidPart, type SaidReport } from '../log.ts'

interface Kept {
  said: Said[]
  bytes: number
  /** Where the next part of this hold begins. */
  next: { claimedAt: number; log: number; chunk: number }
  until: number
}

const AT_FIRST = { log: 1, chunk: 0 }
/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class SaidByJobs {
  readonly #kept = new Map<string, Kept>()
  #sweepAt = SWEEP_FROM

  get(id: string, now: number): Said[] {
    const kept = this.#kept.get(id)
    return kept !== undefined && now < kept.until ? [...kept.said] : []
  }

  /** Whether this part has not been written yet. */
  isNew({ id, claimedAt }: SaidReport, { type, first }: SaidPart): boolean {
    const next = this.#kept.get(id)?.next
    return first >= (next?.claimedAt === claimedAt ? next : AT_FIRST)[type]
  }

  keep(
    report: SaidReport,
    { type, first, count, dropped, data }: SaidPart,
    cursor: Cursor,
    now: number,
  ): void {
    const { id, claimedAt, attempt, keepMs } = report
    const before = this.#kept.get(id)
    const isKept = before !== undefined && now < before.until
    const said = isKept ? before.said : []
    const next = before?.next.claimedAt === claimedAt ? before.next : { claimedAt, ...AT_FIRST }
    said.push({ cursor, type, at: now, attempt, first, dropped, data })
    const bytes = this.#bounded(said, (isKept ? before.bytes : 0) + encodedBytes(data))
    this.#kept.set(id, {
      said,
      bytes,
      next: { ...next, [type]: first + count },
      until: now + keepMs,
    })
    if (this.#kept.size >= this.#sweepAt) this.#sweep(now)
  }

  /** Drops the older half once there is twice as much as must be kept. */
  #bounded(said: Said[], bytes: number): number {
    if (bytes <= 2 * SAID_KEPT_BYTES) return bytes
    let left = bytes
    while (left > SAID_KEPT_BYTES && said.length > 1) left -= encodedBytes((said.shift() as Said).data)
    return left
  }

  /** As in `outcomes.ts`: rarely enough to cost the same however many are kept. */
  #sweep(now: number): void {
    for (const [id, { until }] of this.#kept) if (until <= now) this.#kept.delete(id)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#kept.size)
  }
}
