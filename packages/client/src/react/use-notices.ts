/** The newest notices of a task or of all. */
import type { Cursor, JobNotice } from '@lovage/core'
import { useInsertionEffect, useRef, useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { originOf } from '../origin.ts'
import type { FeedCalls, FeedFilter, NoticeIn } from './calls-types.ts'
import { type FeedRequest, type FeedState, followFeed } from './feed.ts'
import { useConnection } from './use-connection.ts'
import { useKeyed } from './use-keyed.ts'

export type UseNoticesOptions<C extends FeedCalls> = FeedFilter<C> & {
  /** Called for each notice, once and in order, also for those that are not rendered. */
  onNotice?: ((notice: NoticeIn<C>) => void) | undefined
  /** How many are kept. Default 100. */
  limit?: number
}

export interface UseNotices<C extends FeedCalls> extends FeedState {
  /** The newest first. */
  notices: readonly NoticeIn<C>[]
  /** Up to where notices have been delivered: pass it as `from` after a reload, and none comes twice. */
  cursor: Cursor | undefined
  connection: ConnectionState
  /** Follows again after an `error`. */
  resume: () => void
}

interface Newest extends FeedState {
  notices: readonly JobNotice[]
}

const LIMIT = 100
const EMPTY: Newest = { notices: [], isLive: false, missed: 0, error: undefined }

/** @example const { notices } = useNotices(jobs, { types: ['failed'], onNotice: (notice) => toast(notice) }) */
export function useNotices<C extends FeedCalls>(
  calls: C,
  options: UseNoticesOptions<C> = {} as UseNoticesOptions<C>,
): UseNotices<C> {
  const { onNotice, limit = LIMIT, ...request } = options
  const origin = originOf(calls)
  const latest = useRef<typeof onNotice>(undefined)
  useInsertionEffect(() => {
    latest.current = onNotice
  })
  const following = useKeyed([origin, limit, JSON.stringify(request)], () =>
    followFeed(origin, request as FeedRequest, EMPTY, (state, notice) => {
      tell(latest.current as ((notice: JobNotice) => void) | undefined, notice)
      return { ...state, notices: [notice, ...state.notices.slice(0, limit - 1)] }
    }),
  )
  const state = useSyncExternalStore(following.subscribe, following.get, following.getInitial)
  const connection = useConnection(calls)
  const { cursor, resume } = following
  return { ...state, cursor, connection, resume } as unknown as UseNotices<C>
}

/** A listener that throws has a bug of its own, which must not end the feed. */
function tell(listener: ((notice: JobNotice) => void) | undefined, notice: JobNotice): void {
  try {
    listener?.(notice)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
