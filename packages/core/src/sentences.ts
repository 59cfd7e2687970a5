/** What each error says: what was seen, and what helps. */
import type { Issue } from './schema.ts'
import { type Sentences, sentences as ofClients } from './sentences-browser.ts'
import { sentences as ofClientsLater } from './sentences-late.ts'

export const sentences: Partial<Sentences> = {
  ...ofClients,
  ...ofClientsLater,
  INPUT_INVALID: (d) =>
    `The input of task "${d.task}" is not valid: ${listed(d.issues)}. Nothing was enqueued.`,
  CURSOR_INVALID: (d) => `"${d.cursor}" is no cursor. Pass one that a notice or a job handle carried.`,
  OUTPUT_INVALID: (d) =>
    `The handler of task "${d.task}" returned what its output schema refuses: ${listed(d.issues)}.`,
  PAYLOAD_TOO_LARGE: (d) =>
    `The payload has ${d.bytes} bytes; at most ${d.maxBytes} are allowed. Store large data elsewhere and pass a reference.`,
  TASK_UNKNOWN: (d) => `There is no task "${d.task}". Known tasks: ${d.known.join(', ')}.`,
  NOT_FOUND: (d) =>
    d.among === undefined
      ? `There is no job ${d.id}.`
      : `There is no failed job ${d.id}: it was run again or discarded, is no longer kept, or did not fail.`,
  JOB_EXISTS: (d) =>
    `A job of task "${d.task}"${d.id === null ? '' : `, ${d.id},`} has not ended yet, and there may be only one. Nothing was enqueued.`,
  RESULT_EXPIRED: (d) => `Job ${d.id} is no longer known: what has ended is kept for ${d.keptMs / 1000} s.`,
  TIME_LIMIT: (d) => `The handler of task "${d.task}" ran longer than its time limit of ${d.timeLimitMs} ms.`,
  DEPENDENCY_FAILED: (d) => d.message,
  WORKER_LOST: (d) => `The worker of a job of task "${d.task}" was lost in each of ${d.attempts} attempt(s).`,
  OUTCOME_REFUSED: (d) =>
    `The store refuses what an attempt of task "${d.task}" came to, so it is not kept: ${d.cause}`,
  MODULE_FAILED: (d) => `The handler module ${d.module} cannot be used: ${d.why}`,
  STORE_UNAVAILABLE: (d) => `${d.store} cannot be reached: ${d.cause}`,
  NOT_REPLICATED: (d) =>
    `${d.acknowledged} of ${d.needed} replica(s) acknowledged within ${d.waitedMs} ms. ${d.ids.length} job(s) are in line, ` +
    'and may be lost if the primary fails now. Enqueue with the same id again to be sure: there will be one job.',
  STORE_UNSUPPORTED: (d) => `${d.store} is ${d.seen}; Lovage needs ${d.needed}.`,
  VERSION_UNSUPPORTED: (d) =>
    `${d.what} is of version ${d.seen}, and this program knows up to ${d.known}. Update it before its producers.`,
  SEALED: () =>
    'The value is encrypted, and no cipher here opens it: pass the one that sealed it, with its older keys.',
  QUOTA_EXCEEDED: (d) =>
    d.retryAfterMs === null
      ? `You have as many ${d.of} as allowed. End one of them first.`
      : `You have made as many ${d.of} as allowed for now. Try again in ${Math.ceil(d.retryAfterMs / 1_000)} s.`,
  TOO_MANY_GROUPS: (d) =>
    `There are ${d.max} consumer groups already, which is the most allowed. Delete those that nobody uses.`,
  GROUP_DELETED: (d) => `The consumer group "${d.group}" was deleted. Consuming again makes a new one.`,
  UNAUTHORIZED: (d) => d.message,
  INTERNAL: (d) => d.message,
} satisfies Sentences

/** Here all are there. */
export const loadSentences = async (): Promise<void> => {}

/** All of them stand in the details; a sentence of a thousand is read by nobody. */
const LISTED_MAX = 5

function listed(issues: readonly Issue[]): string {
  const first = issues
    .slice(0, LISTED_MAX)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return [...first, ...(issues.length > LISTED_MAX ? [`and ${issues.length - LISTED_MAX} more`] : [])].join(
    '; ',
  )
}
