/** The newest job of each task and owner. */
import type { JobRecord } from '../store.ts'

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

export class Newest {
  readonly #isKnown: (id: string, now: number) => boolean
  readonly #ids = new Map<string, string>()
  #sweepAt = SWEEP_FROM

  constructor(isKnown: (id: string, now: number) => boolean) {
    this.#isKnown = isKnown
  }

  set({ id, task, owner }: JobRecord, now: number): void {
    this.#ids.set(JSON.stringify([task, owner]), id)
    if (this.#ids.size < this.#sweepAt) return
    for (const [of, id] of this.#ids) if (!this.#isKnown(id, now)) this.#ids.delete(of)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#ids.size)
  }

  get(task: string, owner: string | null, now: number): string | null {
    const id = this.#ids.get(JSON.stringify([task, owner]))
    return id !== undefined && this.#isKnown(id, now) ? id : null
  }
}
