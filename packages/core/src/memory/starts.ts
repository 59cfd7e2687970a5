/** When jobs have started lately, for rate limits. */
import type { Gate } from './gates.ts'
import { Swept } from './swept.ts'

export class Starts {
  /**
   * Oldest first, by gate and stretch: a rule counts the starts that were made under rules of its own stretch, so that
   * one whose `limit` alone is changed goes on with what it has.
   */
  readonly #logs = new Swept<{ until: number; starts: readonly number[] }>(({ until }, now) => until <= now)

  put(gate: Gate, perMs: number, now: number): void {
    const starts = [...this.within(gate, perMs, now), now]
    this.#logs.set(nameOf(gate, perMs), { until: now + perMs, starts }, now)
  }

  /** Those of the last `perMs`, without what is just that old. */
  within(gate: Gate, perMs: number, now: number): readonly number[] {
    const starts = this.#logs.get(nameOf(gate, perMs), now)?.starts ?? []
    return starts.filter((at) => at > now - perMs)
  }
}

const nameOf = (gate: Gate, perMs: number): string => JSON.stringify([gate, perMs])
