/** How long to wait before the next attempt. Pure: chance is passed in. */
import { durationMs, type Duration } from './duration.ts'
import type { Failure } from './job.ts'
import { refused } from './refused.ts'

/**
 * `'exponential'` and `'fixed'` take the default delays; the object says its own, and with `jitter: false` they are
 * kept to the ms. A function says the delay after so many failed attempts itself.
 */
export type Backoff =
  | 'exponential'
  | 'fixed'
  | { type: 'exponential' | 'fixed'; delay?: Duration; max?: Duration; jitter?: boolean }
  | ((failures: number, error: Failure) => Duration)

export interface RetryOptions {
  /** Attempts in all, the first one included. Default 3. */
  attempts?: number
  /** Default exponential from 1 s, doubled each time, at most 10 min. */
  backoff?: Backoff
  /**
   * Whether another attempt makes sense after this error, as it was thrown. Default: always. `Retry` and `Discard` are
   * not asked about. Should it throw itself, the answer is yes.
   */
  when?: (error: unknown) => boolean
}

/** How delays grow. */
export interface Growth {
  type: 'exponential' | 'fixed'
  firstMs: number
  maxMs: number
  /** Absent: delays are spread. */
  jitter?: false
}

/** The retry options with every default filled in. */
export interface RetryPolicy extends Growth {
  attempts: number
  /** The user's own delays, which count before the growth. */
  delay?: (failures: number, error: Failure) => Duration
  when?: (error: unknown) => boolean
}

export const DEFAULT_ATTEMPTS = 3
const DEFAULT_FIRST_MS = 1_000
const DEFAULT_MAX_MS = 600_000

export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const attempts = options.attempts ?? DEFAULT_ATTEMPTS
  if (!Number.isInteger(attempts) || attempts < 1)
    refused('retry.attempts', attempts, 'a whole number from 1')
  const { backoff = 'exponential', when } = options
  if (when !== undefined && typeof when !== 'function')
    refused('retry.when', when, 'a function from an error to a boolean')
  return { attempts, ...growthOf(backoff), ...(when && { when }) }
}

function growthOf(backoff: Backoff): Growth & Pick<RetryPolicy, 'delay'> {
  if (typeof backoff === 'function') return { ...growthOf('exponential'), delay: backoff }
  const { type, delay, max, jitter } =
    typeof backoff === 'object'
      ? backoff
      : { type: backoff, delay: undefined, max: undefined, jitter: undefined }
  if (type !== 'exponential' && type !== 'fixed')
    refused(
      'retry.backoff',
      type,
      "'exponential', 'fixed', an object with one of them as type, or a function",
    )
  return {
    type,
    firstMs: durationMs(delay ?? DEFAULT_FIRST_MS, 'retry.backoff.delay'),
    maxMs: durationMs(max ?? DEFAULT_MAX_MS, 'retry.backoff.max'),
    ...(jitter === false && { jitter }),
  }
}

/** The delay before the next attempt, in ms: the user's own, else by growth. The defaults stand in for a function that fails. */
export function retryDelayMs(
  policy: RetryPolicy,
  failures: number,
  error: Failure,
  random: () => number,
): number {
  if (policy.delay !== undefined) {
    try {
      return durationMs(policy.delay(failures, error), 'retry.backoff')
    } catch {
      // A mistake in it must not cost the job its attempts: the defaults stand in.
    }
  }
  return backoffMs(policy, failures, random)
}

/**
 * The delay after `failures` failed attempts, in ms: between half of the nominal delay and the whole of it, so that
 * jobs which failed together do not come back together; without jitter the nominal one.
 */
export function backoffMs(policy: Growth, failures: number, random: () => number): number {
  // 2 ** 1024 is Infinity, and 0 times that is not a number; 50 doublings are 35,000 years from a ms on.
  const nominal = policy.type === 'fixed' ? policy.firstMs : policy.firstMs * 2 ** Math.min(failures - 1, 50)
  const spread = policy.jitter === false ? 1 : 0.5 + random() / 2
  return Math.round(Math.min(nominal, policy.maxMs) * spread)
}
