/** A job while it lives: its record, and the one place where it is, which says its state. */
import type { Encoded } from '../codec.ts'
import type { FlowPlace, Part } from '../flow.ts'
import { type AttemptRecord, HISTORY_MAX } from '../job.ts'
import type { Hold, JobRecord, Snapshot, StoredNotice } from '../store.ts'
import type { Traceparent } from '../trace.ts'
import type { Line } from './line.ts'

export interface LiveJob {
  /** Another one, under the same id, when a debounced job takes a newer one's place, or when its input is whole. */
  record: JobRecord
  /** Store time, Unix ms. */
  readonly enqueuedAt: number
  /** When it was last due, of one that was delayed. */
  dueAt?: number
  /** Attempts that count: those that failed and those whose worker was lost. The next claim is one more. */
  tries: number
  /** The newest of those attempts, oldest first. */
  history: AttemptRecord[]
  place: { in: 'line'; line: Line } | { in: 'later'; runAt: number } | { in: 'waiting' } | InHands
  readonly parent: FlowPlace['parent']
  readonly waits: Waits | undefined
}

/** In the hands of a session. */
export interface InHands {
  in: 'hands'
  session: string
  claimedAt: number
  progress?: Encoded
}

/** What a parent knows of its children, by their parts. */
export type Waits = NonNullable<FlowPlace['waits']> & {
  /** Their ids, from their enqueueing on. */
  readonly ids: Map<number, string>
  /** What came of those that have ended. */
  readonly parts: Map<number, Part>
}

/** The fence: whether the session that says so holds this job still, by that same claim. */
export function isHeld(
  job: LiveJob | undefined,
  session: string,
  hold: Hold,
): job is LiveJob & { place: InHands } {
  return job?.place.in === 'hands' && job.place.session === session && job.place.claimedAt === hold.claimedAt
}

/** The attempt that it is in, else the last one that counted; 0 before the first. */
export const attemptOf = ({ place, tries }: LiveJob): number => (place.in === 'hands' ? tries + 1 : tries)

/** What every notice of a job says. */
export function noticeFor(
  { id: jobId, task, owner }: JobRecord,
  at: number,
  trace: Traceparent | undefined,
): Pick<StoredNotice, 'jobId' | 'task' | 'owner' | 'at' | 'trace'> {
  return { jobId, task, owner, at, ...(trace !== undefined && { trace }) }
}

/** Whether the next one of its lane must wait until this one has ended. */
export const isOrdered = ({ options }: JobRecord): boolean =>
  options.ordered === true && options.lane !== undefined && options.lane !== ''

/** Notes an attempt that did not end the job. */
export function remember(job: LiveJob, attempt: AttemptRecord): void {
  const { name, message } = attempt.error
  job.history = [...job.history, { ...attempt, error: { name, message } }].slice(-HISTORY_MAX)
}

/** As snapshots and outcomes have it: only where there is any. */
export const historyOf = ({ history }: LiveJob): { history?: AttemptRecord[] } =>
  history.length === 0 ? {} : { history }

type WithoutCursor<S> = S extends unknown ? Omit<S, 'cursor'> : never
type LiveSnapshot = WithoutCursor<Extract<Snapshot, { job: JobRecord }>>

/** The job as `get` shows it, without its place in the feed. */
export function describe(live: LiveJob): LiveSnapshot {
  const { record: job, place, waits } = live
  const living = { job, attempt: attemptOf(live), ...historyOf(live) }
  switch (place.in) {
    case 'line':
      return { state: 'queued', ...living }
    case 'later':
      return { state: live.tries === 0 ? 'scheduled' : 'retrying', ...living, runAt: place.runAt }
    case 'waiting':
      return {
        state: 'waiting',
        ...living,
        flow: { done: waits?.parts.size ?? 0, total: waits?.children ?? 0 },
      }
    case 'hands': {
      const { claimedAt: startedAt, session: worker, progress } = place
      return { state: 'running', ...living, startedAt, worker, ...(progress && { progress }) }
    }
  }
}
