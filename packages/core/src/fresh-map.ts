/**
 * A map for what comes and goes with each job.
 *
 * V8 lets each table that a Map leaves for another one point to the next. One that grew old before it was left thus keeps
 * all that come after it, and what was in them, through every small collection until the next large one. So the Map is made
 * anew once in a while.
 */

/** Deletions: some ms of a busy worker. Where more are in it, it is made anew more rarely, since each is carried over. */
const RENEW_EVERY = 1_000

export class FreshMap<Key, Value> {
  #map = new Map<Key, Value>()
  #deletions = 0

  get size(): number {
    return this.#map.size
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key)
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value)
  }

  delete(key: Key): void {
    if (!this.#map.delete(key)) return
    this.#deletions += 1
    if (this.#deletions < Math.max(RENEW_EVERY, this.#map.size)) return
    this.#deletions = 0
    this.#map = new Map(this.#map)
  }

  values(): Iterable<Value> {
    return this.#map.values()
  }
}
