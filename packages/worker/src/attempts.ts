/**
 * The slots: every attempt from its claim until its outcome lies in the outbox, and every way in which one can end
 * before its handler does.
 */
import {
  type AttemptSpan,
  type Claimed,
  type Clock,
  Deadlines,
  DEFAULT_QUEUE,
  type Encoded,
  FreshMap,
  type Hold,
  type Store,
  type TracedAttempt,
  type Tracing,
} from '@lovage/core'
import type { TracedWorker } from '@lovage/ops'
import { Attempt, heldOf, termsOf } from './attempt.ts'
import type { WorkerTask } from './bind-handlers.ts'
import { contextOf } from './context.ts'
import type { Events } from './events.ts'
import { failure } from './failure.ts'
import { fateOf } from './fate.ts'
import type { Finished, Outbox } from './outbox.ts'
import type { Place } from './place.ts'
import type { Places } from './places.ts'
import type { Prefetch } from './prefetch.ts'
import type { Releases } from './releases.ts'
import type { Reports } from './reports.ts'
import { runAttempt } from './run-attempt.ts'
import { within } from './within.ts'
import { type AttemptResult, countedResult, overTime, settlementOf, verdictOf } from './settle.ts'
import { outOfAttempts, unknownTask } from './unrunnable.ts'

/**
 * How long a thread or process may take to say that it heard of the end of its time limit. One that does not computes
 * without a pause, and will not heed a signal later either.
 */
const DEAF_MS = 500
/** How long the system may take to end what was killed; a thread in a call of the system goes on until that returns. */
const KILL_MS = 10_000

export interface AttemptsOptions {
  store: Store
  tasks: ReadonlyMap<string, WorkerTask>
  places: Places
  clock: Clock
  random: () => number
  events: Events
  outbox: Outbox
  prefetch: Prefetch
  releases: Releases
  reports: Reports
  tracing: Tracing<TracedWorker> | undefined
  /** Of the worker. */
  name: string
  resultTtlMs: number
  maxResultBytes: number
  /** How long a handler may go on after its signal was aborted before it is killed, or its slot is given away. */
  graceMs: number
  /** A slot became free, or an outcome lies in the outbox. */
  onChange: () => void
}

export class Attempts {
  readonly #options: AttemptsOptions
  /** Those whose hold is true as far as this worker knows. */
  readonly #running = new FreshMap<string, Attempt>()
  /** Those whose hold is gone while their handlers still run. They take a slot too. */
  readonly #stray = new Set<Attempt>()
  readonly #deadlines: Deadlines
  #abandoned = 0
  #isClosed = false

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

  holds(): Hold[] {
    return [...this.#running.values()].map(({ claimed: { id, claimedAt } }) => ({ id, claimedAt }))
  }

  /** Whether the end of this process, whoever brought it about, could end the job, or the job may be what brings it about. */
  isFragile({ task, attempt, options }: Claimed): boolean {
    return attempt > 1 || (options.attempts ?? this.#options.tasks.get(task)?.task.retry.attempts) === 1
  }

  /** Whether one of those that run is. */
  get isAnyFragile(): boolean {
    for (const { claimed, terms } of this.#running.values())
      if (claimed.attempt > 1 || terms.policy.attempts === 1) return true
    return false
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
      void fateOf(this.#options.store, heldOf(attempt)).then((fate) => {
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

  /** What runs still is handed back. */
  close(): void {
    this.#isClosed = true
    this.#deadlines.close()
    for (const attempt of this.#running.values()) this.#options.events.emit('job.returned', attempt.event)
  }

  #begin(claimed: Claimed): void {
    const { tasks, clock, random, events, resultTtlMs } = this.#options
    const { id, task, attempt: number } = claimed
    events.emit('job.received', { id, task, attempt: number, trace: claimed.options.trace })
    const before = this.#running.get(id)
    // Whoever claims a job holds it now, so that an earlier hold of this same worker is gone.
    if (before !== undefined) this.#lose(this.#void(before))
    const bound = tasks.get(task)
    if (bound === undefined) return this.#settle(unknownTask(claimed, [...tasks.keys()], resultTtlMs, random))
    const terms = termsOf(claimed, bound, resultTtlMs)
    if (number > terms.policy.attempts) return this.#settle(outOfAttempts(claimed, terms))
    const attempt = new Attempt(claimed, bound, terms, clock.now())
    this.#running.set(id, attempt)
    void this.#run(attempt)
  }

  /** Its handler is called now. `kill` ends it by force, where that can be done. Answers its span. */
  #begun(attempt: Attempt, kill: (() => void) | null): AttemptSpan | undefined {
    const { clock, events, tracing } = this.#options
    attempt.begin(clock.now(), kill)
    this.#deadlines.watch(attempt.deadlineAt)
    if (attempt.phase === 'running') {
      if (tracing !== undefined) attempt.span = tracing.attempt(this.#traced(attempt.claimed))
      events.emit('job.started', attempt.event)
    }
    return attempt.span
  }

  #traced({ id, task, attempt, options }: Claimed): TracedAttempt {
    const { queue = DEFAULT_QUEUE, trace } = options
    return { id, task, attempt, queue, worker: this.#options.name, trace }
  }

  #execute(attempt: Attempt): Promise<AttemptResult> {
    const { places, reports, maxResultBytes } = this.#options
    const { bound, claimed } = attempt
    const context = contextOf(attempt, reports)
    if ('handler' in bound) {
      return within(this.#begun(attempt, null), () =>
        runAttempt(bound, claimed.input, context, maxResultBytes),
      )
    }
    const place = places.of(claimed.task) as Place // there for every task whose handler is in a module
    return place.run(
      { input: claimed.input, maxResultBytes, context },
      {
        onBegun: (kill) => this.#begun(attempt, kill),
        onHeard: () => this.#heard(attempt),
        onReport: (report) => reports.received(attempt, report),
        onSaid: (parts) => reports.said(attempt, parts),
      },
    )
  }

  async #run(attempt: Attempt): Promise<void> {
    const { events } = this.#options
    const { claimed } = attempt
    try {
      const result = await this.#execute(attempt)
      attempt.span?.handlerEnded()
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
    const { clock, random, events, prefetch, releases, onChange } = this.#options
    const { claimed, terms, aborted, startedAt } = attempt
    const ms = clock.now() - startedAt
    prefetch.took(ms)
    const isHeld = this.#running.get(claimed.id) === attempt
    if (isHeld) this.#running.delete(claimed.id)
    else {
      this.#stray.delete(attempt)
      releases.put(claimed.id) // should it have been cancelled, its place among the running ones is free now
    }
    const counted = isHeld ? countedResult(result, aborted, terms) : null
    if (counted === null) {
      if (isHeld && !this.#isClosed) events.emit('job.returned', attempt.event)
      return onChange()
    }
    const settlement = settlementOf(claimed, verdictOf(counted, terms, random), attempt.trace)
    if (progress !== undefined) settlement.progress = progress
    this.#settle({ settlement, ms, attempts: terms.policy.attempts })
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
    if (attempt.phase === 'running' && attempt.aborted === null) return this.#overtime(attempt, now)
    attempt.deadlineAt = Number.POSITIVE_INFINITY
    const { reports } = this.#options
    if (attempt.result !== null) return this.#conclude(attempt, attempt.result, reports.drop(attempt))
    if (attempt.kill === null || attempt.isKilled) return this.#abandon(attempt)
    attempt.isKilled = true
    attempt.deadlineAt = now + KILL_MS
    attempt.kill() // its end is its result
  }

  #overtime(attempt: Attempt, now: number): void {
    const { events, graceMs } = this.#options
    const { timeLimitMs } = attempt.terms
    attempt.overtimeAt = now
    attempt.deadlineAt = now + (attempt.kill === null ? graceMs : Math.min(DEAF_MS, graceMs))
    attempt.abort({ type: 'time_limit', timeLimitMs })
    events.emit('job.overtime', { ...attempt.event, timeLimitMs })
  }

  /** The thread or process that runs it is not deaf: its handler has the whole grace to end. */
  #heard(attempt: Attempt): void {
    if (attempt.phase !== 'running' || attempt.overtimeAt === null || attempt.isKilled) return
    attempt.deadlineAt = attempt.overtimeAt + this.#options.graceMs
  }

  /** Nothing can end its handler. */
  #abandon(attempt: Attempt): void {
    const { events, reports } = this.#options
    attempt.phase = 'abandoned'
    this.#abandoned += 1
    this.#conclude(attempt, overTime(attempt.terms), reports.drop(attempt))
    events.emit('job.abandoned', attempt.event)
  }
}
