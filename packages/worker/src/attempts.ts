/**
 * The slots: every attempt from its claim until its outcome lies in the outbox, and every way in which one can end
 * before its handler does.
 */
import type { BoundTask, Claimed, Clock, Encoded, Hold, Store } from '@lovage/core'
import { Attempt, contextOf, heldOf, termsOf } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import type { Events } from './events.ts'
import { failure } from './failure.ts'
import { fateOf } from './fate.ts'
import type { Finished, Outbox } from './outbox.ts'
import type { Releases } from './releases.ts'
import type { Reports } from './reports.ts'
import { runAttempt } from './run-attempt.ts'
import { type AttemptResult, countedResult, overTime, settlementOf, verdictOf } from './settle.ts'
import { outOfAttempts, unknownTask } from './unrunnable.ts'

export interface AttemptsOptions {
  store: Store
  tasks: ReadonlyMap<string, BoundTask>
  concurrency: number
  clock: Clock
  random: () => number
  events: Events
  outbox: Outbox
  releases: Releases
  reports: Reports
  resultTtlMs: number
  maxResultBytes: number
  /** How long a handler may go on after its signal was aborted before its slot is given away. */
  graceMs: number
  /** A slot became free, or an outcome lies in the outbox. */
  onChange: () => void
}

export class Attempts {
  readonly #options: AttemptsOptions
  /** By job id: those whose hold is true as far as this worker knows. */
  readonly #running = new Map<string, Attempt>()
  /** Those whose hold is gone while their handlers still run. They take a slot too. */
  readonly #stray = new Set<Attempt>()
  readonly #deadlines: Deadlines
  #abandoned = 0

  constructor(options: AttemptsOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock, (now) => this.#actOnOverdue(now))
  }

  /** Slots taken. */
  get size(): number {
    return this.#running.size + this.#stray.size
  }

  /** Handlers that have lost their slot and still have not ended. */
  get abandoned(): number {
    return this.#abandoned
  }

  get free(): number {
    return Math.max(0, this.#options.concurrency - this.size)
  }

  holds(): Hold[] {
    return [...this.#running.values()].map(({ claimed: { id, claimedAt } }) => ({ id, claimedAt }))
  }

  start(claimed: Claimed): void {
    try {
      this.#begin(claimed)
    } catch (error) {
      this.#broken(claimed, this.#options.clock.now(), error)
    }
  }

  /** The store says that somebody cancelled it. */
  cancelled(id: string, by: string | null, reason: string | null): void {
    const attempt = this.#running.get(id)
    if (attempt === undefined) return
    this.#void(attempt)
    attempt.abort({ type: 'cancelled', by, reason })
    this.#options.events.emit('job.cancelled', { ...attempt.event, by, reason })
  }

  /** The store says that these holds are no longer true. */
  fenced(ids: Iterable<string>): void {
    for (const id of ids) {
      const attempt = this.#running.get(id)
      if (attempt === undefined) continue
      this.#void(attempt)
      void fateOf(this.#options.store, heldOf(attempt.claimed)).then((fate) => {
        if (fate.type !== 'cancelled') return this.#lose(attempt)
        const { by, reason } = fate
        attempt.abort({ type: 'cancelled', by, reason })
        this.#options.events.emit('job.cancelled', { ...attempt.event, by, reason })
      })
    }
  }

  /** The session was given up: other workers have all of its jobs. */
  loseAll(): void {
    for (const attempt of this.#running.values()) {
      this.#lose(this.#void(attempt))
    }
  }

  /** Tells every handler that its time is over. What still returns a value is settled, the rest is handed back. */
  shutDown(): void {
    for (const attempt of this.#running.values()) attempt.abort({ type: 'shutdown' })
  }

  close(): void {
    this.#deadlines.close()
  }

  #begin(claimed: Claimed): void {
    const { tasks, clock, random, events, resultTtlMs } = this.#options
    const { id, task, attempt: number } = claimed
    const event = { id, task, attempt: number }
    events.emit('job.received', event)
    const before = this.#running.get(id)
    // Whoever claims a job holds it now, so that an earlier hold of this same worker is gone.
    if (before !== undefined) this.#lose(this.#void(before))
    const bound = tasks.get(task)
    if (bound === undefined) return this.#settle(unknownTask(claimed, [...tasks.keys()], resultTtlMs, random))
    const terms = termsOf(claimed, bound, resultTtlMs)
    if (number > terms.policy.attempts) return this.#settle(outOfAttempts(claimed, terms))
    const attempt = new Attempt(claimed, bound, terms, clock.now())
    this.#running.set(id, attempt)
    this.#deadlines.watch(attempt.deadlineAt)
    events.emit('job.started', event)
    void this.#run(attempt)
  }

  async #run(attempt: Attempt): Promise<void> {
    const { events, reports, maxResultBytes } = this.#options
    const { bound, claimed } = attempt
    try {
      const result = await runAttempt(bound, claimed.input, contextOf(attempt, reports), maxResultBytes)
      if (attempt.phase === 'abandoned') {
        this.#abandoned -= 1
        return events.emit('job.late', attempt.event)
      }
      const isWanted = attempt.phase === 'running'
      if (isWanted) attempt.phase = 'ended'
      attempt.deadlineAt = Number.POSITIVE_INFINITY
      const progress = isWanted && attempt.reporting ? await this.#lastReport(attempt, result) : undefined
      this.#conclude(attempt, result, progress)
    } catch (error) {
      this.#running.delete(claimed.id)
      this.#stray.delete(attempt)
      this.#broken(claimed, attempt.startedAt, error)
    }
  }

  /** A schema or a store that takes too long over the last report costs the report, not the outcome. */
  #lastReport(attempt: Attempt, result: AttemptResult): Promise<Encoded | undefined> {
    const { clock, reports, graceMs } = this.#options
    attempt.result = result
    attempt.deadlineAt = clock.now() + graceMs
    this.#deadlines.watch(attempt.deadlineAt)
    return reports.last(attempt)
  }

  /** Frees the slot and puts the outcome, if the attempt may have one, into the outbox. Does nothing the second time. */
  #conclude(attempt: Attempt, result: AttemptResult, progress: Encoded | undefined): void {
    const { clock, random, releases, onChange } = this.#options
    const { claimed, terms, aborted, startedAt } = attempt
    const isHeld = this.#running.get(claimed.id) === attempt
    if (isHeld) this.#running.delete(claimed.id)
    else {
      this.#stray.delete(attempt)
      releases.put(claimed.id) // should it have been cancelled, its place among the running ones is free now
    }
    const counted = isHeld ? countedResult(result, aborted, terms) : null
    if (counted === null) return onChange()
    const settlement = settlementOf(claimed, verdictOf(counted, terms, random))
    if (progress !== undefined) settlement.progress = progress
    this.#settle({ settlement, ms: clock.now() - startedAt, attempts: terms.policy.attempts })
  }

  #settle(finished: Finished): void {
    this.#options.outbox.put(finished)
    this.#options.onChange()
  }

  /** A mistake of ours must cost one attempt, and neither its slot nor the worker. */
  #broken(claimed: Claimed, startedAt: number, error: unknown): void {
    const { clock, events, resultTtlMs } = this.#options
    events.emit('worker.error', { error, during: `the course of ${claimed.task}[${claimed.id}]` })
    const lost = failure('INTERNAL', 'The worker could not bring this attempt to its end.')
    const settlement = settlementOf(claimed, { to: 'failed', error: lost, ttlMs: resultTtlMs })
    this.#settle({ settlement, ms: clock.now() - startedAt, attempts: claimed.attempt })
  }

  #lose(attempt: Attempt): void {
    attempt.abort({ type: 'lease_lost' })
    this.#options.events.emit('job.lost', attempt.event)
  }

  /** Its hold is gone. The handler keeps the slot until it ends, or for the grace. */
  #void(attempt: Attempt): Attempt {
    const { clock, reports, graceMs } = this.#options
    this.#running.delete(attempt.claimed.id)
    this.#stray.add(attempt)
    reports.drop(attempt)
    if (attempt.phase === 'running') {
      attempt.phase = 'void'
      attempt.deadlineAt = clock.now() + graceMs
      this.#deadlines.watch(attempt.deadlineAt)
    }
    return attempt
  }

  #actOnOverdue(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const attempt of [...this.#running.values(), ...this.#stray]) {
      if (attempt.deadlineAt <= now) this.#overdue(attempt, now)
      next = Math.min(next, attempt.deadlineAt)
    }
    return next
  }

  #overdue(attempt: Attempt, now: number): void {
    const { events, reports, graceMs } = this.#options
    const { timeLimitMs } = attempt.terms
    if (attempt.phase === 'running' && attempt.aborted === null) {
      attempt.deadlineAt = now + graceMs
      attempt.abort({ type: 'time_limit', timeLimitMs })
      return events.emit('job.overtime', { ...attempt.event, timeLimitMs })
    }
    attempt.deadlineAt = Number.POSITIVE_INFINITY
    if (attempt.result !== null) return this.#conclude(attempt, attempt.result, reports.drop(attempt))
    attempt.phase = 'abandoned'
    this.#abandoned += 1
    this.#conclude(attempt, overTime(attempt.terms), reports.drop(attempt))
    events.emit('job.abandoned', attempt.event)
  }
}
