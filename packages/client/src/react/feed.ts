/** The feed of a task or of all, followed by one component. */
import type { Cursor, Notice } from '@lovage/core'
import type { Origin } from '../origin.ts'
import { under } from '../wire.ts'
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

/** @param heal Brings up to date what notices that were missed would have told; the feed waits for it. */
export function followFeed<State extends FeedState>(
  { wire, path }: Origin,
  { from: start, ...filter }: FeedRequest,
  state: State,
  reduce: (state: State, notice: Extract<Notice, { jobId: string }>) => State,
  heal?: () => Promise<unknown>,
): Following<State> {
  return new Following<State>({
    clock: wire.clock,
    state,
    follow: async function* (from = start, signal) {
      const asked = { path: under(path, 'notices'), input: filter, from, signal, untilEnd: false }
      for await (const notice of wire.follow(asked)) {
        if (notice.type === 'gap') await heal?.()
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
