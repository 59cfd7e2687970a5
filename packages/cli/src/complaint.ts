/** Everything that can go wrong, as the program tells it: a sentence, what helps, and an exit code. */
import { type AnyLovageError, isLovageError } from '@lovage/core'
import { EXIT, type ExitCode } from './exit.ts'
import { nearest } from './nearest.ts'
import { helpWithStore } from './store-help.ts'

/** A mistake that only a command line can make. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code: string
  /** What to do about it, in a sentence. */
  readonly help: string | undefined

  constructor(code: string, message: string, options: ErrorOptions & { help?: string } = {}) {
    super(message, options)
    this.code = code
    this.help = options.help
  }
}

export interface Complaint {
  code: string
  message: string
  help?: string | undefined
  details?: unknown
  /** For operators: where it was thrown, in the user's own code. */
  stack?: string | undefined
  exit: ExitCode
}

export function complaintOf(error: unknown): Complaint {
  if (isLovageError(error)) return { ...storyOf(error), code: error.code, details: error.details }
  if (error instanceof UsageError) {
    const { code, message, help, cause } = error
    return { code, message, help, stack: stackOf(cause), exit: EXIT.usage }
  }
  const { message } = error instanceof Error ? error : { message: String(error) }
  return {
    code: 'INTERNAL',
    message,
    help: 'This is a mistake in lovage itself.',
    stack: stackOf(error),
    exit: EXIT.broken,
  }
}

const stackOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : undefined)

function storyOf(error: AnyLovageError): Pick<Complaint, 'message' | 'help' | 'stack' | 'exit'> {
  const { message } = error
  switch (error.code) {
    case 'STORE_UNAVAILABLE':
      return { message, help: helpWithStore(error.details.cause), exit: EXIT.unreachable }
    case 'STORE_UNSUPPORTED':
    case 'NOT_REPLICATED':
      return { message, exit: EXIT.unreachable }
    case 'NOT_FOUND':
      return {
        message,
        help: 'Is it in another --namespace, or on another --redis?',
        exit: EXIT.notFound,
      }
    case 'RESULT_EXPIRED':
      return { message, exit: EXIT.notFound }
    case 'RESULT_TIMEOUT':
      return { message, exit: EXIT.notYet }
    case 'JOB_FAILED':
      return { message, stack: error.details.error.stack, exit: EXIT.failed }
    case 'JOB_CANCELLED':
    case 'JOB_EXPIRED':
      return { message, exit: EXIT.failed }
    case 'TASK_UNKNOWN': {
      const near = nearest(error.details.task, error.details.known)
      return { message, help: near && `Did you mean ${near}?`, exit: EXIT.usage }
    }
    case 'INTERNAL':
      return { message, exit: EXIT.broken }
    default: // whatever else an operation refuses, it refuses because of what was asked for
      return { message, exit: EXIT.usage }
  }
}
