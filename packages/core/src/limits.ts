/** Limits, which hold over all workers together, and pauses. */

export interface Limit {
  /** How many may run at the same moment. */
  concurrency?: number
  /** How many may start within any stretch of `perMs`. */
  rate?: { limit: number; perMs: number }
}

/**
 * What a limit is for: all jobs of a queue, all of a task, or of a task those of each key. A job starts when all that
 * concern it allow it.
 */
export interface LimitRule {
  of: 'queue' | 'task' | 'key'
  /** Of the queue, or of the task. */
  name: string
  limit: Limit | null
}

export type PauseTarget = { queue: string } | { task: string } | { task: string; key: string }
