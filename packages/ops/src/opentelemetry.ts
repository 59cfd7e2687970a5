/** Traces by OpenTelemetry. The API alone is needed here; which SDK makes something of it is the user's affair. */
import { isLovageError, type Tracing, VERSION } from '@lovage/core'
import { context, SpanKind, trace, type Tracer } from '@opentelemetry/api'
import { AttemptSpans, failed } from './attempt-spans.ts'
import { placeOf, traceContext } from './trace-context.ts'
import type { TracedWorker } from './traced-worker.ts'

export { activeTrace, traceContext } from './trace-context.ts'

export interface OpenTelemetryOptions {
  /**
   * How an attempt stands to the enqueue of its job: its `child`, so that all of a job is one trace; or a trace of its
   * own with a `link`, for jobs that run hours later or are enqueued by the thousand. Default `child`.
   */
  attempts?: 'child' | 'link'
  /** Default: one named `@lovage` of whatever SDK is registered. */
  tracer?: Tracer
}

/**
 * Makes a span of each enqueue and of each attempt, and has the context travel with the job, into its handler and with
 * its notices. docs/operations.md says what is in the spans.
 *
 * @example
 * const tracing = openTelemetry()
 * const queue = createQueue({ tasks, tracing })
 * await createWorker({ tasks, handlers, tracing }).run()
 */
export function openTelemetry({
  attempts = 'child',
  tracer = trace.getTracer('@lovage', VERSION),
}: OpenTelemetryOptions = {}): Tracing<TracedWorker> {
  const spans = new AttemptSpans(tracer, attempts === 'link')
  return {
    module: new URL('./with-trace.js', import.meta.url).href,
    attempt: (begun) => spans.begin(begun),
    watchWorker: (worker) => spans.watch(worker),
    enqueue({ task, queue, count, trace: given }, send) {
      const parent = traceContext(given)
      const attributes = {
        'messaging.system': 'lovage',
        'messaging.operation.name': 'enqueue',
        'messaging.operation.type': 'send',
        'messaging.destination.name': queue,
        'lovage.task': task,
        ...(count !== 1 && { 'messaging.batch.message_count': count }),
      }
      const span = tracer.startSpan(`enqueue ${task}`, { kind: SpanKind.PRODUCER, attributes }, parent)
      const sending = context.with(trace.setSpan(parent, span), () => send(placeOf(span.spanContext())))
      sending.then(
        (made) => {
          if ('id' in made) span.setAttribute('messaging.message.id', made.id)
          span.end()
        },
        (error: Error) => {
          failed(span, error, isLovageError(error) ? error.code : error.name)
          span.end()
        },
      )
      return sending
    },
  }
}
