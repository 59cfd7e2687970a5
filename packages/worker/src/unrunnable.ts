/** Claims that are settled without a handler being called. Pure. */
import { type Claimed, LovageError, type RetryPolicy } from '@lovage/core'
import { failure } from './failure.ts'
import type { Finished } from './outbox.ts'
import { settlementOf, type Terms, verdictOf } from './settle.ts'

/**
 * For a job whose task this worker does not know: a deploy is under way, and somebody else will. Two rounds of up to
 * half a minute are what most roll-outs need; more attempts would eat up those that the task itself allows.
 */
const UNKNOWN_TASK: RetryPolicy = { attempts: 3, type: 'fixed', firstMs: 30_000, maxMs: 30_000 }

/** Goes back with a delay, loudly; fails once its attempts are used up. */
export function unknownTask(
  claimed: Claimed,
  known: readonly string[],
  resultTtlMs: number,
  random: () => number,
): Finished {
  const { task, attempt, options } = claimed
  const { message } = new LovageError('TASK_UNKNOWN', { task, known })
  const policy = { ...UNKNOWN_TASK, attempts: options.attempts ?? UNKNOWN_TASK.attempts }
  const terms: Terms = { task, attempt, policy, ttlMs: resultTtlMs, timeLimitMs: 0 }
  const verdict = verdictOf(
    { type: 'threw', error: failure('TASK_UNKNOWN', `At this worker: ${message}`) },
    terms,
    random,
  )
  return { settlement: settlementOf(claimed, verdict), ms: 0, attempts: policy.attempts }
}

/** All its attempts went down with their workers, and maybe it was what took them down. */
export function outOfAttempts(claimed: Claimed, { task, policy, ttlMs }: Terms): Finished {
  const attempt = claimed.attempt - 1 // this one does not begin
  const error = failure('WORKER_LOST', new LovageError('WORKER_LOST', { task, attempts: attempt }).message)
  const settlement = settlementOf({ ...claimed, attempt }, { to: 'failed', error, ttlMs })
  return { settlement, ms: 0, attempts: policy.attempts }
}
