/**
 * What a handler throws to say how its attempt should end. Recognised by name, so that two copies of this package
 * in one program understand each other.
 */
import { durationMs, type Duration } from './duration.ts'

/** `throw new Retry({ delay: '30s' })`: try again after just this delay (a 429 that said when). */
export class Retry extends Error {
  override readonly name = 'Retry'
  readonly delayMs: number | undefined

  constructor(options: { delay?: Duration; reason?: string } = {}) {
    super(options.reason ?? 'The handler asked for another attempt.')
    this.delayMs = options.delay === undefined ? undefined : durationMs(options.delay, 'delay')
  }
}

/** `throw new Discard('no such user')`: fail now, whatever attempts are left. */
export class Discard extends Error {
  override readonly name = 'Discard'
}

export const isRetry = (error: unknown): error is Retry => error instanceof Error && error.name === 'Retry'
export const isDiscard = (error: unknown): error is Discard =>
  error instanceof Error && error.name === 'Discard'

/** Why the signal of an attempt was aborted. */
export type AbortReason =
  | { type: 'cancelled'; by: string | null; reason: string | null }
  | { type: 'time_limit'; timeLimitMs: number }
  | { type: 'shutdown' }
  | { type: 'lease_lost' }
