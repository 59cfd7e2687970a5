/** The sentences of how a job ended, and of what cannot be sent: in a browser loaded with the first such error. */
import type { Sentences } from './sentences-browser.ts'

export const sentences = {
  NOT_SERIALIZABLE: (d) =>
    `${d.path === '' ? 'The value' : d.path} is ${d.seen}, which cannot be stored or sent.`,
  JOB_FAILED: (d) =>
    `Job ${d.id} of task "${d.task}" failed after ${d.attempts} attempt(s): ${d.error.name}: ${d.error.message}`,
  JOB_CANCELLED: (d) =>
    `Job ${d.id} of task "${d.task}" was cancelled${d.by === null ? '' : ` by ${d.by}`}${d.reason === null ? '' : `: ${d.reason}`}.`,
  JOB_EXPIRED: (d) => `Job ${d.id} of task "${d.task}" expired before a worker could start it.`,
  RESULT_TIMEOUT: (d) =>
    `Job ${d.id} had not ended after ${d.waitedMs} ms. It goes on; ask again or follow it.`,
} satisfies Partial<Sentences>
