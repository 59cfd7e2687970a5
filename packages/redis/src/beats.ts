/**
 * Renews leases in time, each three times in its length, until told to stop or told that a session was
 * reaped.
 */
import type { Clock } from '@lovage/core'

export type Extend = (session: string, leaseMs: number) => Promise<{ alive: boolean }>

const BEATS_PER_LEASE = 3 // two may be late before the lease is lost
/** While the server is away: a lease that ran out is lost only when somebody else comes back first. */
const RETRY_MS = 500

export interface BeatsOptions {
  extend: Extend
  clock: Clock
  onLost: (session: string) => void
  onRenewed?: (session: string) => void
}

export class Beats {
  readonly #extend: Extend
  readonly #clock: Clock
  readonly #onLost: (session: string) => void
  readonly #onRenewed: ((session: string) => void) | undefined
  readonly #cancels = new Map<string, () => void>()

  constructor(options: BeatsOptions) {
    this.#extend = options.extend
    this.#clock = options.clock
    this.#onLost = options.onLost
    this.#onRenewed = options.onRenewed
  }

  get size(): number {
    return this.#cancels.size
  }

  /** @param atOnce Whether the first beat is now: somebody else may have kept the lease until here. */
  start(session: string, leaseMs: number, atOnce = false): void {
    this.stop(session)
    this.#beatIn(atOnce ? 0 : leaseMs / BEATS_PER_LEASE, session, leaseMs)
  }

  stop(session: string): void {
    this.#cancels.get(session)?.()
    this.#cancels.delete(session)
  }

  #beatIn(ms: number, session: string, leaseMs: number): void {
    const beat = (): void => void this.#beat(session, leaseMs, cancel)
    const cancel = this.#clock.after(ms, beat, true)
    this.#cancels.set(session, cancel)
  }

  async #beat(session: string, leaseMs: number, mine: () => void): Promise<void> {
    const nextMs = leaseMs / BEATS_PER_LEASE
    const renewed = await this.#extend(session, leaseMs).then(
      ({ alive }) => ({ alive, isAnswered: true, ms: nextMs }),
      () => ({ alive: true, isAnswered: false, ms: Math.min(RETRY_MS, nextMs) }),
    )
    if (this.#cancels.get(session) !== mine) return // stopped, or started anew, meanwhile
    if (renewed.alive) {
      if (renewed.isAnswered) this.#onRenewed?.(session)
      return this.#beatIn(renewed.ms, session, leaseMs)
    }
    this.#cancels.delete(session)
    this.#onLost(session)
  }
}
