/**
 * The operating errors of Lovage: one class, a code, and details typed by the code.
 *
 * How a job ended is data, not an exception; the `JOB_…` codes are what `result()` throws for whoever asked for the
 * value alone. Mistakes in code (a wrong definition) are a `TypeError`.
 */
import type { Failure } from './job.ts'
import type { Issue } from './schema.ts'

/** What each code carries. A new code is one line here; the compiler then asks for the rest. */
export interface ErrorDetails {
  INPUT_INVALID: { task: string; issues: readonly Issue[] }
  OUTPUT_INVALID: { task: string; issues: readonly Issue[] }
  NOT_SERIALIZABLE: { path: string; seen: string }
  OPTION_INVALID: { option: string; seen: string; expected: string }
  PAYLOAD_TOO_LARGE: { bytes: number; maxBytes: number }
  TASK_UNKNOWN: { task: string; known: readonly string[] }
  NOT_FOUND: { id: string }
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
  STORE_UNAVAILABLE: { store: string; cause: string }
  STORE_UNSUPPORTED: { store: string; seen: string; needed: string }
  VERSION_UNSUPPORTED: { what: string; seen: number; known: number }
  UNAUTHORIZED: { message: string }
  TOO_MANY_SUBSCRIPTIONS: { max: number }
  DISCONNECTED: { url: string; cause: string }
  CLOSED: { what: string }
  INTERNAL: { message: string }
}

export type ErrorCode = keyof ErrorDetails

const message: { readonly [C in ErrorCode]: (details: ErrorDetails[C]) => string } = {
  INPUT_INVALID: (d) =>
    `The input of task "${d.task}" is not valid: ${listed(d.issues)}. Nothing was enqueued.`,
  OUTPUT_INVALID: (d) =>
    `The handler of task "${d.task}" returned what its output schema refuses: ${listed(d.issues)}.`,
  NOT_SERIALIZABLE: (d) =>
    `${d.path === '' ? 'The value' : d.path} is ${d.seen}, which cannot be stored or sent.`,
  OPTION_INVALID: (d) => `The option ${d.option} is ${d.seen}; expected ${d.expected}.`,
  PAYLOAD_TOO_LARGE: (d) =>
    `The payload has ${d.bytes} bytes; at most ${d.maxBytes} are allowed. Store large data elsewhere and pass a reference.`,
  TASK_UNKNOWN: (d) => `There is no task "${d.task}". Known tasks: ${d.known.join(', ')}.`,
  NOT_FOUND: (d) => `There is no job ${d.id}.`,
  JOB_EXISTS: (d) =>
    `A job of task "${d.task}"${d.id === null ? '' : `, ${d.id},`} has not ended yet, and there may be only one. Nothing was enqueued.`,
  RESULT_EXPIRED: (d) => `Job ${d.id} is no longer known: what has ended is kept for ${d.keptMs / 1000} s.`,
  CURSOR_INVALID: (d) => `"${d.cursor}" is no cursor. Pass one that a notice or a job handle carried.`,
  JOB_FAILED: (d) =>
    `Job ${d.id} of task "${d.task}" failed after ${d.attempts} attempt(s): ${d.error.name}: ${d.error.message}`,
  JOB_CANCELLED: (d) =>
    `Job ${d.id} of task "${d.task}" was cancelled${d.by === null ? '' : ` by ${d.by}`}${d.reason === null ? '' : `: ${d.reason}`}.`,
  JOB_EXPIRED: (d) => `Job ${d.id} of task "${d.task}" expired before a worker could start it.`,
  RESULT_TIMEOUT: (d) =>
    `Job ${d.id} had not ended after ${d.waitedMs} ms. It goes on; ask again or follow it.`,
  TIME_LIMIT: (d) => `The handler of task "${d.task}" ran longer than its time limit of ${d.timeLimitMs} ms.`,
  DEPENDENCY_FAILED: (d) => d.message,
  WORKER_LOST: (d) => `The worker of a job of task "${d.task}" was lost in each of ${d.attempts} attempt(s).`,
  STORE_UNAVAILABLE: (d) => `${d.store} cannot be reached: ${d.cause}`,
  STORE_UNSUPPORTED: (d) => `${d.store} is ${d.seen}; Lovage needs ${d.needed}.`,
  VERSION_UNSUPPORTED: (d) =>
    `${d.what} is of version ${d.seen}, and this program knows up to ${d.known}. Update it before its producers.`,
  UNAUTHORIZED: (d) => d.message,
  TOO_MANY_SUBSCRIPTIONS: (d) =>
    `This connection has ${d.max} subscriptions already, which is the most allowed.`,
  DISCONNECTED: (d) => `The connection to ${d.url} failed: ${d.cause}`,
  CLOSED: (d) => `${d.what} is closed.`,
  INTERNAL: (d) => d.message,
}

function listed(issues: readonly Issue[]): string {
  return issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
}

export class LovageError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'LovageError'
  readonly code: C
  readonly details: ErrorDetails[C]

  constructor(code: C, details: ErrorDetails[C], options?: ErrorOptions) {
    super(message[code](details), options)
    this.code = code
    this.details = details
  }
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

/** Whether a word that came over a wire is one of the codes. */
export const isErrorCode = (word: unknown): word is ErrorCode =>
  typeof word === 'string' && Object.hasOwn(message, word)
