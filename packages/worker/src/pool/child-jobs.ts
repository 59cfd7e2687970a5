/** The job that runs in this child: its signal, its reports and its end, as the worker gets to know them. */
import { type BoundTask, createLog, type JobContext, type WithTrace } from '@lovage/core'
import { runAttempt } from '../run-attempt.ts'
import type { AttemptResult } from '../settle.ts'
import { ChildReports } from './child-reports.ts'
import type { LoadedModule } from './load-module.ts'
import type { Order, Word } from './messages.ts'

export class ChildJobs {
  readonly #memoryBytes: () => number | null
  readonly #say: (word: Word) => void
  /** Has the place of a job in a trace active in its handler. */
  withTrace: WithTrace | undefined
  #current: { run: number; controller: AbortController } | null = null

  constructor(memoryBytes: () => number | null, say: (word: Word) => void) {
    this.#memoryBytes = memoryBytes
    this.#say = say
  }

  async run(
    module: LoadedModule,
    { run, job, input, maxResultBytes, trace }: Order & { type: 'run' },
  ): Promise<void> {
    const controller = new AbortController()
    this.#current = { run, controller }
    const bound = module.handlers.get(job.task) as BoundTask // there since the module was loaded
    const reports = new ChildReports({
      schema: bound.task.progress,
      onReport: (report) => this.#say({ type: 'report', run, report }),
      onSaid: (parts) => this.#say({ type: 'said', run, parts }),
    })
    const context: JobContext = {
      job,
      signal: controller.signal,
      progress: reports.report,
      log: createLog(reports.log),
      chunk: reports.chunk,
    }
    const call = (): Promise<AttemptResult> => runAttempt(bound, input, context, maxResultBytes)
    const result = await (trace === undefined || this.withTrace === undefined
      ? call()
      : this.withTrace(trace, call))
    await reports.end()
    this.#current = null
    this.#say({ type: 'ended', run, result, memoryBytes: this.#memoryBytes() })
  }

  abort({ run, reason }: Order & { type: 'abort' }): void {
    if (this.#current?.run !== run) return
    this.#say({ type: 'heard', run })
    this.#current.controller.abort(reason)
  }
}
