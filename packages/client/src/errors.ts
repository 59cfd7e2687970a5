/** What tRPC threw, as what a caller of Lovage expects: a `LovageError`, where it is one. */
import { type ErrorCode, isLovageError, LovageError } from '@lovage/core'

/** The parts of a `TRPCClientError` that are looked at; by name, so that two copies of tRPC do no harm. */
interface ClientError extends Error {
  data?: { code?: unknown; httpStatus?: number; lovage?: unknown } | null
}

/**
 * An error that is none of ours passes through as it is: those of the user's own procedures, above all.
 *
 * @param cause Why there is no answer, where there is none
 */
export function asLovageError(error: unknown, url: string, cause?: string): unknown {
  if (!(error instanceof Error) || error.name !== 'TRPCClientError') return error
  const { data } = error as ClientError
  if (data === undefined || data === null) {
    return new LovageError('DISCONNECTED', { url, cause: cause ?? error.message }, { cause: error })
  }
  // With the sentence that the server made of it: it has one for each of its codes, and may be newer than we are.
  const { code, details } = (data.lovage ?? {}) as { code?: unknown; details?: never }
  if (typeof code === 'string') {
    return new LovageError(code as ErrorCode, details as never, { cause: error, message: error.message })
  }
  if (data.code === 'UNAUTHORIZED' || data.code === 'FORBIDDEN') {
    const { message } = error
    return new LovageError('UNAUTHORIZED', { message }, { cause: error, message })
  }
  return error
}

/** `good`: it passes, and a loop that follows waits and goes on. `some`: it may as well be a mistake that stays. */
type Hope = 'good' | 'some' | 'none'

const HOPE: { readonly [C in ErrorCode]?: Hope } = {
  DISCONNECTED: 'good',
  STORE_UNAVAILABLE: 'good',
  CLOSED: 'good',
  QUOTA_EXCEEDED: 'good',
  INTERNAL: 'some',
  TOO_MANY_SUBSCRIPTIONS: 'some',
}
/** Statuses that speak of trouble of the server or of what stands before it, of the user's own middleware mostly. */
const TROUBLE = /^(408|429|499|50[0234])$/

/** Whether it makes sense to follow again after this error. */
export function hopeAfter(error: unknown): Hope {
  if (isLovageError(error)) return HOPE[error.code] ?? 'none'
  return TROUBLE.test(`${(error as ClientError | undefined)?.data?.httpStatus}`) ? 'some' : 'none'
}
