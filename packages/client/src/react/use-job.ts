/** One job, followed. */
import type { CancelOutcome, Job } from '@lovage/core'
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { originOf } from '../origin.ts'
import { idOf, type JobCalls, type JobIn, type Which } from './calls-types.ts'
import { followedJobs, known, NOTHING } from './followed-jobs.ts'
import { type JobView, viewOf } from './job-view.ts'
import type { SavedJob } from './saved-job.ts'
import { useConnection } from './use-connection.ts'
import { useKeyed } from './use-keyed.ts'

export interface UseJobOptions<J extends Job = Job> {
  /** The job as a server knew it: what is rendered there, and here until there is news. */
  initial?: J | undefined
  /**
   * A place that remembers which job is followed, and how far. Where no id is given, the remembered job is followed,
   * so a reload goes on, and another tab follows along.
   */
  saved?: SavedJob | undefined
}

export type UseJob<J extends Job = Job> = JobView<J> & {
  id: string | null
  connection: ConnectionState
  /** Ends the job. @throws LovageError as the client's `cancel`; TypeError where there is no job. */
  cancel: (reason?: string) => Promise<CancelOutcome>
  /** Follows again after an `error`: once the user has signed in again, for instance. */
  resume: () => void
}

/**
 * A job by its id or handle, reduced notice by notice; `null` is `idle`. All who follow the same job share one
 * subscription, which ends with the last of them.
 *
 * @example const { status, progress, result, cancel } = useJob(jobs.batchScore, id)
 */
export function useJob<C extends JobCalls>(
  calls: C,
  which: Which,
  { initial, saved }: UseJobOptions<JobIn<C>> = {},
): UseJob<JobIn<C>> {
  const { wire, path } = originOf(calls)
  const savedId = useSyncExternalStore(saved?.watch ?? never, () => saved?.id() ?? null, none)
  const id = idOf(which) ?? savedId
  const jobs = followedJobs(wire)
  const { rendered, start } = useKeyed([id, saved], () => {
    const rendered = initial !== undefined && initial.id === id ? known(initial) : NOTHING
    return { rendered, start: (id !== null && saved?.start(id)) || { known: rendered } }
  })

  const following = useCallback(
    (listener: () => void) => {
      if (id === null) return () => {}
      return jobs.follow(path, id, start).subscribe(listener)
    },
    [jobs, path, id, start],
  )
  const state = useSyncExternalStore(
    following,
    () => (id !== null && jobs.find(path, id)?.state) || start.known,
    () => rendered,
  )
  useEffect(
    () => (id === null ? undefined : saved?.keep(id, jobs.follow(path, id, start), wire.clock)),
    [saved, jobs, path, id, start, wire],
  )

  const controls = useMemo(
    () => ({
      id,
      cancel: async (reason?: string) => {
        if (id === null) throw new TypeError('There is no job to cancel.')
        return await jobs.cancel(path, id, reason)
      },
      resume: () => id !== null && jobs.find(path, id)?.resume(),
    }),
    [jobs, path, id],
  )
  const view = useMemo(() => viewOf(id, state), [id, state])
  const connection = useConnection(calls)
  return { ...view, ...controls, connection } as UseJob<JobIn<C>>
}

const never = (): (() => void) => () => {}
const none = (): null => null
