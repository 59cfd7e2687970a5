/** A live list of jobs, made from what the feed has kept and what comes. */
import { type Cursor, isFinal, isLovageError, type Job } from '@lovage/core'
import { useMemo, useState, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { type Origin, originOf } from '../origin.ts'
import { reduceJob } from '../reduce.ts'
import type { FeedCalls, FeedFilter, JobIn } from './calls-types.ts'
import { type FeedState, followFeed } from './feed.ts'
import { useConnection } from './use-connection.ts'
import { useKeyed } from './use-keyed.ts'

export type UseJobsOptions<C extends FeedCalls> = Omit<FeedFilter<C>, 'types' | 'logs' | 'from'> & {
  /** Where in the feed to begin. Default `'start'`: the oldest notice that is kept. */
  from?: Cursor
  /**
   * Where the list is to have more than the feed tells, such as jobs that wait since long: called at the start, and
   * again where notices were missed.
   *
   * @example () => jobs.list({ tag: 'import' })
   */
  list?: (() => Promise<{ jobs: readonly JobIn<C>[] }>) | undefined
  /** Jobs on a page. Default 50. */
  limit?: number
  /** The most that are held at once, the newest. Default 1,000. */
  keep?: number
}

export interface UseJobs<C extends FeedCalls> extends FeedState {
  /** The newest first, as many pages as were asked for. A job that did not change is the same object. */
  jobs: readonly JobIn<C>[]
  hasMore: boolean
  /** Shows one page more. */
  more: () => void
  connection: ConnectionState
  /** Follows again after an `error`. */
  resume: () => void
}

interface Listed extends FeedState {
  /** By id. Written in place: a copy for each of ten thousand notices would take seconds. */
  jobs: Map<string, Job>
}

const PAGE = 50
const KEEP = 1_000

/**
 * The feed tells of a job when something happens to it: a job that merely waits is listed where its task asks for
 * `notices: ['queued', 'started']`.
 *
 * @example const { jobs: list, hasMore, more } = useJobs(jobs, { tasks: ['batchScore'] })
 */
export function useJobs<C extends FeedCalls>(
  calls: C,
  options: UseJobsOptions<C> = {} as UseJobsOptions<C>,
): UseJobs<C> {
  const { limit = PAGE, keep = KEEP, from = 'start', list, ...filter } = options
  const origin = originOf(calls)
  const [pages, setPages] = useState(1)
  const following = useKeyed([origin, keep, JSON.stringify([from, filter])], () => {
    const jobs = new Map<string, Job>()
    return followFeed<Listed>(
      origin,
      { ...filter, from, logs: false },
      { jobs, isLive: false, missed: 0, error: undefined },
      (state, notice) => {
        jobs.set(notice.jobId, reduceJob(jobs.get(notice.jobId), notice))
        if (jobs.size >= 2 * keep) for (const { id } of newestFirst(jobs).slice(keep)) jobs.delete(id)
        return { ...state }
      },
      async (why) => {
        const listed = new Map<string, Job>((await list?.())?.jobs.map((job) => [job.id, job]))
        for (const job of listed.values()) jobs.set(job.id, job)
        const others = why === 'gap' ? [...jobs.values()].filter(({ id }) => !listed.has(id)) : []
        await Promise.all(others.map((job) => refresh(origin, jobs, job)))
      },
    )
  })
  const state = useSyncExternalStore(following.subscribe, following.get, following.getInitial)
  const connection = useConnection(calls)
  return useMemo(() => {
    const all = newestFirst(state.jobs).slice(0, keep)
    return {
      ...state,
      jobs: all.slice(0, pages * limit) as JobIn<C>[],
      hasMore: all.length > pages * limit,
      more: () => setPages((count) => count + 1),
      connection,
      resume: following.resume,
    }
  }, [state, pages, limit, keep, connection, following])
}

/** Asks for a job that was alive when it was last heard of. One that is no longer kept goes. */
async function refresh(origin: Origin, jobs: Map<string, Job>, { id, state }: Job): Promise<void> {
  if (isFinal(state)) return
  try {
    jobs.set(id, await origin.jobs.get(id))
  } catch (error) {
    if (!isLovageError(error, 'NOT_FOUND') && !isLovageError(error, 'RESULT_EXPIRED')) throw error
    jobs.delete(id)
  }
}

/** Ids begin with the time of enqueueing. */
const newestFirst = (jobs: Map<string, Job>): Job[] =>
  [...jobs.values()].sort((one, other) => (one.id < other.id ? 1 : -1))
