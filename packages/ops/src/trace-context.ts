/** Between the text that travels with jobs and notices and the contexts of OpenTelemetry. */
import { isTraceparent, type Traceparent } from '@lovage/core'
import {
  type Context,
  context,
  isSpanContextValid,
  type SpanContext,
  trace,
  type TraceFlags,
} from '@opentelemetry/api'

/**
 * The place in a trace that a job or a notice names, as a context for spans of your own. Without one, or with one that
 * is no traceparent: what is active, or whatever `base` is.
 *
 * @example tracer.startActiveSpan('show result', {}, traceContext(notice.trace), (span) => …)
 */
export function traceContext(place: Traceparent | undefined, base: Context = context.active()): Context {
  if (!isTraceparent(place)) return base
  const [, traceId, spanId, flags] = place.split('-') as [string, string, string, string]
  const traceFlags = Number.parseInt(flags, 16) as TraceFlags
  return trace.setSpanContext(base, { traceId, spanId, traceFlags, isRemote: true })
}

/** What is active, as an enqueue takes it (`trace`), for callers that are no queue: a browser, a script. */
export const activeTrace = (): Traceparent | undefined => placeOf(trace.getSpanContext(context.active()))

export function placeOf(span: SpanContext | undefined): Traceparent | undefined {
  if (span === undefined || !isSpanContextValid(span)) return undefined
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
}
