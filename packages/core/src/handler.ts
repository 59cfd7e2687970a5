/** What a worker hands to the function that it runs for a job. */
import type { JobLog } from './log.ts'
import type { AnyTask, RunnableTask, Task, TaskTypes } from './task.ts'

export interface JobContext<T extends TaskTypes = TaskTypes> {
  readonly job: {
    readonly id: string
    readonly task: string
    /** 1 for the first execution. */
    readonly attempt: number
    /** Unix ms, by the clock of whoever enqueued it. */
    readonly enqueuedAt: number
    /** Whose job it is; `null` where the queue is used without owners. */
    readonly owner: string | null
  }
  /**
   * Tells followers how far it is. Returns at once: the newest value wins, at a bounded rate, and the last one is
   * delivered before the outcome. A value that the schema refuses is dropped and logged, since a report must not
   * end a job.
   */
  progress(report: T['reports']): void
  /**
   * Writes a line to the job's log, for whoever follows or looks later: `log('loaded', { ms })`, `log.warn(…)`. Lines
   * go out together ten times a second, in order, before the outcome; the newest are kept with the job. Where more
   * come than may wait (100 of them, 32 KiB), the oldest are dropped and counted. Owners see them: no secrets.
   */
  readonly log: JobLog
  /**
   * Adds to a text that grows while the job runs, such as the answer of a language model. In order with the lines
   * and as they go out; what comes together is one piece.
   */
  chunk(text: string): void
  /** Aborted with an `AbortReason` as its `reason`: cancelled, time limit, shutdown, lease lost. */
  readonly signal: AbortSignal
}

/** The function that a worker runs for a task. */
export type HandlerOf<T extends TaskTypes> = (
  input: T['parsed'],
  context: JobContext<T>,
) => T['returns'] | Promise<T['returns']>

/**
 * The handlers that a worker must bring for a tree of tasks: one for each task, in the same nesting; optional for
 * tasks with a `run` of their own, and for a branch that has no others.
 */
export type Handlers<Tree> = {
  [K in keyof Tree as Tree[K] extends RunsItself ? never : K]: HandlersAt<Tree[K]>
} & {
  [K in keyof Tree as Tree[K] extends RunsItself ? K : never]?: HandlersAt<Tree[K]>
}

type HandlersAt<Entry> = Entry extends Task<infer T> ? HandlerOf<T> : Handlers<Entry>

/** A task with a `run`, or a branch of nothing else. */
export type RunsItself = RunnableTask<never> | RunnableTask | { readonly [key: string]: RunsItself }

/** A task with the function that runs it. */
export interface BoundTask {
  task: AnyTask
  handler: (input: unknown, context: JobContext) => unknown
}
