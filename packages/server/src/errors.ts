/**
 * Errors on their way out: Lovage's codes become tRPC's by one table, and what callers must not see stays here.
 *
 * A procedure throws `JobsError`; its `.errors()` formatter puts `{ code, details }` into `data.lovage`. Whatever the
 * user's own middleware throws passes through as it is.
 */
import { type AnyLovageError, type ErrorCode, isLovageError, LovageError } from '@lovage/core'
import {
  type TRPC_ERROR_CODE_KEY,
  type TRPCDefaultErrorShape,
  TRPCError,
  type TRPCErrorShape,
} from '@trpc/server'
import type { LovageErrorData } from './procedures.ts'

/** tRPC's code for each of ours, and with it the HTTP status. */
export const TRPC_CODES = {
  INPUT_INVALID: 'BAD_REQUEST',
  OUTPUT_INVALID: 'INTERNAL_SERVER_ERROR',
  NOT_SERIALIZABLE: 'BAD_REQUEST',
  OPTION_INVALID: 'BAD_REQUEST',
  PAYLOAD_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  // The request names what this server does not have: caller and server were built from different contracts.
  TASK_UNKNOWN: 'BAD_REQUEST',
  NOT_FOUND: 'NOT_FOUND',
  JOB_EXISTS: 'CONFLICT',
  RESULT_EXPIRED: 'NOT_FOUND', // tRPC has no GONE
  CURSOR_INVALID: 'BAD_REQUEST',
  JOB_FAILED: 'UNPROCESSABLE_CONTENT',
  JOB_CANCELLED: 'CONFLICT',
  JOB_EXPIRED: 'CONFLICT',
  RESULT_TIMEOUT: 'TIMEOUT',
  TIME_LIMIT: 'TIMEOUT',
  DEPENDENCY_FAILED: 'UNPROCESSABLE_CONTENT',
  WORKER_LOST: 'INTERNAL_SERVER_ERROR',
  OUTCOME_REFUSED: 'INTERNAL_SERVER_ERROR',
  MODULE_FAILED: 'INTERNAL_SERVER_ERROR',
  STORE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  NOT_REPLICATED: 'SERVICE_UNAVAILABLE',
  STORE_UNSUPPORTED: 'INTERNAL_SERVER_ERROR',
  VERSION_UNSUPPORTED: 'INTERNAL_SERVER_ERROR',
  SEALED: 'INTERNAL_SERVER_ERROR',
  UNAUTHORIZED: 'UNAUTHORIZED',
  TOO_MANY_SUBSCRIPTIONS: 'TOO_MANY_REQUESTS',
  QUOTA_EXCEEDED: 'TOO_MANY_REQUESTS',
  TOO_MANY_GROUPS: 'TOO_MANY_REQUESTS',
  GROUP_DELETED: 'NOT_FOUND',
  DISCONNECTED: 'SERVICE_UNAVAILABLE',
  CLOSED: 'SERVICE_UNAVAILABLE',
  INTERNAL: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPC_ERROR_CODE_KEY>

/** An error of our own procedures: what callers see of it, and as `cause` what happened, for `onError`. */
export class JobsError extends TRPCError {
  readonly shown: AnyLovageError

  constructor(shown: AnyLovageError, cause: unknown) {
    super({ code: TRPC_CODES[shown.code], message: shown.message, cause })
    this.shown = shown
  }
}

/** A `TRPCError` (thrown by a user's `owner`, say) stays what it is. */
export function toTRPCError(error: unknown): TRPCError {
  if (error instanceof Error && error.name === 'TRPCError') return error as TRPCError
  return new JobsError(isLovageError(error) ? forCallers(error) : internal(), error)
}

const internal = (): AnyLovageError =>
  new LovageError('INTERNAL', { message: 'The server failed; its log says why.' })

/** The error without what only operators should know: addresses, stacks. */
function forCallers(error: AnyLovageError): AnyLovageError {
  switch (error.code) {
    case 'STORE_UNAVAILABLE':
      return new LovageError(error.code, { store: 'The store', cause: 'try again later' })
    case 'STORE_UNSUPPORTED':
    case 'DISCONNECTED':
    case 'INTERNAL':
      return internal()
    case 'OPTION_INVALID': // of callers' options none is called so: it is how this server opened its queue
      return error.details.option.startsWith('partitions') ? internal() : error
    case 'JOB_FAILED': {
      const { name, message } = error.details.error
      return new LovageError(error.code, { ...error.details, error: { name, message } })
    }
    default:
      return error
  }
}

/** What this package made of an error, if it did: its own, or one of its input parsers, which tRPC has wrapped. */
function shownOf(error: TRPCError): AnyLovageError | undefined {
  if (error instanceof JobsError) return error.shown
  return isLovageError(error.cause) ? forCallers(error.cause) : undefined
}

/** The options of tRPC's formatters that are handed on. */
interface FormatterOptions {
  error: TRPCError
  shape: TRPCDefaultErrorShape
}

/**
 * The formatter of our procedures: what the user's own formatter makes of the error, with `data.lovage` and without
 * a stack, whatever `isDev` says.
 */
export function formatter<Options extends FormatterOptions>(
  ofUser: (options: Options) => TRPCErrorShape,
): (options: Options) => TRPCErrorShape | undefined {
  return (options) => {
    const shown = shownOf(options.error)
    if (shown === undefined) return undefined
    const { code, message, data } = ofUser({ ...options, shape: withoutStack(options.shape) })
    return { code, message, data: { ...withoutStack({ data }).data, lovage: wireOf(shown) } }
  }
}

const wireOf = ({ code, details }: AnyLovageError): LovageErrorData => ({ code, details }) as LovageErrorData

function withoutStack<Shape extends { data: object }>(shape: Shape): Shape {
  const { stack: _, ...data } = shape.data as { stack?: unknown }
  return { ...shape, data }
}
