/**
 * All that a queue is, and the acts that change it.
 *
 * Each act happens at one moment, `now`, and leaves everything true: a job either lives, and is in just one place
 * (in line, delayed, or in the hands of a session), or it has an outcome. A change and its notice are one act.
 */
import type { Pulse, StoredInspection } from '../inspect.ts'
import type {
  CancelReply,
  CancelRequest,
  Claimed,
  Counts,
  Enqueued,
  JoinRequest,
  NewJob,
  Outcome,
  ProgressReport,
  Settlement,
  Snapshot,
  StepReply,
  StepRequest,
  Wake,
} from '../store.ts'
import type { Said, SaidReport } from '../log.ts'
import { Feed } from './feed.ts'
import { Groups } from './groups.ts'
import { inspect } from './inspect.ts'
import { Line } from './line.ts'
import { attemptOf, describe, isHeld, type LiveJob } from './live-job.ts'
import { Outcomes } from './outcomes.ts'
import { SaidByJobs } from './said.ts'
import { Sessions } from './sessions.ts'

export class Ledger {
  readonly feed: Feed
  readonly groups: Groups
  readonly line = new Line()
  readonly #jobs = new Map<string, LiveJob>()
  readonly #outcomes = new Outcomes()
  readonly #said = new SaidByJobs()
  readonly #sessions = new Sessions()

  constructor(streamMaxLen: number, streamCap: number) {
    this.feed = new Feed(streamMaxLen, streamCap)
    this.groups = new Groups(this.feed)
  }

  enqueue(jobs: readonly NewJob[], now: number): Enqueued[] {
    const cursor = this.feed.tail
    return jobs.map((job) => ({ outcome: this.#enqueueOne(job, now), cursor }))
  }

  #enqueueOne({ delayMs, announce, ...record }: NewJob, now: number): Enqueued['outcome'] {
    const { id, task, owner } = record
    if (this.#jobs.has(id) || this.#outcomes.get(id, now) !== null) return 'exists'
    const job: LiveJob = { record, tries: 0, place: { in: 'line' } }
    this.#jobs.set(id, job)
    if (delayMs > 0) this.line.delay(job, now + delayMs)
    else this.line.join(job)
    if (announce) this.feed.append({ type: 'queued', jobId: id, task, owner, at: now })
    return 'enqueued'
  }

  get(id: string, now: number): Snapshot | null {
    const cursor = this.feed.tail
    const job = this.#jobs.get(id)
    if (job !== undefined) return { cursor, ...describe(job) }
    const outcome = this.#outcomes.get(id, now)
    return outcome && { cursor, ...outcome }
  }

  cancel({ id, by, reason, ttlMs }: CancelRequest, now: number): CancelReply {
    const job = this.#jobs.get(id)
    if (job === undefined) {
      const outcome = this.#outcomes.get(id, now)
      return outcome === null ? { outcome: 'missing' } : { outcome: 'ended', state: outcome.state }
    }
    const {
      record: { task, owner },
      place,
    } = job
    const base = { id, task, owner, attempt: attemptOf(job), finishedAt: now, by, reason }
    if (place.in === 'hands') {
      this.#end({ state: 'cancelled', ...base, startedAt: place.claimedAt }, ttlMs)
      this.#sessions.tell(place.session, { id, by, reason })
    } else {
      this.#end({ state: 'cancelled', ...base }, ttlMs)
      this.line.remove(job)
    }
    const cursor = this.feed.append({ type: 'cancelled', jobId: id, task, owner, at: now, by, reason })
    return { outcome: 'cancelled', cursor }
  }

  join({ session, leaseMs, replaces, info }: JoinRequest, now: number): { lost: string[] } {
    this.#sessions.renew(session, now + leaseMs)
    if (info !== undefined) this.#sessions.describe(session, { info })
    if (replaces === undefined) return { lost: [] }
    const lost: string[] = []
    for (const hold of replaces.holds) {
      const job = this.#jobs.get(hold.id)
      // Held by the new one already: the call is a repetition, whose first answer was lost.
      if (isHeld(job, replaces.session, hold) || isHeld(job, session, hold)) job.place.session = session
      else lost.push(hold.id)
    }
    this.leave(replaces.session)
    return { lost }
  }

  leave(session: string): { returned: number } {
    this.#sessions.end(session)
    const jobs = this.#heldBy(session)
    this.line.handBack(jobs)
    return { returned: jobs.length }
  }

  extend(session: string, leaseMs: number, now: number): { alive: boolean; reaped: number } {
    // First its own lease, then the dead: whoever comes late, but before anybody missed it, has lost nothing.
    const alive = this.#sessions.has(session)
    if (alive) this.#sessions.renew(session, now + leaseMs)
    const dead = this.#sessions.reap(now)
    const jobs = dead.flatMap((session) => this.#heldBy(session))
    for (const job of jobs) job.tries += 1
    this.line.handBack(jobs)
    return { alive, reaped: dead.length }
  }

  step({ session, settle, claim, verify = [], announce }: StepRequest, now: number): StepReply {
    const alive = this.#sessions.has(session)
    const lost = [
      ...settle.filter((settlement) => !this.#settle(session, settlement, now)),
      ...verify.filter((hold) => !isHeld(this.#jobs.get(hold.id), session, hold)),
    ].map(({ id }) => id)
    this.line.promote(now)
    const claimed = alive ? this.line.take(claim).map((job) => this.#claim(job, session, announce, now)) : []
    return { alive, lost, claimed, nextDueMs: this.line.nextDueMs(now) }
  }

  /** Whether the hold was true. */
  #settle(session: string, settlement: Settlement, now: number): boolean {
    const { id, task, owner, attempt, claimedAt } = settlement
    const job = this.#jobs.get(id)
    if (!isHeld(job, session, settlement)) return false
    const { progress: data } = settlement
    if (data !== undefined) this.#report(session, { ...settlement, data }, now)
    const ended = { id, task, owner, attempt, startedAt: claimedAt, finishedAt: now }
    const notice = { jobId: id, task, owner, at: now, attempt }
    switch (settlement.to) {
      case 'succeeded':
        this.#end({ state: 'succeeded', ...ended, result: settlement.result }, settlement.ttlMs)
        this.feed.append({ type: 'succeeded', ...notice, data: settlement.result })
        return true
      case 'failed':
        this.#end({ state: 'failed', ...ended, error: settlement.error }, settlement.ttlMs)
        this.feed.append({ type: 'failed', ...notice, error: settlement.error })
        return true
      case 'retrying': {
        const runAt = now + settlement.delayMs
        job.tries = attempt
        this.line.delay(job, runAt)
        this.feed.append({ type: 'retrying', ...notice, error: settlement.error, runAt })
        return true
      }
    }
  }

  #claim(job: LiveJob, session: string, announce: StepRequest['announce'], now: number): Claimed {
    job.place = { in: 'hands', session, claimedAt: now }
    const { id, task, owner } = job.record
    const attempt = attemptOf(job)
    if (announce?.has(task)) this.feed.append({ type: 'started', jobId: id, task, owner, at: now, attempt })
    return { ...job.record, claimedAt: now, attempt }
  }

  progress(session: string, reports: readonly ProgressReport[], now: number): { lost: string[] } {
    const lost = reports.filter((report) => !this.#report(session, report, now))
    return { lost: lost.map(({ id }) => id) }
  }

  /** Whether the hold was true. */
  #report(session: string, report: ProgressReport, now: number): boolean {
    const { id, task, owner, data } = report
    const job = this.#jobs.get(id)
    if (!isHeld(job, session, report)) return false
    job.place.progress = data
    this.feed.append({ type: 'progress', jobId: id, task, owner, at: now, data })
    return true
  }

  say(session: string, reports: readonly SaidReport[], now: number): { lost: string[] } {
    const lost = new Set<string>()
    for (const report of reports) {
      const { id, task, owner, attempt, parts } = report
      if (!isHeld(this.#jobs.get(id), session, report)) lost.add(id)
      else {
        for (const part of parts) {
          if (!this.#said.isNew(report, part)) continue
          const { type, first, dropped, data } = part
          const notice = { type, jobId: id, task, owner, at: now, attempt, first, dropped, data }
          this.#said.keep(report, part, this.feed.append(notice), now)
        }
      }
    }
    return { lost: [...lost] }
  }

  said(id: string, now: number): Said[] {
    return this.#said.get(id, now)
  }

  /** What a session that waits is to be told; a cancelled job is told once. */
  wake(session: string, work: boolean, now: number): Wake {
    return { work: work && this.line.hasWork(now), cancelled: this.#sessions.told(session) }
  }

  counts(now: number): Counts {
    const workers = this.#sessions.alive(now)
    const counts: Counts = { queued: 0, scheduled: 0, retrying: 0, running: 0, workers }
    for (const job of this.#jobs.values()) counts[describe(job).state] += 1
    return counts
  }

  pulse(session: string, pulse: Pulse, now: number): { alive: boolean } {
    return { alive: this.#sessions.describe(session, { pulse: { at: now, pulse } }) }
  }

  inspect(running: number, now: number): StoredInspection {
    return inspect(this.#jobs.values(), this.#sessions, running, now)
  }

  #end(outcome: Outcome, ttlMs: number): void {
    this.#jobs.delete(outcome.id)
    this.#outcomes.put(outcome, ttlMs)
  }

  #heldBy(session: string): LiveJob[] {
    return [...this.#jobs.values()].filter(({ place }) => place.in === 'hands' && place.session === session)
  }
}
