/** Where the handlers of a module run, as whoever has a job for them sees it. */
import type { AttemptSpan, Encoded, JobContext, SaidPart } from '@lovage/core'
import type { Report } from './read-report.ts'
import type { AttemptResult } from './settle.ts'

/** A job on its way to its handler. */
export interface PlacedJob {
  input: Encoded
  maxResultBytes: number
  context: JobContext
}

export interface PlaceHooks {
  /** Its handler is called now. `kill` is `null` where nothing can stop it. Answers the span that is to be active in it. */
  onBegun: (kill: (() => void) | null) => AttemptSpan | undefined
  /** Whoever runs it knows of the abort, whatever the handler makes of its signal. */
  onHeard: () => void
  onReport: (report: Report) => void
  onSaid: (parts: readonly SaidPart[]) => void
}

export interface Place {
  /** @throws LovageError `MODULE_FAILED` */
  start(): Promise<void>
  /** Never rejects. */
  run(job: PlacedJob, hooks: PlaceHooks): Promise<AttemptResult>
  close(): Promise<void>
}
