/** The jobs that live, each in just one place: in line, delayed, waiting for others, or in the hands of a session. */
import type { NewJob } from '../store.ts'
import { Agenda } from './agenda.ts'
import { Gates } from './gates.ts'
import { Lines } from './lines.ts'
import { isOrdered, type LiveJob } from './live-job.ts'
import { Uniques } from './uniques.ts'

export class Jobs {
  readonly gates = new Gates()
  readonly lines = new Lines(this.gates)
  readonly uniques = new Uniques()
  /** When delayed ones may start. */
  readonly later = new Agenda()
  /** By when a first attempt must have begun. */
  readonly expiries = new Agenda()
  readonly #live = new Map<string, LiveJob>()

  get(id: string): LiveJob | undefined {
    return this.#live.get(id)
  }

  all(): LiveJob[] {
    return [...this.#live.values()]
  }

  /** It has no place yet. */
  add(
    { id, task, owner, input, options, flow }: Omit<NewJob, 'delayMs' | 'runAt' | 'announce'>,
    now: number,
  ): LiveJob {
    const job: LiveJob = {
      record: { id, task, owner, input, options },
      enqueuedAt: now,
      tries: 0,
      history: [],
      place: { in: 'waiting' },
      parent: flow?.parent,
      waits: flow?.waits && { ...flow.waits, ids: new Map(), parts: new Map() },
    }
    this.#live.set(id, job)
    return job
  }

  /** To the end of its line. */
  join(job: LiveJob): void {
    this.lines.join(job)
  }

  delay(job: LiveJob, runAt: number): void {
    job.place = { in: 'later', runAt }
    this.later.set(job.record.id, runAt)
    if (isRetrying(job)) this.gates.keep(job)
    else this.gates.leave(job)
  }

  /** Moves what is due to its line. */
  promote(now: number): void {
    for (const id of this.later.due(now)) {
      const job = this.#live.get(id) as LiveJob
      job.dueAt = now
      this.gates.leave(job)
      if (isRetrying(job)) this.lines.handBack([job])
      else this.lines.join(job)
    }
  }

  /** The next one of a queue that may start, in the hands of a session. */
  claim(queue: string, session: string, now: number): LiveJob | undefined {
    const job = this.lines.take(queue, now)
    if (job === undefined) return undefined
    job.place = { in: 'hands', session, claimedAt: now }
    this.gates.enter(job, now)
    return job
  }

  heldBy(session: string): LiveJob[] {
    return this.all().filter(({ place }) => place.in === 'hands' && place.session === session)
  }

  /** Those whose session is gone. */
  handBack(jobs: readonly LiveJob[]): void {
    for (const job of jobs) this.gates.leave(job)
    this.lines.handBack(jobs)
  }

  /** It has ended. */
  remove(job: LiveJob, now: number): void {
    const { id } = job.record
    this.lines.remove(job)
    this.later.delete(id)
    this.expiries.delete(id)
    this.uniques.forget(id, now)
    this.gates.leave(job)
    this.#live.delete(id)
  }
}

const isRetrying = ({ record, tries }: LiveJob): boolean => tries > 0 && isOrdered(record)
