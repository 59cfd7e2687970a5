/**
 * Cancelled jobs whose handlers have ended now, or were given up, on their way to the store: until it hears of them,
 * they count as running where a limit asks. Each stays here until a step has taken it.
 */
export class Releases {
  #waiting: string[] = []
  #sent: readonly string[] = NONE

  put(id: string): void {
    this.#waiting.push(id)
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** What the next step carries. */
  take(): readonly string[] {
    if (this.#waiting.length === 0) return NONE
    this.#sent = this.#waiting
    this.#waiting = []
    return this.#sent
  }

  /** The step was answered. */
  confirm(): void {
    this.#sent = NONE
  }

  /** The step was not answered. To release twice does no harm. */
  putBack(): void {
    if (this.#sent.length > 0) this.#waiting = [...this.#sent, ...this.#waiting]
    this.#sent = NONE
  }
}

const NONE: readonly string[] = []
