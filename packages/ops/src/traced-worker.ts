/** What traces need of a worker's events: `Worker` of `@lovage/worker` has all of it. */
import type { Failure, Traceparent } from '@lovage/core'

export interface TracedWorker {
  on<E extends keyof TracedEvents>(event: E, listener: (event: TracedEvents[E]) => void): () => void
}

interface Placed {
  trace?: Traceparent | undefined
}

/** How attempts end, and what befalls them. */
export interface TracedEvents {
  'job.succeeded': Placed
  'job.failed': Placed & { error: Failure }
  'job.retrying': Placed & { error: Failure; delayMs: number }
  'job.cancelled': Placed & { by: string | null; reason: string | null }
  'job.lost': Placed
  'job.returned': Placed
  'job.overtime': Placed & { timeLimitMs: number }
  'job.abandoned': Placed
  'job.report_refused': Placed & { why: string }
}
