/**
 * All that a queue is, and the acts that change it.
 *
 * Each act happens at one moment, `now`, and leaves everything true: a job either lives, and is in just one place
 * (in line, delayed, waiting for others, or in the hands of a session), or it has an outcome. A change and its notice
 * are one act.
 */
import type { Failure } from '../job.ts'
import type { Retention } from '../retention.ts'
import type { FireReply, FireRequest } from '../schedule.ts'
import type { Pulse, StoredInspection } from '../inspect.ts'
import type { QueueDepth } from '../queue-depth.ts'
import type {
  CancelReply,
  CancelRequest,
  Claimed,
  Counts,
  Enqueued,
  Found,
  Hold,
  JoinRequest,
  NewJob,
  Outcome,
  ProgressReport,
  Search,
  Settlement,
  Snapshot,
  StepReply,
  StepRequest,
  Wake,
} from '../store.ts'
import { Admission } from './admission.ts'
import { Endings } from './endings.ts'
import { FailedJobs } from './failed-jobs.ts'
import { Feed } from './feed.ts'
import { Groups } from './groups.ts'
import { Jobs } from './jobs.ts'
import { attemptOf, describe, isHeld, type LiveJob, noticeFor, remember } from './live-job.ts'
import { Newest } from './newest.ts'
import { Outcomes } from './outcomes.ts'
import { pageOf } from './page.ts'
import { Schedules } from './schedules.ts'
import type { Said, SaidReport } from '../log.ts'
import { depthsOf, inspect } from './inspect.ts'
import { SaidByJobs } from './said.ts'
import { Sessions } from './sessions.ts'
import { Tags } from './tags.ts'

const WORKER_LOST = { name: 'WORKER_LOST', message: 'its worker was lost' }

export class Ledger {
  readonly feed: Feed
  readonly groups: Groups
  readonly schedules = new Schedules()
  readonly #jobs = new Jobs()
  readonly #outcomes: Outcomes
  readonly #said = new SaidByJobs()
  readonly #sessions = new Sessions()
  readonly #failed: FailedJobs
  readonly #endings: Endings
  readonly #admission: Admission
  /** Whether `get` answers it. */
  readonly #isShown = (id: string, now: number): boolean =>
    this.#jobs.get(id) !== undefined || this.#outcomeOf(id, now) !== null
  readonly #tags = new Tags(this.#isShown)
  readonly #newest = new Newest(this.#isShown)

  constructor({ streamMaxLen, streamCap, resultsMax, failedMax, failedMaxAgeMs }: Retention) {
    this.feed = new Feed(streamMaxLen, streamCap)
    this.groups = new Groups(this.feed)
    this.#outcomes = new Outcomes(resultsMax)
    this.#failed = new FailedJobs({ max: failedMax, maxAgeMs: failedMaxAgeMs })
    this.#endings = new Endings(this.#jobs, this.#outcomes, this.#failed, this.feed, this.#sessions)
    this.#admission = new Admission(
      this.#jobs,
      this.#outcomes,
      this.feed,
      this.#endings,
      this.#tags,
      this.#newest,
    )
  }

  /** Limits and pauses. */
  get gates(): Jobs['gates'] {
    return this.#jobs.gates
  }

  enqueue(jobs: readonly NewJob[], now: number): Enqueued[] {
    return this.#admission.enqueue(jobs, now)
  }

  fire({ name, at, nextAt, jobs }: FireRequest, now: number): FireReply {
    if (!this.schedules.fired(name, at, nextAt)) return { outcome: 'stale' }
    this.enqueue(jobs, now)
    return { outcome: 'fired' }
  }

  get(id: string, now: number): Snapshot | null {
    const cursor = this.feed.tail
    const job = this.#jobs.get(id)
    if (job !== undefined) return { cursor, ...describe(job) }
    const outcome = this.#outcomeOf(id, now)
    return outcome && { cursor, ...outcome }
  }

  /** A failed job is shown as long as it can be run again. */
  #outcomeOf(id: string, now: number): Outcome | null {
    return this.#outcomes.get(id, now) ?? this.#failed.get(id, now)?.outcome ?? null
  }

  last(task: string, owner: string | null, now: number): string | null {
    return this.#newest.get(task, owner, now)
  }

  find(search: Search, options: { limit: number; after?: string | undefined }, now: number): Found {
    if ('tag' in search) return pageOf(this.#tags.find(search.tag, now), options)
    if (search.state === 'failed') {
      const failed = this.#failed.newestFirst(now)
      const entries = failed.map(({ outcome }) => ({ id: outcome.id, at: outcome.finishedAt }))
      return pageOf(entries, { ...options, newestFirst: true })
    }
    const jobs = this.#jobs.all().filter((job) => describe(job).state === search.state)
    const at = ({ place, enqueuedAt }: LiveJob): number => (place.in === 'later' ? place.runAt : enqueuedAt)
    return pageOf(
      jobs.map((job) => ({ id: job.record.id, at: at(job) })),
      options,
    )
  }

  cancel({ id, by, reason, ttlMs }: CancelRequest, now: number): CancelReply {
    const job = this.#jobs.get(id)
    if (job !== undefined)
      return {
        outcome: 'cancelled',
        cursor: this.#endings.end(job, { state: 'cancelled', by, reason }, ttlMs, now),
      }
    const outcome = this.#outcomeOf(id, now)
    return outcome === null ? { outcome: 'missing' } : { outcome: 'ended', state: outcome.state }
  }

  retry(pairs: readonly { id: string; newId: string }[], now: number): string[] {
    const retried = pairs.filter(({ id, newId }) => {
      const record = this.#failed.get(id, now)?.record
      if (record === undefined || this.#admission.isKnown(newId, now)) return false
      this.#failed.take(id, now)
      const job = this.#jobs.add({ ...record, id: newId, options: { ...record.options, retryOf: id } }, now)
      this.#jobs.join(job)
      this.#tags.add(job.record, now, now)
      return true
    })
    return retried.map(({ id }) => id)
  }

  discard(ids: readonly string[], now: number): string[] {
    return ids.filter((id) => this.#failed.take(id, now))
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
    this.gates.move(replaces.session, session)
    this.leave(replaces.session)
    return { lost }
  }

  handBack(session: string, holds: readonly Hold[]): void {
    const jobs = new Set<LiveJob>()
    for (const hold of holds) {
      const job = this.#jobs.get(hold.id)
      if (isHeld(job, session, hold)) jobs.add(job)
    }
    this.#jobs.handBack([...jobs])
  }

  leave(session: string): { returned: number } {
    this.#sessions.end(session)
    this.gates.release(session)
    const jobs = this.#jobs.heldBy(session)
    this.#jobs.handBack(jobs)
    return { returned: jobs.length }
  }

  extend(session: string, leaseMs: number, now: number): { alive: boolean; reaped: number } {
    // First its own lease, then the dead: whoever comes late, but before anybody missed it, has lost nothing.
    const alive = this.#sessions.has(session)
    if (alive) this.#sessions.renew(session, now + leaseMs)
    const dead = this.#sessions.reap(now)
    const jobs = dead.flatMap((session) => this.#jobs.heldBy(session))
    for (const job of jobs) this.#failAttempt(job, WORKER_LOST, now)
    for (const session of dead) this.gates.release(session)
    this.#jobs.handBack(jobs)
    return { alive, reaped: dead.length }
  }

  /** The attempt counts, and did not end the job. */
  #failAttempt(job: LiveJob, error: Failure, now: number): void {
    if (job.place.in !== 'hands') return
    const { claimedAt: startedAt, session: worker } = job.place
    job.tries += 1
    remember(job, { attempt: job.tries, startedAt, ms: now - startedAt, worker, error })
  }

  step(
    { session, settle, claim, queues, release, verify = [], announce }: StepRequest,
    now: number,
  ): StepReply {
    const alive = this.#sessions.has(session)
    this.#sessions.serves(session, queues)
    const lost = [
      ...settle.filter((settlement) => !this.#settle(session, settlement, now)),
      ...verify.filter((hold) => !isHeld(this.#jobs.get(hold.id), session, hold)),
    ].map(({ id }) => id)
    if (release !== undefined) this.gates.release(session, release)
    this.#expire(now)
    this.#jobs.promote(now)
    const ticks = alive ? this.schedules.ticks(now) : []
    const claimed: Claimed[] = []
    for (const queue of alive ? queues : []) {
      while (claimed.length < claim) {
        const job = this.#jobs.claim(queue, session, now)
        if (job === undefined) break
        claimed.push(this.#claimed(job, announce, now))
      }
    }
    return { alive, lost, claimed, nextDueMs: this.nextDueMs(session, now), ticks }
  }

  /** Whether the hold was true. */
  #settle(session: string, settlement: Settlement, now: number): boolean {
    const job = this.#jobs.get(settlement.id)
    if (!isHeld(job, session, settlement)) return false
    const { progress: data, attempt, trace } = settlement
    job.tries = attempt - 1 // claimed twice within one ms the holds are alike, and the settlement says which one it means
    if (data !== undefined) this.#report(session, { ...settlement, data }, now)
    switch (settlement.to) {
      case 'succeeded':
        this.#endings.end(
          job,
          { state: 'succeeded', result: settlement.result, trace },
          settlement.ttlMs,
          now,
        )
        return true
      case 'failed':
        this.#endings.end(job, { state: 'failed', error: settlement.error, trace }, settlement.ttlMs, now)
        return true
      case 'retrying': {
        const { error, delayMs } = settlement
        this.#failAttempt(job, error, now)
        this.#jobs.delay(job, now + delayMs)
        const notice = { ...noticeFor(job.record, now, trace), attempt: job.tries }
        this.feed.append({ type: 'retrying', ...notice, error, runAt: now + delayMs })
        return true
      }
    }
  }

  /** Ends what has not begun in time. */
  #expire(now: number): void {
    for (const id of this.#jobs.expiries.due(now)) {
      const job = this.#jobs.get(id)
      if (job === undefined || job.tries > 0 || job.place.in === 'hands') continue
      this.#endings.end(job, { state: 'expired' }, job.record.options.ttlMs ?? 0, now)
    }
  }

  #claimed(job: LiveJob, announce: StepRequest['announce'], now: number): Claimed {
    const attempt = attemptOf(job)
    if (announce?.has(job.record.task))
      this.feed.append({ type: 'started', ...noticeFor(job.record, now, job.record.options.trace), attempt })
    return { ...job.record, claimedAt: now, attempt }
  }

  progress(session: string, reports: readonly ProgressReport[], now: number): { lost: string[] } {
    const lost = reports.filter((report) => !this.#report(session, report, now))
    return { lost: lost.map(({ id }) => id) }
  }

  /** Whether the hold was true. */
  #report(session: string, report: ProgressReport, now: number): boolean {
    const job = this.#jobs.get(report.id)
    if (!isHeld(job, session, report)) return false
    const { data, trace } = report
    job.place.progress = data
    this.feed.append({ type: 'progress', ...noticeFor(job.record, now, trace), data })
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
    const hasWork = (): boolean =>
      this.#dueAt() <= now || this.#jobs.lines.openings(this.#sessions.queues(session), now).isOpen
    return { work: work && hasWork(), cancelled: this.#sessions.told(session) }
  }

  /** ms until something is due for a session; `null`: nothing that time alone brings. */
  nextDueMs(session: string, now: number): number | null {
    const { opensAt } = this.#jobs.lines.openings(this.#sessions.queues(session), now)
    const dueAt = Math.min(this.#dueAt(), opensAt)
    return dueAt === Infinity ? null : Math.max(0, dueAt - now)
  }

  #dueAt(): number {
    return Math.min(this.#jobs.later.nextAt, this.#jobs.expiries.nextAt, this.schedules.nextAt)
  }

  counts(now: number): Counts {
    const workers = this.#sessions.alive(now)
    const counts: Counts = { queued: 0, waiting: 0, scheduled: 0, retrying: 0, running: 0, workers }
    for (const job of this.#jobs.all()) counts[describe(job).state] += 1
    return counts
  }

  pulse(session: string, pulse: Pulse, now: number): { alive: boolean } {
    return { alive: this.#sessions.describe(session, { pulse: { at: now, pulse } }) }
  }

  depths(now: number): QueueDepth[] {
    return depthsOf(this.#jobs.lines, now)
  }

  inspect(running: number, now: number): StoredInspection {
    return inspect(this.#jobs.all(), this.#sessions, running, now)
  }
}
