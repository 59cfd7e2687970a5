/** What tRPC threw, as what a caller of Lovage expects: a `LovageError`, where it is one. */
import { type ErrorCode, type ErrorDetails, isLovageError, LovageError } from '@lovage/core'

/** The parts of a `TRPCClientError` that are looked at; by name, so that two copies of tRPC do no harm. */
interface ClientError extends Error {
  data?: { code?: unknown; lovage?: unknown } | null
  meta?: { response?: { status?: unknown } }
}

/** An error that is none of ours passes through as it is: those of the user's own procedures, above all. */
export function asLovageError(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || error.name !== 'TRPCClientError') return error
  const { data } = error as ClientError
  if (data === undefined || data === null) {
    return new LovageError('DISCONNECTED', { url, cause: causeOf(error) }, { cause: error })
  }
  const ours = fromWire(data.lovage, error)
  if (ours !== undefined) return ours
  if (data.code === 'UNAUTHORIZED' || data.code === 'FORBIDDEN') {
    return new LovageError('UNAUTHORIZED', { message: error.message }, { cause: error })
  }
  return error
}

/** With the sentence that the server made of it: it has one for each of its codes, and may be newer than we are. */
function fromWire(wire: unknown, cause: Error): LovageError | undefined {
  const { code, details } = (wire ?? {}) as { code?: unknown; details?: unknown }
  if (typeof code !== 'string') return undefined
  const known = details as ErrorDetails[ErrorCode]
  return new LovageError(code as ErrorCode, known, { cause, message: cause.message })
}

/** The deepest reason, since the outer ones say no more than `fetch failed`. */
function causeOf(error: ClientError): string {
  const status = error.meta?.response?.status
  if (typeof status === 'number') return `it answered ${status}: ${error.message}`
  let reason: unknown = error
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  // Several attempts that failed together have a code and no message of their own.
  const { message, code } = reason as { message: string; code?: string }
  return message !== '' ? message : (code ?? error.message)
}

/** What may pass by itself: a loop that follows waits and goes on. */
const PASSING: ReadonlySet<unknown> = new Set<ErrorCode>(['DISCONNECTED', 'STORE_UNAVAILABLE', 'CLOSED'])
/** What may pass, but may as well be a mistake that stays: tried again a few times. */
const DOUBTFUL: ReadonlySet<unknown> = new Set<ErrorCode>(['INTERNAL', 'TOO_MANY_SUBSCRIPTIONS'])
/** tRPC's codes for trouble of the server or of what stands before it, of the user's own middleware mostly. */
const TROUBLE: ReadonlySet<unknown> = new Set([
  'INTERNAL_SERVER_ERROR',
  'BAD_GATEWAY',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
  'TIMEOUT',
  'TOO_MANY_REQUESTS',
  'CLIENT_CLOSED_REQUEST',
])

/** Whether it makes sense to follow again after this error. */
export function hopeAfter(error: unknown): 'good' | 'some' | 'none' {
  if (isLovageError(error))
    return PASSING.has(error.code) ? 'good' : DOUBTFUL.has(error.code) ? 'some' : 'none'
  return TROUBLE.has((error as ClientError | undefined)?.data?.code) ? 'some' : 'none'
}
