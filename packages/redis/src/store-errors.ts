/** What went wrong between us and a server, told as errors of Lovage. */
import { LovageError } from '@lovage/core'

/** An error that the server answered. ioredis attaches the command with all its arguments. */
interface ReplyError extends Error {
  name: 'ReplyError'
  command?: unknown
}

export const isReply = (error: unknown): error is ReplyError =>
  error instanceof Error && error.name === 'ReplyError'

/** Somebody is there, and what was wrong will be wrong again: a password, a right, a certificate. */
export const isFinal = (error: Error & { code?: string }): boolean =>
  isReply(error) || /CERT|SIGNATURE/.test(error.code ?? '')

/**
 * Refused before anything was done, and soon over: it is starting, failing over, in a long script, or of a cluster whose
 * keys are elsewhere or under way.
 */
export const isSoonOver = (error: Error): boolean =>
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|UNBLOCKED|BUSY) /.test(error.message)

/** Refused before anything was done: it has to be sent as its text. */
export const isUnknownScript = (error: unknown): boolean =>
  isReply(error) && error.message.startsWith('NOSCRIPT')

/** Says nothing against the command either: the server is full, cannot write to disk, or keeps us out. */
const NOT_NOW =
  /^(NOREPLICAS|OOM|MISCONF|NOAUTH|NOPERM|WRONGPASS|ERR max number of clients|ERR The user executing the script|ERR ACL failure in script)/

export function refused(store: string, cause: Error): LovageError {
  if (isSoonOver(cause)) return unavailable(store, cause)
  if (NOT_NOW.test(cause.message)) return notNow(store, cause)
  return new LovageError(
    'INTERNAL',
    { message: `${store} answered: ${cause.message}` },
    { cause: bare(cause) },
  )
}

export const unavailable = (store: string, cause: unknown): LovageError =>
  new LovageError('STORE_UNAVAILABLE', { store, cause: textOf(cause) }, { cause: bare(cause) })

/** It was reached: saying otherwise would send whoever reads it to the wrong place. */
function notNow(store: string, error: Error): LovageError {
  // Of a script Redis says also by which name it knows it.
  const cause = error.message.replace(/ script: [0-9a-f]{40}.*$/s, '')
  const message = `${store} refuses this: ${cause}`
  return new LovageError('STORE_UNAVAILABLE', { store, cause }, { cause: bare(error), message })
}

/** Without the command: its arguments are people's inputs, or a password, and errors end in logs. */
function bare(error: unknown): unknown {
  if (isReply(error)) delete error.command
  return error
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it did not answer in time'
  // ioredis calls a lost connection by the setting that made it give up.
  if (error.name === 'MaxRetriesPerRequestError') return 'the connection was lost before the answer came'
  // Where a name has two addresses, Node reports two errors in one that has no text of its own.
  const isSeveral = error instanceof AggregateError && error.message === ''
  return isSeveral ? error.errors.map(String).join(', ') : error.message
}
