/** Server-Sent Events, for clients that cannot have a websocket. A part of its own, so that others do not pay for it. */
import type { Transport } from '../lines.ts'
import { EventStreams } from './event-streams.ts'

export interface SseOptions {
  /**
   * Loops at once; one more is refused with `TOO_MANY_SUBSCRIPTIONS`. Default 5, since over HTTP/1.1 a browser has six
   * connections to a server, and a seventh request waits for one of them to end. Over HTTP/2, 100 do.
   */
  maxStreams?: number
}

const MAX_STREAMS = 5

/**
 * Notices as Server-Sent Events, each loop on a request of its own, with the same promises as by websocket.
 *
 * @example createJobsClient<AppRouter>({ url: '/trpc', transport: sse() })
 */
export function sse({ maxStreams = MAX_STREAMS }: SseOptions = {}): Transport {
  return (options) => new EventStreams(options, maxStreams)
}
