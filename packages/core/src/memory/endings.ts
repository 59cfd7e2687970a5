/**
 * How jobs end: the outcome and the notice, and what follows for the jobs around it. A child's end is told to its
 * parent; a parent that ends before its children ends them too.
 */
import type { Encoded } from '../codec.ts'
import type { Cursor } from '../cursor.ts'
import { FLOW_EXPIRED, FLOW_FAILED, type Part } from '../flow.ts'
import type { Failure } from '../job.ts'
import { joinParts } from '../join-parts.ts'
import type { Outcome } from '../store.ts'
import type { Traceparent } from '../trace.ts'
import type { Feed } from './feed.ts'
import type { Jobs } from './jobs.ts'
import { attemptOf, historyOf, type LiveJob, noticeFor, type Waits } from './live-job.ts'
import { shownOf } from '../shown-options.ts'
import type { FailedJobs } from './failed-jobs.ts'
import type { Outcomes } from './outcomes.ts'
import type { Sessions } from './sessions.ts'

/** `trace`: of the attempt that it ended in. Absent: where it was enqueued. */
export type Ending =
  | { state: 'succeeded'; result: Encoded; trace?: Traceparent | undefined }
  | { state: 'failed'; error: Failure; trace?: Traceparent | undefined }
  | Cancelled
  | { state: 'expired' }
interface Cancelled {
  state: 'cancelled'
  by: string | null
  reason: string | null
}

export class Endings {
  readonly #jobs: Jobs
  readonly #outcomes: Outcomes
  readonly #failed: FailedJobs
  readonly #feed: Feed
  readonly #sessions: Sessions

  constructor(jobs: Jobs, outcomes: Outcomes, failed: FailedJobs, feed: Feed, sessions: Sessions) {
    this.#jobs = jobs
    this.#outcomes = outcomes
    this.#failed = failed
    this.#feed = feed
    this.#sessions = sessions
  }

  /** Answers the place of the notice. */
  end(job: LiveJob, ending: Ending, ttlMs: number, now: number): Cursor {
    const cursor = this.#close(job, ending, ttlMs, now)
    this.#endChildren(job, ending, ttlMs, now)
    this.#tellParent(job, ending, now)
    return cursor
  }

  /** The input of a job may be whole from the beginning. */
  complete(job: LiveJob, waits: Waits, now: number): void {
    if (waits.parts.size < waits.children) return
    const parts = [...waits.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part)
    const input = joinParts(parts, waits.input)
    if (waits.isGroup) {
      this.end(job, { state: 'succeeded', result: input }, ttlOf(job), now)
    } else {
      job.record = { ...job.record, input }
      this.#jobs.join(job)
    }
  }

  /** The job alone. */
  #close(job: LiveJob, ending: Ending, ttlMs: number, now: number): Cursor {
    const { id, task, owner } = job.record
    const attempt = attemptOf(job)
    const hands = job.place.in === 'hands' ? job.place : undefined
    this.#jobs.remove(job, now)
    const worker = ending.state === 'failed' || (ending.state === 'succeeded' && job.history.length > 0)
    const options = shownOf(job.record.options)
    const { trace, ...end } = 'trace' in ending ? ending : { ...ending, trace: job.record.options.trace }
    const about = noticeFor(job.record, now, trace)
    const outcome: Outcome = {
      id,
      task,
      owner,
      attempt,
      finishedAt: now,
      ...end,
      ...(trace !== undefined && { trace }),
      ...(hands && { startedAt: hands.claimedAt }),
      ...(hands && worker && { worker: hands.session }),
      ...historyOf(job),
      ...(options && { options }),
    }
    this.#outcomes.put(outcome, ttlMs)
    // One that never ran cannot be run again: it failed with a job that it waited for.
    if (ending.state === 'failed' && hands !== undefined) this.#failed.add(job.record, outcome)
    switch (ending.state) {
      case 'succeeded':
        return this.#feed.append({ type: 'succeeded', ...about, attempt, data: ending.result })
      case 'failed':
        return this.#feed.append({ type: 'failed', ...about, attempt, error: ending.error })
      case 'expired':
        return this.#feed.append({ type: 'expired', ...about })
      case 'cancelled': {
        const { by, reason } = ending
        if (hands !== undefined) {
          this.#jobs.gates.linger(job, hands.session)
          this.#sessions.tell(hands.session, { id, by, reason })
        }
        return this.#feed.append({ type: 'cancelled', ...about, by, reason })
      }
    }
  }

  #endChildren(parent: LiveJob, ending: Ending, ttlMs: number, now: number): void {
    switch (ending.state) {
      case 'cancelled':
        return this.#cancelChildren(parent, ending, now, ttlMs)
      case 'failed':
        return this.#cancelChildren(parent, { state: 'cancelled', by: null, reason: FLOW_FAILED }, now)
      case 'expired':
        return this.#cancelChildren(parent, { state: 'cancelled', by: null, reason: FLOW_EXPIRED }, now)
      case 'succeeded':
    }
  }

  /** Those that live, in the order of their parts, each followed by its own; without `ttlMs`, for as long as each says. */
  #cancelChildren(parent: LiveJob, cancelled: Cancelled, now: number, ttlMs?: number): void {
    const ids = [...(parent.waits?.ids ?? [])].toSorted(([a], [b]) => a - b).map(([, id]) => id)
    for (const id of ids) {
      const child = this.#jobs.get(id)
      if (child?.parent?.id !== parent.record.id) continue
      this.#close(child, cancelled, ttlMs ?? ttlOf(child), now)
      this.#cancelChildren(child, cancelled, now, ttlMs)
    }
  }

  #tellParent(child: LiveJob, ending: Ending, now: number): void {
    const { parent: link } = child
    const parent = link && this.#jobs.get(link.id)
    if (link === undefined || parent?.waits?.ids.get(link.part) !== child.record.id) return
    const { waits } = parent
    const part = partOf(ending, link.onFailure)
    if (part === null) {
      this.end(parent, { state: 'failed', error: failureOf(child, ending) }, ttlOf(parent), now)
      return
    }
    waits.parts.set(link.part, part)
    if (waits.input === 'list') {
      const data = { json: JSON.stringify({ done: waits.parts.size, total: waits.children }) }
      this.#feed.append({
        type: 'progress',
        ...noticeFor(parent.record, now, parent.record.options.trace),
        data,
      })
    }
    this.complete(parent, waits, now)
  }
}

const ttlOf = ({ record: { options } }: LiveJob): number => options.ttlMs ?? 0

/** `null`: the parent cannot do without. */
function partOf(ending: Ending, onFailure: 'fail' | 'keep'): Part | null {
  if (ending.state === 'succeeded') return { value: ending.result, isKept: onFailure === 'keep' }
  if (onFailure === 'fail') return null
  switch (ending.state) {
    case 'failed':
      return { error: { name: ending.error.name, message: ending.error.message } }
    case 'cancelled':
      return { error: { name: 'JOB_CANCELLED', message: ending.reason ?? '' } }
    case 'expired':
      return { error: { name: 'JOB_EXPIRED', message: '' } }
  }
}

function failureOf({ record: { id, task } }: LiveJob, ending: Ending): Failure {
  const subject = `Job ${id} of task "${task}"`
  const failure = (message: string): Failure => ({
    name: 'DEPENDENCY_FAILED',
    message: `${subject} ${message}`,
  })
  switch (ending.state) {
    case 'failed':
      return failure(`failed: ${ending.error.name}: ${ending.error.message}`)
    case 'cancelled':
      return failure(ending.reason ? `was cancelled: ${ending.reason}` : 'was cancelled')
    default:
      return failure('expired')
  }
}
