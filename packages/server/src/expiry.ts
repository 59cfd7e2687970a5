/** The end of a caller's right to listen. */
import { LovageError, systemClock } from '@lovage/core'

/** Longer waits are made of several: a timer keeps no more than 24 days. */
const LONGEST_MS = 86_400_000

export class Expiry {
  readonly #expiresAt: number
  readonly #over = new AbortController()
  #cancel = (): void => {}

  /** @param expiresAt Unix ms; `undefined`: never. */
  constructor(expiresAt: number | undefined) {
    this.#expiresAt = expiresAt ?? Number.POSITIVE_INFINITY
    if (expiresAt !== undefined) this.#wait()
  }

  /** Aborted when the time has come. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  get isOver(): boolean {
    return systemClock.now() >= this.#expiresAt
  }

  stop(): void {
    this.#cancel()
  }

  #wait(): void {
    const leftMs = this.#expiresAt - systemClock.now()
    if (leftMs <= 0) this.#over.abort()
    else this.#cancel = systemClock.after(Math.min(leftMs, LONGEST_MS), () => this.#wait())
  }
}

export const expired = (): LovageError =>
  new LovageError('UNAUTHORIZED', { message: 'The token has run out.' })
