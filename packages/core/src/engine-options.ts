/** What an engine may have otherwise. */
import type { Clock } from './clock.ts'
import type { Durability } from './durability.ts'
import type { Tracing } from './trace.ts'

export interface EngineOptions {
  /** How long results are kept, unless the task says otherwise, in ms. Default 24 h. */
  resultTtlMs?: number
  /** Largest input, encoded, in bytes. Default 1 MiB. */
  maxPayloadBytes?: number
  /**
   * Takes every name of a task as it is, with no schema and all defaults where no definition is there for it: for
   * operators' tools, which know names alone. Default false.
   */
  acceptsUnknownTasks?: boolean
  /** Makes spans of enqueues, and has jobs carry them: `openTelemetry()` of `@lovage/ops/opentelemetry`. Default: none. */
  tracing?: Tracing<never>
  /** How much must have happened before an enqueue counts as done. Default `accepted`: the primary has the jobs. */
  durability?: Durability
  clock?: Clock
  /** Between 0 and 1; for the jitter of reconnects. */
  random?: () => number
  /** Hears once, after the first use, what an operator should know about the store's settings. Default `console.warn`. */
  onWarning?: (message: string) => void
}
