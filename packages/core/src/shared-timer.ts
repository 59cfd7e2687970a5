/**
 * A clock whose calls share one timer. Whoever waits for a result is told long before his time is over, and to set and
 * clear a timer for each of them took as long as all else that waiting does.
 */
import type { Clock } from './clock.ts'
import { Deadlines } from './deadlines.ts'
import { type Placed, Unordered } from './unordered.ts'

/** For so long the timer outlives whoever has taken his call back: a process that has nothing else to do must not stay for it. */
const LINGER_MS = 5_000

interface Waiting extends Placed {
  readonly at: number
  readonly call: () => void
}

export class SharedTimer implements Clock {
  readonly #clock: Clock
  readonly #waiting = new Unordered<Waiting>()
  readonly #deadlines: Deadlines

  constructor(clock: Clock) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock, (now) => this.#call(now))
  }

  now(): number {
    return this.#clock.now()
  }

  after(ms: number, call: () => void): () => void {
    const now = this.#clock.now()
    const waiting = { at: now + ms, call, index: -1 }
    this.#waiting.add(waiting)
    this.#deadlines.watch(Math.min(waiting.at, now + LINGER_MS))
    return () => void this.#waiting.delete(waiting)
  }

  /** Nobody will wait any more. */
  close(): void {
    if (this.#waiting.size === 0) this.#deadlines.close()
  }

  #call(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const waiting of [...this.#waiting]) {
      if (waiting.at > now) next = Math.min(next, waiting.at, now + LINGER_MS)
      else if (this.#waiting.delete(waiting)) waiting.call()
    }
    return next
  }
}
