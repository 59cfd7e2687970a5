/** Lets whoever waits look again: it rings after every act, and each one who hears it sees for himself. */
import type { Clock } from '../clock.ts'

export class Bell {
  readonly #clock: Clock
  readonly #hearers = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    for (const hear of [...this.#hearers]) hear()
  }

  /** Resolves when it rings, when the signal is aborted, or after `ms` if given. */
  heard(signal: AbortSignal, ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const hear = (): void => {
        this.#hearers.delete(hear)
        signal.removeEventListener('abort', hear)
        cancelTimer?.()
        resolve()
      }
      const cancelTimer = ms === undefined ? undefined : this.#clock.after(ms, hear)
      this.#hearers.add(hear)
      signal.addEventListener('abort', hear)
    })
  }
}
