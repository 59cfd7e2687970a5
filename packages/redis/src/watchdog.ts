/**
 * Notices answers that do not come. One timer watches over all that a connection waits for: it is set once in some
 * seconds, where a timer for each call would be set and cleared ten thousand times a second.
 */
import { type Placed, Unordered } from '@lovage/core'

export interface Awaited extends Placed {
  readonly name: string
  /** How long its answer may take. */
  ms: number
  /** As `performance.now()` has it. */
  until: number
}

/** Timers may fire a little early. */
export const EARLY_MS = 1

export class Watchdog {
  readonly #awaited = new Unordered<Awaited>()
  readonly #onLate: (late: Awaited) => void
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(onLate: (late: Awaited) => void) {
    this.#onLate = onLate
  }

  /** @param now As `performance.now()` has it. */
  begin(awaited: Awaited, ms: number, now = performance.now()): void {
    awaited.ms = ms
    awaited.until = now + ms
    this.#awaited.add(awaited)
    if (awaited.until < this.#timerAt) this.#watch(awaited.until)
  }

  /** Does nothing the second time. */
  end(awaited: Awaited): void {
    this.#awaited.delete(awaited)
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
