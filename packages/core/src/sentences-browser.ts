/**
 * The sentences of those errors that a client makes itself. In a browser they are all there is: whatever else a server
 * says comes with its sentence, and a page should not pay for it twice.
 */
import type { ErrorCode, ErrorDetails } from './errors.ts'

export type Sentences = { readonly [C in ErrorCode]: (details: ErrorDetails[C]) => string }

export const sentences = {
  NOT_SERIALIZABLE: (d) =>
    `${d.path === '' ? 'The value' : d.path} is ${d.seen}, which cannot be stored or sent.`,
  OPTION_INVALID: (d) => `The option ${d.option} is ${d.seen}; expected ${d.expected}.`,
  JOB_FAILED: (d) =>
    `Job ${d.id} of task "${d.task}" failed after ${d.attempts} attempt(s): ${d.error.name}: ${d.error.message}`,
  JOB_CANCELLED: (d) =>
    `Job ${d.id} of task "${d.task}" was cancelled${d.by === null ? '' : ` by ${d.by}`}${d.reason === null ? '' : `: ${d.reason}`}.`,
  JOB_EXPIRED: (d) => `Job ${d.id} of task "${d.task}" expired before a worker could start it.`,
  RESULT_TIMEOUT: (d) =>
    `Job ${d.id} had not ended after ${d.waitedMs} ms. It goes on; ask again or follow it.`,
  UNAUTHORIZED: (d) => d.message,
  TOO_MANY_SUBSCRIPTIONS: (d) =>
    `This connection has ${d.max} subscriptions already, which is the most allowed.`,
  DISCONNECTED: (d) => `The connection to ${d.url} failed: ${d.cause}`,
  CLOSED: (d) => `${d.what} is closed.`,
} satisfies Partial<Sentences>
