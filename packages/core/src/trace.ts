/**
 * Traces, as far as the core knows of them: a text that travels with a job and its notices, and whoever makes spans of
 * what happens. Nothing here needs a tracing library; `@lovage/ops/opentelemetry` has one.
 */
import { refused } from './refused.ts'

/**
 * A place in a trace, as the W3C writes it: `00-<trace id>-<span id>-<flags>`, 32, 16 and 2 hexadecimal digits. Whoever
 * reads one makes it the parent of its own span.
 */
export type Traceparent = string

const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

export const isTraceparent = (text: unknown): text is Traceparent =>
  typeof text === 'string' && TRACEPARENT.test(text)

/** @throws LovageError `OPTION_INVALID` */
export function traceparentOf(given: unknown): Traceparent {
  if (isTraceparent(given)) return given
  return refused('trace', given, 'a W3C traceparent, such as 00-<32 hex digits>-<16 hex digits>-01')
}

/** An enqueue, as a span tells of it. */
export interface TracedEnqueue {
  /** Name of the task; of a flow that of its last job. */
  task: string
  queue: string
  count: number
  /** Where the caller says himself which trace it belongs to. */
  trace: Traceparent | undefined
}

/** An attempt, as a span tells of it. */
export interface TracedAttempt {
  id: string
  task: string
  queue: string
  /** 1 for the first execution. */
  attempt: number
  /** Name of the worker. */
  worker: string
  /** What the job carries: where it was enqueued. */
  trace: Traceparent | undefined
}

/** The span of an attempt that runs. Events of its worker end it. */
export interface AttemptSpan {
  /** `undefined`: nobody records it. */
  readonly trace: Traceparent | undefined
  /** Calls a function with the span as the active one. */
  run<Result>(call: () => Result): Result
  /** The handler has ended; what comes of it is told by the worker's events, later. */
  handlerEnded(): void
}

/** What makes spans: `openTelemetry()` of `@lovage/ops/opentelemetry`. */
export interface Tracing<Worker = unknown> {
  /** `send` is given what the jobs are to carry, and called at once. */
  enqueue<Made extends { id: string } | readonly { id: string }[]>(
    sent: TracedEnqueue,
    send: (trace: Traceparent | undefined) => Promise<Made>,
  ): Promise<Made>
  /** Begins a span; `watchWorker` must have been called for whoever runs the attempt. */
  attempt(begun: TracedAttempt): AttemptSpan
  /** Listens to the events of a worker. */
  watchWorker(worker: Worker): void
  /** URL of a module for threads and processes that run handlers. It exports a `WithTrace` of that name, `withTrace`. */
  readonly module: string
}

/** Calls a function with a place in a trace as the active one. */
export type WithTrace = <Result>(trace: Traceparent, call: () => Result) => Result
