/** What one enqueued job may have otherwise than its task says. */
import type { Durability } from './durability.ts'
import type { Duration } from './duration.ts'
import type { Metadata } from './job.ts'
import type { Debounce, Singleton } from './task-rules.ts'
import type { Traceparent } from './trace.ts'

/** What every caller may say, a browser too. */
export interface EnqueueOptions {
  /** The job's id, a UUIDv7 of your own making (`newJobId()`): enqueuing it twice makes one job. Default: a new one. */
  id?: string
  /**
   * Within its window (24 h unless said otherwise) another enqueue of the same owner, task and key makes no new job, but
   * answers with this one, whether it has ended or not.
   */
  idempotencyKey?: string | { key: string; window: Duration }
  /** Earliest start, counted from now. Default: at once. */
  delay?: Duration
  /** Earliest start as a moment, by the store's clock; one that is past is at once. Not beside `delay`. */
  runAt?: Date
  /** It ends as `expired` if no worker has started it within this, counted from its earliest start. Default: as the task says. */
  expiresIn?: Duration
  /** From 1 to 100, higher ones earlier. Default: as the task says. */
  priority?: number
  /** Attempts in all. Default: as the task says. */
  attempts?: number
  /** How long one attempt may run. Default: as the task says. */
  timeLimit?: Duration
  /** Beside those of the task. */
  tags?: readonly string[]
  /** Plain JSON, at most 4 KiB, which `get` shows. */
  metadata?: Metadata
  /** The trace that it belongs to, as a W3C traceparent. Default: what the queue's `tracing` says. */
  trace?: Traceparent
}

/** At the queue itself a job may also be given to an owner, and leave the ways of its task. */
export interface QueueEnqueueOptions extends EnqueueOptions {
  /** Default: as the queue says. */
  durability?: Durability
  owner?: string
  /** Default: as the task says. */
  queue?: string
  /** The key that the job counts for. Default: what the task's `key` makes of the input. */
  concurrencyKey?: string | number
  /** The same, and the next job of the key waits for the end of this one. */
  orderingKey?: string | number
  singleton?: Singleton
  debounce?: Debounce
  throttle?: Duration
}

/** What may be said of a flow as a whole. */
export interface FlowOwnOptions {
  /** As of one job: within the window another flow with this key makes nothing new, and answers with this one. */
  idempotencyKey?: string | { key: string; window: Duration }
  /** As of one job. */
  trace?: Traceparent
}

export interface FlowEnqueueOptions extends FlowOwnOptions {
  /** Default: as the queue says. */
  durability?: Durability
  /** Of all its jobs. */
  owner?: string
}
