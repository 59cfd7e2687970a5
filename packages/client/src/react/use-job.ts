/** One job, followed. */
import type { CancelOutcome, Job } from '@lovage/core'
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { originOf } from '../origin.ts'
import { idOf, type JobCalls, type JobIn, type Which } from './calls-types.ts'
import { followedJobs, known, NOTHING } from './followed-jobs.ts'
import { type JobView, viewOf } from './job-view.ts'
import { newId } from '../ids.ts'
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
  /** The job that is followed: the one that was asked for, or after `retry` the new one. */
  id: string | null
  connection: ConnectionState
  /** Ends the job. @throws LovageError as the client's `cancel`; TypeError where there is no job. */
  cancel: (reason?: string) => Promise<CancelOutcome>
  /**
   * There where the job has failed: runs it again, with the same input, as a new job that is followed from then on. A
   * second click is the same new job. @throws LovageError `NOT_FOUND` when the failed job is no longer kept for this.
   */
  retry: (() => Promise<{ id: string }>) | undefined
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
  const origin = originOf(calls)
  const { clock } = origin.wire
  const savedId = useSyncExternalStore(saved?.watch ?? never, () => saved?.id() ?? null, none)
  const [again, setAgain] = useState({ of: '', id: '' })
  const given = idOf(which) ?? savedId
  const id = given === again.of ? again.id : given
  const jobs = followedJobs(origin)
  const { rendered, start } = useKeyed([id, saved], () => {
    const rendered = initial !== undefined && initial.id === id ? known(initial) : NOTHING
    return { rendered, start: (id !== null && saved?.start(id)) || { known: rendered } }
  })

  const following = useCallback(
    (listener: () => void) => {
      if (id === null) return () => {}
      return jobs.follow(id, start).subscribe(listener)
    },
    [jobs, id, start],
  )
  const state = useSyncExternalStore(
    following,
    () => (id !== null && jobs.find(id)?.state) || start.known,
    () => rendered,
  )
  useEffect(
    () => (id === null ? undefined : saved?.keep(id, jobs.follow(id, start), clock)),
    [saved, jobs, id, start, clock],
  )

  const controls = useMemo(() => {
    let next = ''
    return {
      id,
      cancel: async (reason?: string) => {
        if (id === null) throw new TypeError('There is no job to cancel.')
        return await jobs.cancel(id, reason)
      },
      resume: () => id !== null && jobs.find(id)?.resume(),
      // Under one id however often it is clicked: the server makes one job of it.
      retry: async () => {
        next ||= newId(clock.now())
        await origin.mutate('retry', { id, newId: next })
        setAgain({ of: given as string, id: next })
        return { id: next }
      },
    }
  }, [origin, clock, jobs, id, given])
  const view = useMemo(() => viewOf(id, state), [id, state])
  const connection = useConnection(calls)
  const retry = view.state === 'failed' ? controls.retry : undefined
  return { ...view, ...controls, retry, connection } as UseJob<JobIn<C>>
}

const never = (): (() => void) => () => {}
const none = (): null => null
