/**
 * How many jobs a worker may claim before it has slots for them.
 *
 * A worker that claims only for free slots has nothing to do while a step is under way, and one with few slots makes a
 * step for every few jobs. So while jobs are short it claims some ahead: no more than its slots get through in
 * `AHEAD_MS`, going by the jobs that ended lately. One slow job closes this for a while, for whatever waits behind it
 * could run elsewhere.
 */

/** What is claimed ahead should wait no longer than this for its slot. */
const AHEAD_MS = 10
/** A job that took longer counts as slow. */
const SLOW_MS = 20
/** How long jobs take of which nothing is known: some four hundred short ones have to end before any is claimed ahead. */
const UNKNOWN_MS = 1_000
/** Of what is known, so much is kept with each job that ends. */
const SLOWEST_KEPT = 0.99
const MEAN_KEPT = 0.98
/** By a clock of whole ms most short jobs take none at all. */
const LEAST_MEAN_MS = 0.01

export class Prefetch {
  readonly #most: number
  readonly #slots: number
  readonly #partitions: number
  #slowestMs = UNKNOWN_MS
  #meanMs = UNKNOWN_MS

  /** @param options.most For all slots, and all partitions, together. */
  constructor(options: { most: number; slots: number; partitions: number }) {
    this.#most = options.most
    this.#slots = options.slots
    this.#partitions = options.partitions
  }

  /** One partition's part of it. */
  get room(): number {
    if (this.#slowestMs > SLOW_MS) return 0
    const inTime = (this.#slots * AHEAD_MS) / Math.max(this.#meanMs, LEAST_MEAN_MS)
    return Math.floor(Math.min(inTime, this.#most) / this.#partitions)
  }

  /** A job has left its slot after so long. */
  took(ms: number): void {
    this.#slowestMs = Math.max(ms, this.#slowestMs * SLOWEST_KEPT)
    this.#meanMs = this.#meanMs * MEAN_KEPT + ms * (1 - MEAN_KEPT)
  }

  /** What was claimed ahead should not have been. */
  doubt(): void {
    this.#slowestMs = UNKNOWN_MS
  }
}
