/** Where the calls of a client lead. Hooks are built on this, so that a task alone tells them all they need. */
import type { Wire } from './wire.ts'

/** Registered by name, so that two copies of this package know each other's clients. */
export const ORIGIN = Symbol.for('lovage.origin')

export interface Origin {
  wire: Wire
  /** As in `jobs.mail.send`. */
  path: string
}

/** @throws TypeError for what is not of a client. */
export function originOf(calls: object): Origin {
  const origin = Reflect.get(calls, ORIGIN) as Origin | undefined
  if (origin === undefined)
    throw new TypeError('Pass the jobs of a client that createJobsClient made, or one of its tasks.')
  return origin
}
