/** How long to wait before the next attempt. Pure: chance is passed in. */
import { durationMs, type Duration } from './duration.ts'

/** `'exponential'` and `'fixed'` take the default delays; the object says its own. */
export type Backoff =
  | 'exponential'
  | 'fixed'
  | { type: 'exponential' | 'fixed'; delay?: Duration; max?: Duration }

export interface RetryOptions {
  /** Attempts in all, the first one included. Default 3. */
  attempts?: number
  /** Default exponential from 1 s, doubled each time, at most 10 min. */
  backoff?: Backoff
}

/** How delays grow. */
export interface Growth {
  type: 'exponential' | 'fixed'
  firstMs: number
  maxMs: number
}

/** The retry options with every default filled in. */
export interface RetryPolicy extends Growth {
  attempts: number
}

export const DEFAULT_ATTEMPTS = 3
const DEFAULT_FIRST_MS = 1_000
const DEFAULT_MAX_MS = 600_000

export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const attempts = options.attempts ?? DEFAULT_ATTEMPTS
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new TypeError(`attempts must be a whole number from 1, not ${String(attempts)}`)
  }
  const backoff =
    typeof options.backoff === 'object' ? options.backoff : { type: options.backoff ?? 'exponential' }
  return {
    attempts,
    type: backoff.type,
    firstMs: durationMs(backoff.delay ?? DEFAULT_FIRST_MS, 'retry.backoff.delay'),
    maxMs: durationMs(backoff.max ?? DEFAULT_MAX_MS, 'retry.backoff.max'),
  }
}

/**
 * The delay after `failures` failed attempts, in ms: between half of the nominal delay and the whole of it, so that
 * jobs which failed together do not come back together.
 */
export function backoffMs(policy: Growth, failures: number, random: () => number): number {
  // 2 ** 1024 is Infinity, and 0 times that is not a number; 50 doublings are 35,000 years from a ms on.
  const nominal = policy.type === 'fixed' ? policy.firstMs : policy.firstMs * 2 ** Math.min(failures - 1, 50)
  return Math.round(Math.min(nominal, policy.maxMs) * (0.5 + random() / 2))
}
