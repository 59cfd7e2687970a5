/** Chance that can be repeated. */
export interface Chance {
  /** A whole number from 0 to below this. */
  below(limit: number): number
  between(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  /** Whether something of this probability happens. */
  is(probability: number): boolean
}

/** Mulberry32: small, and the same everywhere. */
export function chanceOf(seed: number): Chance {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    is: (probability) => next() < probability,
  }
}
