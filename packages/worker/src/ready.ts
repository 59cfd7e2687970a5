/** Jobs that are claimed and have no slot yet, in the order of their claims. */
import type { Claimed, Hold } from '@lovage/core'

export class Ready {
  #jobs: { claimed: Claimed; at: number }[] = []
  /** Those before it have been taken. */
  #next = 0

  get size(): number {
    return this.#jobs.length - this.#next
  }

  /** When the first of them came; `null` when there is none. */
  get since(): number | null {
    return this.#jobs[this.#next]?.at ?? null
  }

  put(claimed: readonly Claimed[], at: number): void {
    if (this.#next > 0) this.#jobs = this.#jobs.slice(this.#next)
    this.#next = 0
    for (const one of claimed) this.#jobs.push({ claimed: one, at })
  }

  take(): Claimed | undefined {
    const first = this.#jobs[this.#next]
    if (first !== undefined) this.#next += 1
    return first?.claimed
  }

  /** Forgets those of them that are here, and answers their ids. */
  drop(ids: Iterable<string>): string[] {
    const gone = new Set(ids)
    const here = this.#jobs.slice(this.#next)
    this.#jobs = here.filter(({ claimed }) => !gone.has(claimed.id))
    this.#next = 0
    return here.map(({ claimed }) => claimed.id).filter((id) => gone.has(id))
  }

  holds(): Hold[] {
    return this.#jobs.slice(this.#next).map(({ claimed: { id, claimedAt } }) => ({ id, claimedAt }))
  }

  clear(): void {
    this.#jobs = []
    this.#next = 0
  }
}
