/** What `createWorker` takes, and the same with every default filled in. */
import { hostname } from 'node:os'
import {
  type AnyTask,
  checkSchedules,
  type Clock,
  DEFAULT_QUEUE,
  type Duration,
  durationMs,
  type Limit,
  limitOf,
  type LimitOptions,
  queueName,
  refused,
  STEP_MAX,
  systemClock,
  taskList,
  type TaskTree,
  type Tracing,
} from '@lovage/core'
import type { ProbeOptions, TracedWorker } from '@lovage/ops'
import type { StoreOptions } from '@lovage/redis'
import type { Logger } from 'pino'
import { bindWorker, type WorkerTask } from './bind-handlers.ts'
import type { WorkerHandlers } from './worker-handlers.ts'
import { wholeNumber } from './whole-number.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface WorkerOptions<Tree extends TaskTree> extends StoreOptions {
  tasks: Tree
  /**
   * One for each task, in the same nesting; optional for tasks with a `run` of their own. A function, or the module
   * that holds it (`handlerModule`); the latter is needed for tasks that run in a thread or a process.
   */
  handlers: NoInfer<WorkerHandlers<Tree>>
  /**
   * How many jobs run at the same time. Default 10. Those that run inline share one event loop: a handler that
   * computes rather than waits belongs in a thread or a process (`isolation` of its task).
   */
  concurrency?: number | undefined
  /**
   * While many jobs wait and each takes a few milliseconds at most, a worker claims some before it has slots for them:
   * at most this many, and no more than it should get through in 10 ms. They count as running; one that waits for 50 ms
   * goes back to the head of its line. 0: it claims for free slots alone. Default 300, and 0 where a task allows one
   * attempt only, which the end of the process would take from jobs that never began, or tells of `started`, which is
   * told when a job is claimed.
   */
  prefetch?: number | undefined
  /** The queues that it serves. Default: those of its tasks. */
  queues?: readonly string[] | undefined
  /** Limits for all jobs of a queue together, over all workers; `null` takes one away. */
  queueLimits?: Readonly<Record<string, LimitOptions | null>> | undefined
  /** Default `info`, which tells of each job that it was received and how it ended. Not used with a `logger`. */
  logLevel?: LogLevel | undefined
  /** A pino logger of your own. Default: one that writes JSON lines to stdout, or readable ones to a terminal. */
  logger?: Logger | undefined
  /**
   * For how long the jobs of a worker that went silent are kept for it. Another worker runs them at most this and a
   * third of it later. Default 7.2 s.
   */
  lease?: Duration | undefined
  /** How long `stop` lets running handlers go on before it aborts their signals. Default 30 s. */
  drainTimeout?: Duration | undefined
  /**
   * How long a handler may go on after its signal was aborted. Then its thread or process is killed; an inline handler
   * only loses its slot to another job. Default 5 s.
   */
  grace?: Duration | undefined
  /** How long results of tasks that do not say so themselves are kept. Default 24 h. */
  resultTtl?: Duration | undefined
  /** A larger result fails its job. Default 1 MiB. */
  maxResultBytes?: number | undefined
  /** An HTTP probe for whoever watches over the process. Default: none. */
  probe?: WorkerProbeOptions | undefined
  /**
   * Makes a span of each attempt and has it active in the handler: `openTelemetry()` of `@lovage/ops/opentelemetry`.
   * Default: none; what a job carries of a trace is passed on all the same.
   */
  tracing?: Tracing<TracedWorker> | undefined
  /** What inspections and logs call this worker. Default: host and process id. */
  name?: string | undefined
  /**
   * Whether `run` looks after the process: SIGTERM and SIGINT drain the worker, and a rejection that a handler left
   * unhandled is logged and does not end the process. Default true.
   */
  signals?: boolean | undefined
  /** Default: the system's. */
  clock?: Clock | undefined
  /** A number from 0 to below 1; spreads retries and reconnects. Default `Math.random`. */
  random?: (() => number) | undefined
}

export interface WorkerProbeOptions extends ProbeOptions {
  /**
   * How long no fetch may succeed before the worker counts as dead and `/live` answers 503. Longer than Redis may be
   * away: an orchestrator that replaces workers meanwhile ends handlers whose outcomes would have been kept. Default
   * 2 min.
   */
  maxSilence?: Duration | undefined
}

export interface Settings {
  tasks: ReadonlyMap<string, WorkerTask>
  /** Tasks whose claims write a `started` notice. */
  announce: ReadonlySet<string>
  queues: readonly string[]
  queueLimits: ReadonlyMap<string, Limit | null>
  concurrency: number
  prefetch: number
  leaseMs: number
  drainTimeoutMs: number
  graceMs: number
  resultTtlMs: number
  maxResultBytes: number
  name: string
  signals: boolean
  tracing: Tracing<TracedWorker> | undefined
  probe: ProbeOptions | undefined
  maxSilenceMs: number
  clock: Clock
  random: () => number
}

/**
 * @throws TypeError when tasks and handlers do not match
 * @throws LovageError `OPTION_INVALID`
 */
export function settingsOf<Tree extends TaskTree>(options: WorkerOptions<Tree>): Settings {
  const tasks = bindWorker(options.tasks, options.handlers)
  const clock = options.clock ?? systemClock
  const definitions = [...tasks.values()].map(({ task }) => task)
  checkSchedules(definitions, clock.now())
  return {
    tasks,
    queues: queuesOf(options.queues, definitions),
    queueLimits: new Map(
      Object.entries(options.queueLimits ?? {}).map(([queue, limit]) => [
        queueName(queue),
        limit === null ? null : limitOf(limit, `queueLimits.${queue}.`),
      ]),
    ),
    announce: new Set(
      taskList(options.tasks)
        .filter(({ task }) => task.notices.includes('started'))
        .map(({ name }) => name),
    ),
    concurrency: wholeNumber('concurrency', options.concurrency ?? 10),
    prefetch: wholeNumber('prefetch', options.prefetch ?? prefetchFor(definitions), 0),
    leaseMs: wholeNumber('lease', durationMs(options.lease ?? '7.2s', 'lease')),
    drainTimeoutMs: durationMs(options.drainTimeout ?? '30s', 'drainTimeout'),
    graceMs: durationMs(options.grace ?? '5s', 'grace'),
    resultTtlMs: durationMs(options.resultTtl ?? '24h', 'resultTtl'),
    maxResultBytes: wholeNumber('maxResultBytes', options.maxResultBytes ?? 1024 * 1024),
    name: options.name ?? `${hostname()}:${process.pid}`,
    signals: options.signals ?? true,
    tracing: options.tracing,
    probe: options.probe,
    maxSilenceMs: wholeNumber(
      'probe.maxSilence',
      durationMs(options.probe?.maxSilence ?? '2m', 'probe.maxSilence'),
    ),
    clock,
    random: options.random ?? Math.random,
  }
}

/** A hundred that run while two steps bring a hundred each. */
const PREFETCH = 3 * STEP_MAX

const prefetchFor = (tasks: readonly AnyTask[]): number =>
  tasks.some(({ retry, notices }) => retry.attempts === 1 || notices.includes('started')) ? 0 : PREFETCH

function queuesOf(queues: readonly string[] | undefined, tasks: readonly AnyTask[]): string[] {
  const served = queues ?? tasks.map(({ rules }) => rules?.queue ?? DEFAULT_QUEUE)
  if (!Array.isArray(served) || served.length === 0) refused('queues', queues, 'a list of at least one queue')
  return [...new Set(served.map(queueName))]
}
