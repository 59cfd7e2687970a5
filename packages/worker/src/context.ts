/**
 * What a handler is given. Its log and its signal are made when it first asks for them, which most never do.
 *
 * They are accessors of each context itself, since a handler may hand on `{ ...context }`, and the same functions for
 * all: those that a literal makes anew turn each object into a dictionary, for three times the time and four times the
 * memory.
 */
import { createLog, enqueuedAtOf, type JobContext, type JobLog } from '@lovage/core'
import type { Attempt } from './attempt.ts'
import type { Reports } from './reports.ts'

type Said = Pick<Reports, 'report' | 'log' | 'chunk'>

/** What accessors work with. No private field: whatever stands in for a context, such as a proxy, has none. */
const PARTS = Symbol('parts')

class Parts {
  readonly attempt: Attempt
  readonly reports: Said
  #log: JobLog | undefined

  constructor(attempt: Attempt, reports: Said) {
    this.attempt = attempt
    this.reports = reports
  }

  get log(): JobLog {
    const { attempt, reports } = this
    return (this.#log ??= createLog((level, message, fields) => reports.log(attempt, level, message, fields)))
  }
}

class Context implements JobContext {
  readonly job: JobContext['job']
  readonly progress: JobContext['progress']
  readonly chunk: JobContext['chunk']
  declare readonly log: JobLog
  declare readonly signal: AbortSignal
  readonly [PARTS]: Parts

  constructor(attempt: Attempt, reports: Said) {
    const { id, task, attempt: number, owner, claimedAt } = attempt.claimed
    // An id that is no UUIDv7 keeps no time; then the claim is the earliest moment that is known.
    this.job = { id, task, attempt: number, owner, enqueuedAt: enqueuedAtOf(id) ?? claimedAt }
    // Assigned where they are written, V8 would take them for methods, which it expects to stay: each attempt would, too.
    const progress = (value: unknown): void => reports.report(attempt, value)
    const chunk = (text: string): void => reports.chunk(attempt, text)
    this.progress = progress
    this.chunk = chunk
    this[PARTS] = new Parts(attempt, reports)
    Object.defineProperty(this, 'log', LOG)
    Object.defineProperty(this, 'signal', SIGNAL)
  }
}

type Accessor = PropertyDescriptor & ThisType<Context>

const LOG: Accessor = {
  enumerable: true,
  get() {
    return this[PARTS].log
  },
}

const SIGNAL: Accessor = {
  enumerable: true,
  get() {
    return this[PARTS].attempt.signal
  },
}

export const contextOf = (attempt: Attempt, reports: Said): JobContext => new Context(attempt, reports)
