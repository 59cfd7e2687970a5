/** A notice: one event of a job as delivered to whoever follows, and two of the feed itself. */
import type { Cursor } from './cursor.ts'
import { type Failure, type FinalState, isFinal, type Job, type JobState } from './job.ts'
import type { LogLine } from './log.ts'
import type { TaskTypes } from './task.ts'
import type { Named } from './tasks.ts'
import type { Traceparent } from './trace.ts'

interface NoticeBase<Name extends string> {
  /** The place of this notice in the feed: follow from here to get what comes after it. */
  readonly cursor: Cursor
  readonly jobId: string
  readonly task: Name
  /** Unix ms, by the store's clock. */
  readonly at: number
  /**
   * Its place in a trace, where the job is traced: the attempt that it tells of, else the enqueue. `log` and `chunk`
   * have none.
   */
  readonly trace?: Traceparent
}

/** What happened to a job. `queued` and `started` are written for tasks that ask for them in `notices`. */
export type JobNotice<T extends TaskTypes = TaskTypes, Name extends string = string> = NoticeBase<Name> &
  (
    | { readonly type: 'queued' }
    | { readonly type: 'started'; readonly attempt: number }
    | { readonly type: 'progress'; readonly data: T['progress'] }
    /** `dropped`: lines just before these that were lost, since more came than may wait; nearly always 0. */
    | {
        readonly type: 'log'
        readonly attempt: number
        readonly lines: readonly LogLine[]
        readonly dropped: number
      }
    /** `offset`: characters of the attempt's text before this piece, those `dropped` included. */
    | {
        readonly type: 'chunk'
        readonly attempt: number
        readonly text: string
        readonly offset: number
        readonly dropped: number
      }
    | { readonly type: 'retrying'; readonly attempt: number; readonly error: Failure; readonly runAt: number }
    | { readonly type: 'succeeded'; readonly attempt: number; readonly result: T['output'] }
    | { readonly type: 'failed'; readonly attempt: number; readonly error: Failure }
    | { readonly type: 'cancelled'; readonly by: string | null; readonly reason: string | null }
    | { readonly type: 'expired' }
  )

/** Events of the feed itself. */
export type FeedNotice<T extends TaskTypes = TaskTypes, Name extends string = string> =
  /**
   * What comes next is live. Whoever follows one job and started without a cursor gets the job as it is now.
   * `restarted`: the place that was asked for lies ahead of the whole feed, since the queue was emptied or put back;
   * following goes on at `cursor`.
   */
  | {
      readonly type: 'ready'
      readonly cursor: Cursor
      readonly job?: Job<T, Name>
      readonly restarted?: true
    }
  /**
   * `missed` records of the feed were trimmed before they could be delivered. Its cursor stands behind them; where one
   * job is followed before them, and the job as it is comes next.
   */
  | { readonly type: 'gap'; readonly cursor: Cursor; readonly missed: number }

export type Notice<T extends TaskTypes = TaskTypes, Name extends string = string> =
  | JobNotice<T, Name>
  | FeedNotice<T, Name>

/** The notices of a union of tasks, discriminated by `task` and `type`. */
export type NoticeOf<Tasks> =
  | (Tasks extends Named<infer Name, infer T> ? JobNotice<T, Name> : never)
  | Exclude<FeedNotice, { type: 'ready' }>
  | { readonly type: 'ready'; readonly cursor: Cursor; readonly restarted?: true }

/** The jobs of a union of tasks, discriminated by `task` and `state`. */
export type JobOf<Tasks> = Tasks extends Named<infer Name, infer T> ? Job<T, Name> : never

export type JobNoticeType = JobNotice['type']

export const JOB_NOTICE_TYPES = [
  'queued',
  'started',
  'progress',
  'log',
  'chunk',
  'retrying',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const satisfies JobNoticeType[]

/** Whether a notice is a job's last. */
export const isTerminal = <N extends { type: string }>(
  notice: N,
): notice is Extract<N, { type: FinalState }> => isFinal(notice.type as JobState)
