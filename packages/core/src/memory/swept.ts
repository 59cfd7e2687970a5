/** What is kept for a time each. Past it, it is not there any more, and is forgotten when there is enough to sweep. */

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class Swept<Value> {
  readonly #isPast: (value: Value, now: number) => boolean
  readonly #kept = new Map<string, Value>()
  #sweepAt = SWEEP_FROM

  constructor(isPast: (value: Value, now: number) => boolean) {
    this.#isPast = isPast
  }

  get(key: string, now: number): Value | undefined {
    const value = this.#kept.get(key)
    return value === undefined || this.#isPast(value, now) ? undefined : value
  }

  /** Sweeps only when twice as many have come together as were left the last time: so each costs the same. */
  set(key: string, value: Value, now: number): void {
    this.#kept.set(key, value)
    if (this.#kept.size < this.#sweepAt) return
    for (const [other, kept] of this.#kept) if (this.#isPast(kept, now)) this.#kept.delete(other)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#kept.size)
  }

  delete(key: string): void {
    this.#kept.delete(key)
  }

  /** How many are held, those past their time included. */
  get size(): number {
    return this.#kept.size
  }
}
