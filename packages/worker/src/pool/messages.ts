/** What a worker and a child of its pool, a thread or a process, say to each other. All of it is plain data. */
import type { AbortReason, Encoded, Failure, JobContext, SaidPart, Traceparent } from '@lovage/core'
import type { Report } from '../read-report.ts'
import type { AttemptResult } from '../settle.ts'

/** What a child is started with. */
export interface ChildData {
  /** URL of the handler module. */
  module: string
  /** The tasks that the module must have handlers for. */
  tasks: readonly string[]
  /** Whether it looks at its memory after each job, which takes longer than a short job does; else now and then. */
  isWeighed: boolean
  /** URL of the module that has a `withTrace`, where the worker traces. */
  tracing: string | undefined
}

/** From the worker. */
export type Order =
  /** `run` counts the jobs of this child, so that a word about one that is over is known as such. */
  | {
      type: 'run'
      run: number
      job: JobContext['job']
      input: Encoded
      maxResultBytes: number
      trace: Traceparent | undefined
    }
  | { type: 'abort'; run: number; reason: AbortReason }
  /** Tear down and end. */
  | { type: 'leave' }

/** From the child. */
export type Word =
  /** The module is loaded and set up. */
  | { type: 'ready' }
  /** It cannot be, and the child ends. */
  | { type: 'unfit'; error: Failure }
  /** The abort arrived: the event loop turns, whatever the handler makes of its signal. */
  | { type: 'heard'; run: number }
  | { type: 'report'; run: number; report: Report }
  | { type: 'said'; run: number; parts: readonly SaidPart[] }
  | { type: 'ended'; run: number; result: AttemptResult; memoryBytes: number | null }
  /** A rejection that nobody handled, or a mistake in `teardown`. */
  | { type: 'mistake'; error: Failure; during: string }
