/** What collects figures, as the probe and a worker know it: which library does it is its own affair. */
import type { Counts, Isolation, PoolView, QueueDepth, QueueEvents } from '@lovage/core'

export interface Metrics {
  readonly contentType: string
  /** All figures, as `/metrics` answers them. */
  text(): Promise<string>
  /** Counts from now on what this worker tells. */
  watchWorker(worker: WatchedWorker): void
  /** Counts from now on what happens at this queue, and asks it for its depth whenever figures are wanted. */
  watchQueue(queue: WatchedQueue): void
}

/** What figures need of a worker: `Worker` of `@lovage/worker` has all of it. */
export interface WatchedWorker {
  health(): {
    ready: boolean
    lastStepAt: number | null
    slots: number
    running: number
    unsettled: number
    abandoned: number
  }
  pools(): PoolView[]
  on<E extends keyof WatchedEvents>(event: E, listener: (event: WatchedEvents[E]) => void): () => void
}

interface Ended {
  task: string
  ms: number
}

/** Of a worker's events those that are counted, with the parts that matter for it. */
export interface WatchedEvents {
  'job.succeeded': Ended
  'job.failed': Ended
  'job.retrying': Ended
  'job.cancelled': { task: string }
  'job.lost': { task: string }
  'job.returned': { task: string }
  'job.overtime': { task: string }
  'job.abandoned': { task: string }
  'child.ended': { isolation: Isolation; as: string }
  'worker.disconnected': object
  'worker.expired': object
}

/** What figures need of a queue: every `Queue` has all of it. */
export interface WatchedQueue {
  counts(): Promise<Counts>
  depths(): Promise<QueueDepth[]>
  on<E extends keyof QueueEvents>(event: E, listener: (event: QueueEvents[E]) => void): () => void
}
