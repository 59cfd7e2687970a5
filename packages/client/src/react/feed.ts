/** The feed of a task or of all, followed by one component. */
import type { Cursor, Notice } from '@lovage/core'
import type { Origin } from '../origin.ts'
import { Following } from './following.ts'

export interface FeedState {
  /** All that was kept has been delivered; what comes next is live. */
  isLive: boolean
  /** Notices that were trimmed on the server before they could be delivered. */
  missed: number
  error: Error | undefined
}

export interface FeedRequest {
  tasks?: readonly string[]
  types?: readonly string[]
  logs?: boolean
  from?: Cursor
}

/**
 * @param heal Called where notices were missed, and once at the start: brings up to date what those would have told.
 * The feed waits for it.
 */
export function followFeed<State extends FeedState>(
  origin: Origin,
  { from: start, ...filter }: FeedRequest,
  state: State,
  reduce: (state: State, notice: Extract<Notice, { jobId: string }>) => State,
  heal?: (why: 'gap' | 'ready') => Promise<unknown>,
): Following<State> {
  return new Following<State>({
    clock: origin.wire.clock,
    state,
    follow: async function* (from = start, signal) {
      let isHealed = false
      for await (const notice of origin.follow('notices', filter, { from, signal })) {
        if (notice.type === 'gap' || (notice.type === 'ready' && !isHealed)) await heal?.(notice.type)
        isHealed ||= notice.type === 'ready'
        yield notice
      }
    },
    reduce: (before, notice) => {
      if (notice.type === 'ready') return { ...before, isLive: true }
      if (notice.type === 'gap') return { ...before, missed: before.missed + notice.missed }
      return reduce(before, notice)
    },
  })
}
