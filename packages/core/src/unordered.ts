/**
 * A list in no order, from which each can be taken at once, since it knows its index. A set would do, but it makes new tables
 * as it is used, and each that is dead and old keeps the next one through every small collection.
 */
export interface Placed {
  /** Where it stands in the list, which says so. */
  index: number
}

export class Unordered<One extends Placed> {
  readonly #all: One[] = []

  get size(): number {
    return this.#all.length
  }

  add(one: One): void {
    one.index = this.#all.length
    this.#all.push(one)
  }

  /** Whether it was there. */
  delete(one: One): boolean {
    const { index } = one
    if (this.#all[index] !== one) return false
    const last = this.#all.pop() as One
    if (last !== one) {
      this.#all[index] = last
      last.index = index
    }
    return true
  }

  [Symbol.iterator](): Iterator<One> {
    return this.#all.values()
  }
}
