/** How jobs ended, each kept for a time of its own. */
import type { Outcome } from '../store.ts'

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class Outcomes {
  /** Oldest first. */
  readonly #kept = new Map<string, { outcome: Outcome; until: number }>()
  #sweepAt = SWEEP_FROM
  readonly #max: number

  constructor(max = Infinity) {
    this.#max = max
  }

  put(outcome: Outcome, ttlMs: number): void {
    if (ttlMs <= 0) return
    this.#kept.delete(outcome.id)
    this.#kept.set(outcome.id, { outcome, until: outcome.finishedAt + ttlMs })
    if (this.#kept.size > this.#max) this.#kept.delete(this.#kept.keys().next().value as string)
    if (this.#kept.size >= this.#sweepAt) this.#sweep(outcome.finishedAt)
  }

  get(id: string, now: number): Outcome | null {
    const kept = this.#kept.get(id)
    return kept !== undefined && now < kept.until ? kept.outcome : null
  }

  /** How many are held, those past their time included. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * Done only when twice as many have come together as the last one left: so an outcome costs the same however many
   * are kept, and those past their time stay about as few as those within it.
   */
  #sweep(now: number): void {
    for (const [id, { until }] of this.#kept) if (until <= now) this.#kept.delete(id)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#kept.size)
  }
}
