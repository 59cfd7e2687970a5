/** A job as `get` shows it: a union on `state`, so that each state has just the fields that exist in it. */
import type { TaskTypes } from './task.ts'
import type { Traceparent } from './trace.ts'

/**
 * ```
 * scheduled ─▶ queued ─▶ running ─▶ succeeded
 * waiting ──────▲ ▲         ├─────▶ failed    (waiting too, when a job that it waits for does)
 *                 └─ retrying ◀┘    cancelled (from every state on the left)
 *                                   expired   (from scheduled, waiting and queued, before the first attempt)
 * ```
 */
export type JobState = LiveState | FinalState
/** `waiting`: for jobs whose outputs are its input. */
export type LiveState = 'scheduled' | 'waiting' | 'queued' | 'running' | 'retrying'
export type FinalState = 'succeeded' | 'failed' | 'cancelled' | 'expired'

const FINAL: readonly string[] = ['succeeded', 'failed', 'cancelled', 'expired'] satisfies FinalState[]

export const isFinal = (state: JobState): state is FinalState => FINAL.includes(state)

/** Why an attempt or a job failed. */
export interface Failure {
  /** The name of the error that was thrown, such as `TypeError`, or an error code of Lovage, such as `OUTPUT_INVALID`. */
  name: string
  message: string
  /** For operators, at the queue itself; never sent to a client. */
  stack?: string
}

/** Attempts before the last one of which a job keeps the record: the newest ones. */
export const HISTORY_MAX = 20

/** One attempt that did not end its job. */
export interface AttemptRecord {
  attempt: number
  /** Unix ms. */
  startedAt: number
  ms: number
  /** The session of the worker. */
  worker: string
  /** Without a stack. `WORKER_LOST` when its worker was. */
  error: Failure
}

export interface JobBase<Name extends string> {
  readonly id: string
  readonly task: Name
  /** Unix ms, by the clock of whoever enqueued it. */
  readonly enqueuedAt: number
  /** Executions that have begun; 0 before the first. */
  readonly attempt: number
  /** Attempts that failed or whose worker was lost, oldest first, at most `HISTORY_MAX`; absent when there were none. */
  readonly history?: readonly AttemptRecord[]
  /** Its place in a trace, where it is traced: the attempt that it ended in, else where it was enqueued. */
  readonly trace?: Traceparent
  /** What was asked for it, from here on: absent is what a plain job has. */
  readonly queue?: string
  readonly priority?: number
  /** What limits and pauses of keys go by. */
  readonly key?: string
  readonly tags?: readonly string[]
  readonly metadata?: Metadata
  /** The failed job that this one is a new run of. */
  readonly retryOf?: string
}

/** What a user keeps with a job: plain JSON. */
export interface Metadata {
  readonly [name: string]: unknown
}

interface Ended {
  /** Unix ms; absent when it ended before it ever ran. */
  readonly startedAt?: number
  readonly finishedAt: number
  /** The session of the worker that it failed at, or succeeded at after others. For operators; never sent to a client. */
  readonly worker?: string
}

export type Job<T extends TaskTypes = TaskTypes, Name extends string = string> = JobBase<Name> &
  (
    | { readonly state: 'scheduled'; readonly runAt: number }
    /** `done` of `total` jobs whose outputs are its input have ended. */
    | { readonly state: 'waiting'; readonly done: number; readonly total: number }
    | { readonly state: 'queued' }
    | {
        readonly state: 'running'
        readonly startedAt: number
        readonly progress?: T['progress']
        /** The session of its worker. For operators; never sent to a client. */
        readonly worker?: string
      }
    | { readonly state: 'retrying'; readonly runAt: number }
    | ({ readonly state: 'succeeded'; readonly result: T['output'] } & Ended)
    | ({ readonly state: 'failed'; readonly error: Failure } & Ended)
    | ({ readonly state: 'cancelled'; readonly by: string | null; readonly reason: string | null } & Ended)
    | ({ readonly state: 'expired' } & Ended)
  )
