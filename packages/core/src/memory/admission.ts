/** How jobs come in: whether a job is a new one, and where it waits first. */
import type { Enqueued, NewJob } from '../store.ts'
import type { Endings } from './endings.ts'
import type { Feed } from './feed.ts'
import type { Jobs } from './jobs.ts'
import { type LiveJob, noticeFor } from './live-job.ts'
import type { Newest } from './newest.ts'
import type { Outcomes } from './outcomes.ts'
import type { Tags } from './tags.ts'

type Answer = Omit<Enqueued, 'cursor'>

export class Admission {
  readonly #jobs: Jobs
  readonly #outcomes: Outcomes
  readonly #feed: Feed
  readonly #endings: Endings
  readonly #tags: Tags
  readonly #newest: Newest

  constructor(jobs: Jobs, outcomes: Outcomes, feed: Feed, endings: Endings, tags: Tags, newest: Newest) {
    this.#jobs = jobs
    this.#outcomes = outcomes
    this.#feed = feed
    this.#endings = endings
    this.#tags = tags
    this.#newest = newest
  }

  isKnown(id: string, now: number): boolean {
    return this.#jobs.get(id) !== undefined || this.#outcomes.get(id, now) !== null
  }

  enqueue(jobs: readonly NewJob[], now: number): Enqueued[] {
    const cursor = this.#feed.tail
    return jobs.map((job) => ({ ...this.#enqueueOne(job, now), cursor }))
  }

  #enqueueOne(newJob: NewJob, now: number): Answer {
    const { id, announce, expiresMs, unique = [], flow } = newJob
    if (this.isKnown(id, now)) return { outcome: 'exists', id }
    const orphaned = this.#orphaned(newJob)
    if (orphaned !== null) return orphaned
    for (const rule of unique) {
      const answer = this.#check(rule, newJob, now)
      if (answer !== null) return answer
    }
    const job = this.#jobs.add(newJob, now)
    this.#jobs.uniques.register(unique, id, now)
    if (flow?.parent !== undefined) this.#jobs.get(flow.parent.id)?.waits?.ids.set(flow.parent.part, id)
    const startAt = startOf(newJob, now)
    if (job.waits === undefined && startAt > now) this.#jobs.delay(job, startAt)
    else if (job.waits === undefined) this.#jobs.join(job)
    if (expiresMs !== undefined) this.#jobs.expiries.set(id, now + expiresMs)
    this.#note(newJob, job, now)
    if (announce) this.#feed.append({ type: 'queued', ...noticeFor(newJob, now, newJob.options.trace) })
    if (job.waits !== undefined) this.#endings.complete(job, job.waits, now)
    return { outcome: 'enqueued', id }
  }

  /** A part that nobody waits for (any more) is not made: its parent was not enqueued, has ended, or has that part, or never asked for it. */
  #orphaned({ flow }: NewJob): Answer | null {
    if (flow?.parent === undefined) return null
    const { id, part } = flow.parent
    const parent = this.#jobs.get(id)
    const waits = parent?.place.in === 'waiting' ? parent.waits : undefined
    const isAwaited = waits !== undefined && part < waits.children && !waits.ids.has(part)
    return isAwaited ? null : { outcome: 'rejected', id }
  }

  /** What a rule answers; `null`: it has nothing against the job. */
  #check(rule: NonNullable<NewJob['unique']>[number], newJob: NewJob, now: number): Answer | null {
    const registered = this.#jobs.uniques.find(rule, now)
    if (registered === undefined) return null
    const { id, at } = registered
    if (rule.type === 'once') return { outcome: 'exists', id }
    const other = this.#jobs.get(id) as LiveJob
    if (rule.type === 'debounce') {
      if (other.place.in !== 'later' || other.tries > 0) return null
      this.#renew(other, newJob, Math.min(startOf(newJob, now), at + rule.maxWaitMs), now)
      return { outcome: 'exists', id }
    }
    switch (rule.onBusy) {
      case 'reject':
        return { outcome: 'rejected', id }
      case 'return':
        return { outcome: 'exists', id }
      case 'replace': {
        const reason = `replaced by ${newJob.id}`
        this.#endings.end(other, { state: 'cancelled', by: null, reason }, rule.ttlMs, now)
        return null
      }
    }
  }

  /** A delayed job becomes the newer one, but for its id. */
  #renew(job: LiveJob, newJob: NewJob, runAt: number, now: number): void {
    const { task, owner, input, options, expiresMs } = newJob
    const { id } = job.record
    this.#tags.remove(job.record)
    job.record = { id, task, owner, input, options }
    this.#jobs.delay(job, runAt)
    if (expiresMs === undefined) this.#jobs.expiries.delete(id)
    else this.#jobs.expiries.set(id, now + expiresMs)
    this.#note(newJob, job, now)
  }

  /** Where it is found again. */
  #note({ isLast }: NewJob, { record, enqueuedAt }: LiveJob, now: number): void {
    this.#tags.add(record, enqueuedAt, now)
    if (isLast) this.#newest.set(record, now)
  }
}

const startOf = ({ delayMs, runAt }: NewJob, now: number): number => runAt ?? now + delayMs
