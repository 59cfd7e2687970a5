/** A clock whose owner is the test: time stands still until `advance`. */
import type { Clock } from '@lovage/core'

/** A day of the project, so that stamps in a failed test look like stamps. */
const START_MS = Date.UTC(2026, 10, 21)

interface Timer {
  dueAt: number
  call: () => void
}

export class ManualClock implements Clock {
  #now: number
  /** Earliest first; those due in the same ms in the order of their making. */
  #timers: Timer[] = []

  constructor(startMs: number = START_MS) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { dueAt: this.#now + Math.max(0, ms), call }
    const before = this.#timers.findLastIndex(({ dueAt }) => dueAt <= timer.dueAt)
    this.#timers.splice(before + 1, 0, timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /**
   * Lets `ms` pass: calls what becomes due, in order, each at its own moment.
   *
   * After each call whatever it woke gets a turn, so that a loop which sleeps again is called again. Whoever does not
   * await this has the first timers called and, when none was due, the time moved, at once.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (let next = this.#timers[0]; next !== undefined && next.dueAt <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#now = next.dueAt
      next.call()
      await turn()
    }
    this.#now = end
    await turn()
  }

  /** How many timers wait: 0 once everything was closed. */
  get pending(): number {
    return this.#timers.length
  }
}

/** A turn of the event loop: all promises that are settled now have been acted upon. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
