/** Runs the worker of a module, in this process or, with `--watch`, in one that is started anew. */
import type { Duration } from '@lovage/core'
import type { LogLevel } from '@lovage/worker'
import type { Context } from '../context.ts'

export interface WorkerOptions {
  concurrency?: number
  queues?: string[]
  logLevel?: LogLevel
  drainTimeout?: Duration
  name?: string
  watch?: boolean
}

export async function worker(context: Context, options: WorkerOptions, path: string): Promise<void> {
  if (options.watch) return (await import('../watch.ts')).watchWorker(context.out)
  await (await import('../run-module.ts')).runModule(path, options, context)
}
