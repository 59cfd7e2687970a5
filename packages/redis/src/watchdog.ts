/**
 * Notices answers that do not come. One timer watches over all that a connection waits for: it is set once in some
 * seconds, where a timer for each call would be set and cleared ten thousand times a second.
 */
export interface Awaited {
  readonly name: string
  /** How long its answer may take. */
  readonly ms: number
  /** As `performance.now()` has it. */
  readonly until: number
  /** Where it stands among those that are awaited. */
  index: number
}

/** Timers may fire a little early. */
export const EARLY_MS = 1

export class Watchdog {
  /** In no order. A Set grows new tables as it is used, and each that is dead and old keeps the next one through every scavenge. */
  readonly #awaited: Awaited[] = []
  readonly #onLate: (late: Awaited) => void
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(onLate: (late: Awaited) => void) {
    this.#onLate = onLate
  }

  begin(name: string, ms: number): Awaited {
    const awaited = { name, ms, until: performance.now() + ms, index: this.#awaited.length }
    this.#awaited.push(awaited)
    if (awaited.until < this.#timerAt) this.#watch(awaited.until)
    return awaited
  }

  /** Does nothing the second time. */
  end(awaited: Awaited): void {
    const { index } = awaited
    if (this.#awaited[index] !== awaited) return
    const last = this.#awaited.pop() as Awaited
    if (last === awaited) return
    this.#awaited[index] = last
    last.index = index
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  #watch(until: number): void {
    clearTimeout(this.#timer)
    this.#timerAt = until
    this.#timer = setTimeout(() => this.#look(), Math.max(0, until - performance.now()))
    this.#timer.unref() // the socket keeps the process, as long as there is one
  }

  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const awaited of [...this.#awaited]) {
      if (awaited.until <= now + EARLY_MS) {
        this.end(awaited)
        this.#onLate(awaited)
      } else next = Math.min(next, awaited.until)
    }
    if (next < this.#timerAt) this.#watch(next)
  }
}
