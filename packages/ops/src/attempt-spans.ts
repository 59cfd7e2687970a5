/** The spans of attempts: begun when a handler is called, ended by what the worker then tells. */
import type { AttemptSpan, Failure, TracedAttempt, Traceparent } from '@lovage/core'
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { placeOf, traceContext } from './trace-context.ts'
import type { TracedWorker } from './traced-worker.ts'

/** Outcomes that are no mistake of anybody's, and the one that is. */
type Outcome = 'succeeded' | 'failed' | 'retrying' | 'cancelled' | 'lost' | 'returned'

interface Open {
  span: Span
  /** When its handler ended, in Unix ms. */
  endedAt: number | undefined
}

export class AttemptSpans {
  readonly #tracer: Tracer
  readonly #isLinked: boolean
  /** By their places, which are in every event. */
  readonly #open = new Map<Traceparent, Open>()

  /** @param isLinked Whether an attempt begins a trace of its own, with a link to the enqueue. */
  constructor(tracer: Tracer, isLinked: boolean) {
    this.#tracer = tracer
    this.#isLinked = isLinked
  }

  begin({ id, task, queue, attempt, worker, trace: enqueued }: TracedAttempt): AttemptSpan {
    const parent = traceContext(enqueued, ROOT_CONTEXT)
    const origin = trace.getSpanContext(parent)
    const links = this.#isLinked && origin !== undefined ? [{ context: origin }] : []
    // Begun by the calendar and ended by the stopwatch, so that a clock that is set meanwhile makes no odd durations.
    const startTime = Date.now()
    const from = performance.now()
    const attributes = {
      'messaging.system': 'lovage',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': queue,
      'messaging.message.id': id,
      'messaging.client.id': worker,
      'lovage.task': task,
      'lovage.attempt': attempt,
    }
    const span = this.#tracer.startSpan(
      `process ${task}`,
      { kind: SpanKind.CONSUMER, attributes, links, startTime },
      this.#isLinked ? ROOT_CONTEXT : parent,
    )
    const place = placeOf(span.spanContext())
    const open: Open = { span, endedAt: undefined }
    if (place !== undefined && span.isRecording()) this.#open.set(place, open)
    const active = trace.setSpan(ROOT_CONTEXT, span)
    return {
      trace: place,
      run: (call) => context.with(active, call),
      handlerEnded: () => void (open.endedAt ??= startTime + performance.now() - from),
    }
  }

  watch(worker: TracedWorker): void {
    worker.on('job.succeeded', (event) => this.#end(event.trace, 'succeeded'))
    worker.on('job.failed', ({ trace: place, error }) => this.#end(place, 'failed', error))
    worker.on('job.retrying', ({ trace: place, error, delayMs }) =>
      this.#end(place, 'retrying', error, { 'lovage.retry_delay_ms': delayMs }),
    )
    worker.on('job.cancelled', ({ trace: place, reason }) =>
      this.#end(place, 'cancelled', undefined, reason === null ? {} : { 'lovage.reason': reason }),
    )
    worker.on('job.lost', (event) => this.#end(event.trace, 'lost', LOST))
    worker.on('job.returned', (event) => this.#end(event.trace, 'returned'))
    worker.on('job.overtime', ({ trace: place, timeLimitMs }) =>
      this.#note(place, 'time limit', { 'lovage.time_limit_ms': timeLimitMs }),
    )
    worker.on('job.abandoned', (event) => this.#note(event.trace, 'abandoned', {}))
    worker.on('job.report_refused', ({ trace: place, why }) =>
      this.#note(place, 'progress refused', { 'lovage.reason': why }),
    )
  }

  #note(place: Traceparent | undefined, what: string, attributes: Attributes): void {
    this.#open.get(place ?? '')?.span.addEvent(what, attributes)
  }

  #end(place: Traceparent | undefined, outcome: Outcome, error?: Failure, attributes: Attributes = {}): void {
    const open = this.#open.get(place ?? '')
    if (open === undefined) return
    this.#open.delete(place ?? '')
    const { span, endedAt } = open
    span.setAttributes({ 'lovage.outcome': outcome, ...attributes })
    if (error !== undefined) failed(span, error, error.name, endedAt)
    span.end(endedAt)
  }
}

const LOST: Failure = { name: 'WORKER_LOST', message: 'Its lease ran out: another worker has the job.' }

/** @param type Of few values: a metric may be made of it. */
export function failed(
  span: Span,
  error: { name: string; message: string; stack?: string },
  type: string,
  at?: number,
): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
  span.recordException(error, at)
}
