/** One execution of a job in this process: its hold, its signal, and what it may do. */
import {
  type AbortReason,
  type AttemptSpan,
  type Claimed,
  type Held,
  type RetryPolicy,
  type Traceparent,
} from '@lovage/core'
import type { WorkerTask } from './bind-handlers.ts'
import type { JobEvent } from './events.ts'
import type { Reporting } from './reports.ts'
import type { AttemptResult, Terms } from './settle.ts'

/**
 * ```
 * running ─▶ ended        its result is here, and is written unless the hold goes meanwhile
 *    ├─────▶ abandoned    it ignored its time limit for the whole grace: settled without it, its slot given away
 *    └─────▶ void         its hold is gone: whatever it does is dropped; its slot is free when it ends
 *               └──▶ abandoned
 * ```
 * What runs in a thread or process is killed at the end of its grace, which ends it; it is abandoned only if even that
 * does not.
 */
export type Phase = 'running' | 'ended' | 'void' | 'abandoned'

export class Attempt {
  readonly claimed: Claimed
  readonly bound: WorkerTask
  readonly terms: Terms
  /** Unix ms by the worker's clock; `claimedAt` is by the store's. Of its claim, until its handler is called. */
  startedAt: number
  /** When something must be done about it: its time limit, then the end of its grace. */
  deadlineAt = Number.POSITIVE_INFINITY
  /** Ends its handler by force, where that can be done. */
  kill: (() => void) | null = null
  /** It was ended by force; what is left is to hear of it. */
  isKilled = false
  /** When it was told that its time limit is over; `null` before. */
  overtimeAt: number | null = null
  /** Why it was broken off, if it was: what becomes of its result depends on that. */
  aborted: AbortReason | null = null
  phase: Phase = 'running'
  /** Its result, while that waits for the last report to be delivered. */
  result: AttemptResult | null = null
  /** Of this attempt, from when its handler is called, where the worker traces. */
  span: AttemptSpan | undefined
  /** What it has reported; absent until it does. */
  reporting: Reporting | undefined
  #controller: AbortController | undefined

  constructor(claimed: Claimed, bound: WorkerTask, terms: Terms, startedAt: number) {
    this.claimed = claimed
    this.bound = bound
    this.terms = terms
    this.startedAt = startedAt
  }

  /** Its handler is called now, which is when its time begins to count. */
  begin(now: number, kill: (() => void) | null): void {
    this.kill = kill
    if (this.phase !== 'running') return
    this.startedAt = now
    this.deadlineAt = now + this.terms.timeLimitMs
  }

  /** Made when the handler first asks for it: most never do, and a controller costs more than the rest of an attempt. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.aborted !== null) this.#controller.abort(this.aborted)
    }
    return this.#controller.signal
  }

  /** A signal keeps its first reason; what becomes of the result follows the last one. */
  abort(reason: AbortReason): void {
    this.aborted = reason
    this.#controller?.abort(reason)
  }

  /** Its own place in a trace, else that of the enqueue. */
  get trace(): Traceparent | undefined {
    return this.span?.trace ?? this.claimed.options.trace
  }

  get event(): JobEvent {
    const { id, task, attempt } = this.claimed
    return { id, task, attempt, trace: this.trace }
  }
}

/** What notices of a job must say, taken from its claim. */
export const heldOf = ({ claimed: { id, claimedAt, task, owner, attempt }, trace }: Attempt): Held => ({
  id,
  claimedAt,
  task,
  owner,
  attempt,
  trace,
})

/** What this job may do: as its own options say, else as its task does. */
export function termsOf(claimed: Claimed, { task }: WorkerTask, resultTtlMs: number): Terms {
  const { options } = claimed
  const policy: RetryPolicy =
    options.attempts === undefined ? task.retry : { ...task.retry, attempts: options.attempts }
  return {
    task: claimed.task,
    attempt: claimed.attempt,
    policy,
    ttlMs: task.resultTtlMs ?? resultTtlMs,
    timeLimitMs: options.timeLimitMs ?? task.timeLimitMs,
  }
}
