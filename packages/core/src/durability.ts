/** How much must have happened before an enqueue counts as done. */
import { type Duration, durationMs } from './duration.ts'
import { refused } from './refused.ts'

/**
 * `accepted`: the primary has the jobs, which is what every enqueue waits for. `replicated`: one replica has them, too,
 * within a second; or as many, and as long, as is said.
 */
export type Durability = 'accepted' | 'replicated' | { replicas: number; timeout?: Duration }

/** What a store waits for after it has the jobs. */
export interface Replication {
  replicas: number
  timeoutMs: number
}

const DEFAULT_TIMEOUT_MS = 1_000
/** A server that is asked to wait answers nothing else meanwhile, and callers want to know. */
const TIMEOUT_MAX_MS = 60_000

/** @throws LovageError `OPTION_INVALID` */
export function replicationOf(durability: Durability): Replication | undefined {
  if (durability === 'accepted') return undefined
  if (durability === 'replicated') return { replicas: 1, timeoutMs: DEFAULT_TIMEOUT_MS }
  const given: unknown = durability
  if (typeof given !== 'object' || given === null)
    refused('durability', given, `'accepted', 'replicated' or { replicas, timeout }`)
  const { replicas, timeout = DEFAULT_TIMEOUT_MS } = durability
  if (!Number.isInteger(replicas) || replicas < 1)
    refused('durability.replicas', replicas, 'a whole number from 1')
  const timeoutMs = Math.ceil(durationMs(timeout, 'durability.timeout'))
  // Redis takes 0 for ever.
  if (timeoutMs < 1 || timeoutMs > TIMEOUT_MAX_MS)
    refused('durability.timeout', timeout, 'from 1 ms to 1 minute')
  return { replicas, timeoutMs }
}
