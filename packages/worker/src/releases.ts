/**
 * Cancelled jobs whose handlers have ended now, or were given up, on their way to the store: until it hears of them,
 * they count as running where a limit asks. Each stays here until a step has taken it.
 */
export class Releases {
  #waiting: string[] = []

  put(id: string): void {
    this.#waiting.push(id)
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** What the next step carries. */
  take(): readonly string[] {
    if (this.#waiting.length === 0) return NONE
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }

  /** The step that took them was not answered. To release twice does no harm. */
  putBack(taken: readonly string[]): void {
    if (taken.length > 0) this.#waiting = [...taken, ...this.#waiting]
  }
}

const NONE: readonly string[] = []
