/** A live list of jobs: those that the server lists, what the feed has kept, and what comes. */
import type { Cursor } from '@lovage/core'
import { useMemo, useState, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { type Origin, originOf } from '../origin.ts'
import type { FeedCalls, FeedFilter, JobIn } from './calls-types.ts'
import { type FeedState, followFeed } from './feed.ts'
import { ListedJobs, type Listing } from './listed-jobs.ts'
import { useConnection } from './use-connection.ts'
import { useKeyed } from './use-keyed.ts'

export type UseJobsOptions<C extends FeedCalls> = Omit<FeedFilter<C>, 'types' | 'logs' | 'from'> & {
  /** Where in the feed to begin. Default `'start'`: the oldest notice that is kept. */
  from?: Cursor
  /**
   * Where the list begins besides, called for a page at a time, and again where notices were missed. Default: `list`
   * of these calls, which is all jobs that have not ended. `null`: the feed alone.
   *
   * @example (page) => jobs.list({ tag: 'import', ...page })
   */
  list?: Listing<JobIn<C>> | null | undefined
  /** Jobs on a page. Default 50. */
  limit?: number
  /** The most that are held at once, the newest. Default 1,000. */
  keep?: number
}

export interface UseJobs<C extends FeedCalls> extends FeedState {
  /** The newest first, as many pages as were asked for. A job that did not change is the same object. */
  jobs: readonly JobIn<C>[]
  /** Another page is known, or the server has more to list. */
  hasMore: boolean
  /**
   * Shows one page more. Resolves when it is there; rejects with a `LovageError` when it could not be listed, and may
   * be called again. Nobody has to catch that.
   */
  more: () => Promise<void>
  connection: ConnectionState
  /** Follows again after an `error`. */
  resume: () => void
}

const PAGE = 50
const KEEP = 1_000

/**
 * The feed tells of a job when something happens to it, so the list begins with what the server lists as well: also
 * jobs that merely wait are there. One that is enqueued later appears with its first notice, at once where its task
 * asks for `notices: ['queued', 'started']`.
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
  const { listed, following } = useKeyed([origin, keep, JSON.stringify([from, filter])], () => {
    const listed = new ListedJobs(listingsOf(origin, list, filter), origin.jobs.get, keep)
    return {
      listed,
      following: followFeed<FeedState>(
        origin,
        { ...filter, from, logs: false },
        { isLive: false, missed: 0, error: undefined },
        (state, notice) => {
          listed.hear(notice)
          return { ...state }
        },
        (why) => listed.begin(why === 'gap'),
      ),
    }
  })
  const state = useSyncExternalStore(following.subscribe, following.get, following.getInitial)
  const connection = useConnection(calls)
  return useMemo(() => {
    const all = listed.newestFirst() as JobIn<C>[]
    const shown = pages * limit
    const more = async (): Promise<void> => {
      if (all.length < shown + limit) await listed.read()
      setPages((count) => Math.max(count, pages + 1))
    }
    return {
      ...state,
      jobs: all.slice(0, shown),
      hasMore: all.length > shown || listed.hasMore,
      more: () => handled(more()),
      connection,
      resume: following.resume,
    }
  }, [state, pages, limit, connection, following, listed])
}

/** One for each task, or one for all. */
function listingsOf(
  origin: Origin,
  list: Listing | null | undefined,
  { tasks = [undefined] }: { tasks?: readonly (string | undefined)[] },
): readonly Listing[] {
  if (list !== undefined) return list === null ? [] : [list]
  return tasks.map((task) => (page) => origin.query('list', { ...page, ...(task !== undefined && { task }) }))
}

/** Whoever does not wait for it need not catch, either. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}
