/**
 * The attempts whose holds are true, by job id.
 *
 * V8 lets each table that a Map leaves for another one point to the next. One that grew old before it was left thus keeps
 * all that come after it, and what was in them, through every small collection until the next large one: a quarter of
 * what a short job takes was copied twice for that. So the Map is made anew once in a while.
 */
import type { Attempt } from './attempt.ts'

/** Deletions: some ms of a busy worker. */
const RENEW_EVERY = 1_000

export class Running {
  #byId = new Map<string, Attempt>()
  #deletions = 0

  get size(): number {
    return this.#byId.size
  }

  get(id: string): Attempt | undefined {
    return this.#byId.get(id)
  }

  add(attempt: Attempt): void {
    this.#byId.set(attempt.claimed.id, attempt)
  }

  delete(id: string): void {
    this.#byId.delete(id)
    this.#deletions += 1
    if (this.#deletions % RENEW_EVERY === 0) this.#byId = new Map(this.#byId)
  }

  values(): Iterable<Attempt> {
    return this.#byId.values()
  }
}
