/** When jobs have started lately, for rate limits. */
import type { Gate } from './gates.ts'

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class Starts {
  /**
   * Oldest first, by gate and stretch: a rule counts the starts that were made under rules of its own stretch, so that
   * one whose `limit` alone is changed goes on with what it has.
   */
  readonly #logs = new Map<string, { until: number; starts: number[] }>()
  #sweepAt = SWEEP_FROM

  put(gate: Gate, perMs: number, now: number): void {
    this.#logs.set(nameOf(gate, perMs), {
      until: now + perMs,
      starts: [...this.within(gate, perMs, now), now],
    })
    if (this.#logs.size < this.#sweepAt) return
    for (const [name, { until }] of this.#logs) if (until <= now) this.#logs.delete(name)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#logs.size)
  }

  /** Those of the last `perMs`, without what is just that old. */
  within(gate: Gate, perMs: number, now: number): readonly number[] {
    const starts = this.#logs.get(nameOf(gate, perMs))?.starts ?? []
    return starts.filter((at) => at > now - perMs)
  }
}

const nameOf = (gate: Gate, perMs: number): string => JSON.stringify([gate, perMs])
