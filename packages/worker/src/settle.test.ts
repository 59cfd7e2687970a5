import type { AbortReason, Failure, RetryPolicy } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { type AttemptResult, countedResult, type Terms, type Verdict, verdictOf } from './settle.ts'

const exponential: RetryPolicy = { attempts: 3, type: 'exponential', firstMs: 1_000, maxMs: 600_000 }
const error: Failure = { name: 'TypeError', message: 'boom' }
const result = { json: '1' }

const returned: AttemptResult = { type: 'returned', result }
const refused: AttemptResult = { type: 'refused', error }
const threw: AttemptResult = { type: 'threw', error }

const terms = (attempt: number, policy = exponential): Terms => ({
  task: 'score',
  attempt,
  policy,
  ttlMs: 60_000,
  timeLimitMs: 5_000,
})
const failed: Verdict = { to: 'failed', error, ttlMs: 60_000 }
const retryingIn = (delayMs: number): Verdict => ({ to: 'retrying', error, delayMs })

describe('what a result means for its job', () => {
  const once: RetryPolicy = { ...exponential, attempts: 1 }
  const fixed: RetryPolicy = { ...exponential, type: 'fixed' }
  const capped: RetryPolicy = { ...exponential, attempts: 99, maxMs: 4_000 }

  test.each<[claim: string, AttemptResult, Terms, Verdict]>([
    ['a value ends it', returned, terms(1), { to: 'succeeded', result, ttlMs: 60_000 }],
    [
      'a value of the last attempt ends it as well',
      returned,
      terms(3),
      { to: 'succeeded', result, ttlMs: 60_000 },
    ],
    ['what another attempt would meet again fails it, whatever attempts are left', refused, terms(1), failed],
    ['the first error leads to the first delay', threw, terms(1), retryingIn(750)],
    ['the second error leads to twice that', threw, terms(2), retryingIn(1_500)],
    ['the last error fails it', threw, terms(3), failed],
    ['an error after the last attempt fails it', threw, terms(4), failed],
    ['one attempt means no retry', threw, terms(1, once), failed],
    ['a fixed delay stays', threw, terms(2, fixed), retryingIn(750)],
    ['no delay is longer than the policy says', threw, terms(50, capped), retryingIn(3_000)],
    ['a delay that the handler named counts as it is', { ...threw, delayMs: 42 }, terms(1), retryingIn(42)],
    ['a delay of 0 is a delay', { ...threw, delayMs: 0 }, terms(1), retryingIn(0)],
    ['a named delay gives no more attempts', { ...threw, delayMs: 42 }, terms(3), failed],
  ])('%s', (_claim, attemptResult, its, verdict) => {
    expect(verdictOf(attemptResult, its, () => 0.5)).toEqual(verdict)
  })

  test('chance spreads a delay over its upper half', () => {
    expect(verdictOf(threw, terms(1), () => 0)).toEqual(retryingIn(500))
    expect(verdictOf(threw, terms(1), () => 0.999)).toEqual(retryingIn(1_000))
  })
})

describe('what counts of a result, when the attempt was broken off', () => {
  const overTime = {
    type: 'threw',
    error: { name: 'TIME_LIMIT', message: expect.stringContaining('5000 ms') as string },
  } as AttemptResult
  const limit: AbortReason = { type: 'time_limit', timeLimitMs: 5_000 }
  const cancelled: AbortReason = { type: 'cancelled', by: 'ada', reason: null }

  test.each<[claim: string, AbortReason | null, AttemptResult, AttemptResult | null]>([
    ['nothing broke it off: all of it', null, threw, threw],
    ['a value after the time limit is done work', limit, returned, returned],
    ['an error after the time limit is the time limit', limit, threw, overTime],
    ['a refusal after the time limit is the time limit', limit, refused, overTime],
    ['a value during a shutdown is done work', { type: 'shutdown' }, returned, returned],
    ['a refusal during a shutdown is final', { type: 'shutdown' }, refused, refused],
    ['an error during a shutdown is handed back', { type: 'shutdown' }, threw, null],
    ['nothing of a cancelled job', cancelled, returned, null],
    ['nothing of a job that another worker has', { type: 'lease_lost' }, returned, null],
  ])('%s', (_claim, aborted, attemptResult, counted) => {
    expect(countedResult(attemptResult, aborted, terms(1))).toEqual(counted)
  })
})
