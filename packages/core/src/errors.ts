/**
 * The operating errors of Lovage: one class, a code, and details typed by the code.
 *
 * How a job ended is data, not an exception; the `JOB_…` codes are what `result()` throws for whoever asked for the
 * value alone. Mistakes in code (a wrong definition) are a `TypeError`.
 */
import { loadSentences, sentences } from '#sentences'
import type { Failure } from './job.ts'
import type { Issue } from './schema.ts'

/** What each code carries. A new code is one line here; the compiler then asks for the rest (`sentences.ts`). */
export interface ErrorDetails {
  INPUT_INVALID: { task: string; issues: readonly Issue[] }
  OUTPUT_INVALID: { task: string; issues: readonly Issue[] }
  NOT_SERIALIZABLE: { path: string; seen: string }
  OPTION_INVALID: { option: string; seen: string; expected: string }
  PAYLOAD_TOO_LARGE: { bytes: number; maxBytes: number }
  TASK_UNKNOWN: { task: string; known: readonly string[] }
  /** `among`: it may be there, but not as one of those. */
  NOT_FOUND: { id: string; among?: 'failed' }
  /** `id`: of the job that is there; `null` when it is somebody else's. */
  JOB_EXISTS: { task: string; id: string | null }
  RESULT_EXPIRED: { id: string; keptMs: number }
  CURSOR_INVALID: { cursor: string }
  JOB_FAILED: { id: string; task: string; error: Failure; attempts: number }
  JOB_CANCELLED: { id: string; task: string; by: string | null; reason: string | null }
  JOB_EXPIRED: { id: string; task: string }
  RESULT_TIMEOUT: { id: string; waitedMs: number }
  TIME_LIMIT: { task: string; timeLimitMs: number }
  DEPENDENCY_FAILED: { message: string }
  WORKER_LOST: { task: string; attempts: number }
  OUTCOME_REFUSED: { task: string; cause: string }
  MODULE_FAILED: { module: string; why: string }
  STORE_UNAVAILABLE: { store: string; cause: string }
  /** `ids`: of the jobs that are in line at the primary. */
  NOT_REPLICATED: { ids: readonly string[]; acknowledged: number; needed: number; waitedMs: number }
  STORE_UNSUPPORTED: { store: string; seen: string; needed: string }
  VERSION_UNSUPPORTED: { what: string; seen: number; known: number }
  SEALED: Record<never, never>
  UNAUTHORIZED: { message: string }
  TOO_MANY_SUBSCRIPTIONS: { max: number }
  /** `retryAfterMs`: of a quota by time. */
  QUOTA_EXCEEDED: { of: 'calls' | 'jobs' | 'subscriptions'; retryAfterMs: number | null }
  TOO_MANY_GROUPS: { max: number }
  GROUP_DELETED: { group: string }
  DISCONNECTED: { url: string; cause: string }
  CLOSED: { what: string }
  INTERNAL: { message: string }
}

export type ErrorCode = keyof ErrorDetails

export class LovageError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'LovageError'
  declare readonly code: C
  declare readonly details: ErrorDetails[C]

  /** @param options `message`: the sentence, where it has come along with the error. */
  constructor(code: C, details: ErrorDetails[C], options?: ErrorOptions & { message?: string }) {
    super(options?.message ?? sentenceOf(code, details), options)
    this.code = code
    this.details = details
  }
}

/** As `new LovageError`, for those whose sentence a browser loads when it is needed. */
export async function lateError<C extends ErrorCode>(
  code: C,
  details: ErrorDetails[C],
): Promise<LovageError<C>> {
  await loadSentences()
  return new LovageError(code, details)
}

/** Each code with its details, so that `switch (error.code)` narrows them. */
export type AnyLovageError = { [C in ErrorCode]: LovageError<C> }[ErrorCode]

/** Narrows by name and code, not by class: that works across two copies of this package. */
export function isLovageError(error: unknown): error is AnyLovageError
export function isLovageError<C extends ErrorCode>(error: unknown, code: C): error is LovageError<C>
export function isLovageError(error: unknown, code?: ErrorCode): boolean {
  if (!(error instanceof Error) || error.name !== 'LovageError') return false
  return code === undefined || (error as LovageError).code === code
}

/** A code of a newer version, and in a browser one that only servers raise, has no sentence here. */
const sentenceOf = <C extends ErrorCode>(code: C, details: ErrorDetails[C]): string =>
  sentences[code]?.(details) ?? `${code}: ${JSON.stringify(details)}`
