/** A job as a component sees it: a union on `status`, so that `result` has its type where there is one. */
import type { Failure, Job, JobState } from '@lovage/core'
import type { JobLine, Known } from './followed-jobs.ts'

type In<J extends Job, S extends JobState> = Extract<J, { state: S }>
type ProgressOf<J extends Job> = In<J, 'running'>['progress'] | undefined

interface Nothing {
  state: undefined
  job: undefined
  progress: undefined
  result: undefined
  error: undefined
}

/** The job is known, and its state is its status. */
type InState<J extends Job> = {
  [S in JobState]: {
    status: S
    state: S
    job: In<J, S>
    /** The newest report of the attempt that runs, or ran last. */
    progress: ProgressOf<J>
    result: S extends 'succeeded' ? In<J, 'succeeded'>['result'] : undefined
    /** Why the job, or before a retry the attempt, failed. */
    error: S extends 'failed' ? Failure : S extends 'retrying' ? Failure | undefined : undefined
  }
}[JobState]

interface Spoken {
  /** The newest 1,000 lines of its log, of all attempts. `attempt` and `n` together are a key. */
  logs: readonly JobLine[]
  /** What the newest attempt that streams text has written so far, the last 100,000 characters of it. */
  text: string
}

export type JobView<J extends Job = Job> = Spoken &
  (
    | /** No id was given. */
      ({ status: 'idle' } & Nothing)
    /** It is being enqueued, or nothing has been heard of it yet. */
    | ({ status: 'pending' } & Nothing)
    | InState<J>
    /** It cannot be followed: a `LovageError` such as NOT_FOUND or UNAUTHORIZED. `job` is the last that was heard. */
    | {
        status: 'error'
        state: JobState | undefined
        job: J | undefined
        progress: ProgressOf<J>
        result: undefined
        error: Error
      }
  )

export function viewOf(id: string | null, { job, progress, failure, error, logs, text }: Known): JobView {
  const status = id === null ? 'idle' : error !== undefined ? 'error' : (job?.state ?? 'pending')
  return {
    status,
    state: job?.state,
    job,
    progress,
    logs,
    text,
    result: job?.state === 'succeeded' ? job.result : undefined,
    error: error ?? (job?.state === 'failed' ? job.error : job?.state === 'retrying' ? failure : undefined),
  } as JobView
}
