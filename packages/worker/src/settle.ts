/** What an attempt leads to. Pure: the whole retry behaviour can be read, and tested, as a table. */
import {
  type AbortReason,
  type Claimed,
  type Encoded,
  type Failure,
  retryDelayMs,
  type RetryPolicy,
  type Settlement,
  type Traceparent,
} from '@lovage/core'
import { failure } from './failure.ts'

/** How one execution ended, before anybody asked what that means for the job. */
export type AttemptResult =
  | { type: 'returned'; result: Encoded }
  /** Another attempt would end the same way, or is not wanted: bad input, bad output, `Discard`, `when`. */
  | { type: 'refused'; error: Failure }
  /** `delayMs`: when the handler said itself how long to wait. */
  | { type: 'threw'; error: Failure; delayMs?: number | undefined }

/** What is written for a job. */
export type Verdict =
  | { to: 'succeeded'; result: Encoded; ttlMs: number }
  | { to: 'failed'; error: Failure; ttlMs: number }
  | { to: 'retrying'; error: Failure; delayMs: number }

export interface Terms {
  task: string
  /** Of this execution; 1 for the first. */
  attempt: number
  policy: RetryPolicy
  ttlMs: number
  timeLimitMs: number
}

/** What a result means for its job, when nothing has broken the attempt off. */
export function verdictOf(result: AttemptResult, terms: Terms, random: () => number): Verdict {
  const { attempt, policy, ttlMs } = terms
  switch (result.type) {
    case 'returned':
      return { to: 'succeeded', result: result.result, ttlMs }
    case 'refused':
      return { to: 'failed', error: result.error, ttlMs }
    case 'threw':
      if (attempt >= policy.attempts) return { to: 'failed', error: result.error, ttlMs }
      return {
        to: 'retrying',
        error: result.error,
        delayMs: result.delayMs ?? retryDelayMs(policy, attempt, result.error, random),
      }
  }
}

/**
 * What counts of a result, given why the attempt was broken off. `null`: nothing may be written, because the hold is
 * gone, or because a shutdown broke the attempt off and the job is handed back as it was claimed.
 */
export function countedResult(
  result: AttemptResult,
  aborted: AbortReason | null,
  terms: Terms,
): AttemptResult | null {
  switch (aborted?.type) {
    case undefined:
      return result
    case 'cancelled':
    case 'lease_lost':
      return null
    case 'shutdown':
      return result.type === 'threw' ? null : result
    case 'time_limit':
      // Whoever returns a value after the signal has done the work; whoever throws has only obeyed.
      return result.type === 'returned' ? result : overTime(terms)
  }
}

/** The result of an attempt that ran past its time limit. */
export const overTime = ({ task, timeLimitMs }: Pick<Terms, 'task' | 'timeLimitMs'>): AttemptResult => ({
  type: 'threw',
  error: failure(
    'TIME_LIMIT',
    `The handler of task "${task}" ran longer than its time limit of ${timeLimitMs} ms.`,
  ),
})

/**
 * Written out rather than spread: at 100,000 jobs a second a spread costs as much as the whole rest of an attempt.
 *
 * @param trace Of the attempt, where it has a place of its own.
 */
export function settlementOf(
  { id, claimedAt, task, owner, attempt, options }: Claimed,
  verdict: Verdict,
  trace: Traceparent | undefined = options.trace,
): Settlement {
  switch (verdict.to) {
    case 'succeeded':
      return {
        id,
        claimedAt,
        task,
        owner,
        attempt,
        options,
        trace,
        to: verdict.to,
        result: verdict.result,
        ttlMs: verdict.ttlMs,
      }
    case 'failed':
      return {
        id,
        claimedAt,
        task,
        owner,
        attempt,
        options,
        trace,
        to: verdict.to,
        error: verdict.error,
        ttlMs: verdict.ttlMs,
      }
    case 'retrying':
      return {
        id,
        claimedAt,
        task,
        owner,
        attempt,
        options,
        trace,
        to: verdict.to,
        error: verdict.error,
        delayMs: verdict.delayMs,
      }
  }
}
