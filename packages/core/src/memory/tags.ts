/** Which jobs were enqueued with which tags, and when. */
import type { JobRecord } from '../store.ts'

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class Tags {
  readonly #isKnown: (id: string, now: number) => boolean
  readonly #byTag = new Map<string, Map<string, number>>()
  #size = 0
  #sweepAt = SWEEP_FROM

  /** Jobs that are not known any more are not found. */
  constructor(isKnown: (id: string, now: number) => boolean) {
    this.#isKnown = isKnown
  }

  add({ id, options: { tags = [] } }: JobRecord, enqueuedAt: number, now: number): void {
    for (const tag of tags) {
      const ids = this.#byTag.get(tag) ?? new Map<string, number>()
      this.#byTag.set(tag, ids.set(id, enqueuedAt))
    }
    this.#size += tags.length
    if (this.#size >= this.#sweepAt) this.#sweep(now)
  }

  remove({ id, options: { tags = [] } }: JobRecord): void {
    for (const tag of tags) this.#byTag.get(tag)?.delete(id)
  }

  /** In no order. */
  find(tag: string, now: number): { id: string; at: number }[] {
    const ids = this.#byTag.get(tag) ?? new Map<string, number>()
    for (const id of ids.keys()) if (!this.#isKnown(id, now)) ids.delete(id)
    return [...ids].map(([id, at]) => ({ id, at }))
  }

  /** How many entries are held, those of unknown jobs included. */
  get size(): number {
    return this.#size
  }

  #sweep(now: number): void {
    this.#size = 0
    for (const [tag, ids] of this.#byTag) {
      for (const id of ids.keys()) if (!this.#isKnown(id, now)) ids.delete(id)
      if (ids.size === 0) this.#byTag.delete(tag)
      this.#size += ids.size
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#size)
  }
}
