/** Rights that may be taken away while a subscription lives. */
import { type Clock, LovageError, systemClock } from '@lovage/core'

/** Says whether the caller may no longer listen. */
export type AskRevoked = () => boolean | Promise<boolean>

/** An answer may stand for as long as most would take to notice, and a database is asked no oftener. */
export const REVOKED_EVERY_MS = 5_000

export class Revocation {
  readonly #ask: AskRevoked
  readonly #everyMs: number
  readonly #clock: Clock
  #askedAt = Number.NEGATIVE_INFINITY

  /** @param everyMs How long an answer stands. 0: the next notice asks again. */
  constructor(ask: AskRevoked, everyMs: number = REVOKED_EVERY_MS, clock: Clock = systemClock) {
    this.#ask = ask
    this.#everyMs = everyMs
    this.#clock = clock
  }

  /** Whether the last answer is too old to deliver a notice upon. */
  get isDue(): boolean {
    return this.#everyMs === 0 || this.#clock.now() - this.#askedAt >= this.#everyMs
  }

  /** @throws LovageError `UNAUTHORIZED`, and what the one who is asked throws: nobody listens upon an answer that failed. */
  async check(): Promise<void> {
    const askedAt = this.#clock.now()
    if (await this.#ask()) throw revoked()
    this.#askedAt = askedAt
  }
}

const revoked = (): LovageError =>
  new LovageError('UNAUTHORIZED', { message: 'The right to listen was taken away.' })
