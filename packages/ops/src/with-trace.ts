/** Where a handler goes on in a trace: what threads and processes load for it. It needs an SDK there, of the user's. */
import type { WithTrace } from '@lovage/core'
import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { traceContext } from './trace-context.ts'

export const withTrace: WithTrace = (place, call) => context.with(traceContext(place, ROOT_CONTEXT), call)
