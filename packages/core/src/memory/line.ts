/**
 * Where jobs wait: those that may start, in order, and those that may not yet, by the moment when they may.
 * Whoever comes in here is placed here, and nowhere else.
 */
import type { LiveJob } from './live-job.ts'

export class Line {
  #ready: LiveJob[] = []
  /** Earliest first; what is due in the same ms goes by id. */
  #later: { job: LiveJob; runAt: number }[] = []

  join(job: LiveJob): void {
    job.place = { in: 'line' }
    this.#ready.push(job)
  }

  /** To the head of the line, oldest first, since ids tell their age: they have waited already. */
  handBack(jobs: readonly LiveJob[]): void {
    for (const job of jobs) job.place = { in: 'line' }
    this.#ready = [...jobs.toSorted((a, b) => (a.record.id < b.record.id ? -1 : 1)), ...this.#ready]
  }

  delay(job: LiveJob, runAt: number): void {
    job.place = { in: 'later', runAt }
    const before = this.#later.findLastIndex(
      (other) => other.runAt < runAt || (other.runAt === runAt && other.job.record.id < job.record.id),
    )
    this.#later.splice(before + 1, 0, { job, runAt })
  }

  /** Moves what is due to the end of the line. */
  promote(now: number): void {
    const notDue = this.#later.findIndex(({ runAt }) => runAt > now)
    for (const { job } of this.#later.splice(0, notDue === -1 ? this.#later.length : notDue)) this.join(job)
  }

  /** The first `count` of the line; the caller finds a place for them. */
  take(count: number): LiveJob[] {
    return this.#ready.splice(0, count)
  }

  remove(job: LiveJob): void {
    this.#ready = this.#ready.filter((other) => other !== job)
    this.#later = this.#later.filter((other) => other.job !== job)
  }

  /** Whether a step would find a job to start. */
  hasWork(now: number): boolean {
    const nextDueMs = this.nextDueMs(now)
    return this.#ready.length > 0 || (nextDueMs !== null && nextDueMs <= 0)
  }

  /** How long until the next delayed job is due; `null` when none waits. */
  nextDueMs(now: number): number | null {
    const next = this.#later[0]
    return next === undefined ? null : next.runAt - now
  }
}
