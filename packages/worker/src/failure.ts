/** Makes of whatever was thrown a failure that can be kept: named, bounded, and safe to build. */
import { inspect } from 'node:util'
import { type Failure, isLovageError } from '@lovage/core'

const MAX_MESSAGE_CHARS = 4 * 1024
const MAX_STACK_CHARS = 8 * 1024
/** Deeper chains of causes repeat themselves. */
const MAX_CAUSES = 5

/** Never throws, even for an error whose own properties do. */
export function failureOf(thrown: unknown): Failure {
  try {
    return thrown instanceof Error ? ofError(thrown) : { name: 'NotAnError', message: described(thrown) }
  } catch {
    return { name: 'NotAnError', message: 'an error that cannot be read' }
  }
}

/** A failure that Lovage itself found: its code and a sentence. */
export const failure = (code: string, message: string): Failure => ({
  name: code,
  message: bounded(message, MAX_MESSAGE_CHARS),
})

function ofError(error: Error): Failure {
  const name = isLovageError(error) ? error.code : error.name
  return {
    name: bounded(typeof name === 'string' && name !== '' ? name : 'Error', 200),
    message: bounded(String(error.message), MAX_MESSAGE_CHARS),
    stack: bounded(stackWithCauses(error), MAX_STACK_CHARS),
  }
}

function stackWithCauses(error: Error): string {
  let text = stackOf(error)
  let cause = error.cause
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    text += `\nCaused by: ${cause instanceof Error ? stackOf(cause) : described(cause)}`
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return text
}

const stackOf = (error: Error): string =>
  typeof error.stack === 'string' ? error.stack : `${error.name}: ${error.message}`

/** What was thrown instead of an error: `a string: boom`. */
function described(thrown: unknown): string {
  if (thrown === undefined || thrown === null) return String(thrown)
  const article = typeof thrown === 'object' ? 'an' : 'a'
  const text = typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 2, breakLength: Infinity })
  return bounded(`${article} ${typeof thrown}: ${text}`, MAX_MESSAGE_CHARS)
}

/** The beginning of a text, with a mark where it goes on. */
export function bounded(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const cut = text.slice(0, maxChars - 1)
  // Half of a surrogate pair is no text that every reader of Redis would take.
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
