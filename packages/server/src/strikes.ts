/**
 * What a connection may do wrong. A mistake is answered and forgiven; hundreds in a minute are a program gone mad, or
 * an attack, and its connection is cut.
 */
import { type Clock, isLovageError, systemClock } from '@lovage/core'
import type { TRPCError } from '@trpc/server'

/** Twice as many as a page may have loops at once: one that opens them all on too strict a server is forgiven. */
const MAX_STRIKES = 200
const FORGIVEN_AFTER_MS = 60_000

export class Strikes {
  readonly #clock: Clock
  #count = 0
  #since = 0

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Counts one; whether that was one too many. */
  isOut(): boolean {
    const now = this.#clock.now()
    if (now - this.#since > FORGIVEN_AFTER_MS) {
      this.#since = now
      this.#count = 0
    }
    this.#count += 1
    return this.#count >= MAX_STRIKES
  }
}

/** Batches that are too large, calls without a procedure, and subscriptions beyond the limit. */
export const isStrike = ({ code, cause }: TRPCError, path: string | undefined): boolean =>
  (path === undefined && code === 'BAD_REQUEST') || isLovageError(cause, 'TOO_MANY_SUBSCRIPTIONS')
