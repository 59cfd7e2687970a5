/** The jobs of a task, or of all, that are followed: each once, however many components look at it. */
import { type Cursor, type Failure, isFinal, type Job, type LogLine, type Notice } from '@lovage/core'
import { reduceJob } from '../reduce.ts'
import type { Origin } from '../origin.ts'
import { Following } from './following.ts'

/** A line of a job's log. Together its attempt and its `n` are a key. */
export interface JobLine extends LogLine {
  readonly attempt: number
}

/** What a job has said, as far as it is held. */
export interface Said {
  /** Of all its attempts, the newest 1,000. */
  logs: readonly JobLine[]
  /** What the newest attempt that wrote any text has written: the newest 100,000 characters. */
  text: string
  /** Which attempt that is. */
  writer: number
}

/** What is known of a job. */
export interface Known extends Said {
  job?: Job
  /** The last report of the attempt that runs, or ran last. */
  progress?: unknown
  /** Why the last attempt failed. */
  failure?: Failure | undefined
  /** Why it is not followed any more. */
  error: Error | undefined
}

const LINES_MAX = 1_000
const TEXT_MAX = 100_000

export const NOTHING: Known = { error: undefined, logs: [], text: '', writer: 0 }

export const known = (job: Job, { logs, text, writer }: Said = NOTHING): Known => ({
  ...(job.state === 'running' && { progress: job.progress }),
  job,
  error: undefined,
  logs,
  text,
  writer,
})

/** Where following begins: what is known already, and up to which place. */
export interface Start {
  known: Known
  cursor?: Cursor | undefined
}

export class FollowedJobs {
  readonly #origin: Origin
  readonly #jobs = new Map<string, Following<Known>>()
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(origin: Origin) {
    this.#origin = origin
  }

  find(id: string): Following<Known> | undefined {
    return this.#jobs.get(id)
  }

  /** To be subscribed to at once: whoever has no listener is forgotten only after his last one. */
  follow(id: string, start: Start): Following<Known> {
    let following = this.#jobs.get(id)
    if (following === undefined) {
      const { clock } = this.#origin.wire
      following = new Following<Known>({
        clock,
        state: start.known,
        cursor: start.cursor,
        follow: (from, signal) => this.#notices(id, from, signal),
        reduce,
        onLeft: () => this.#jobs.delete(id),
      })
      this.#jobs.set(id, following)
    }
    return following
  }

  /** Says that a job is being enqueued, so that whoever follows it waits for that instead of being told NOT_FOUND. */
  async expect(id: string, enqueued: Promise<unknown>): Promise<void> {
    this.#underWay.set(id, enqueued)
    this.#jobs.get(id)?.resume() // an attempt before may have failed
    try {
      await enqueued
    } catch {
      // whoever asked for it is told, and so is whoever follows
    } finally {
      this.#underWay.delete(id)
    }
  }

  async cancel(id: string, reason: string | undefined) {
    await this.#underWay.get(id)
    return await this.#origin.jobs.cancel(id, reason ?? null)
  }

  async *#notices(id: string, from: Cursor | undefined, signal: AbortSignal) {
    await this.#underWay.get(id)
    const { job } = (this.#jobs.get(id) as Following<Known>).state
    if (job !== undefined && isFinal(job.state)) return
    yield* this.#origin.jobs.follow(id, from, signal, true)
  }
}

function reduce(before: Known, notice: Notice): Known {
  if (notice.type === 'gap') return before
  if (notice.type === 'ready') return notice.job === undefined ? before : known(notice.job, before)
  const after: Known = { ...before, job: reduceJob(before.job, notice) }
  switch (notice.type) {
    case 'log': {
      const { attempt, lines } = notice
      after.logs = [...before.logs, ...lines.map((line) => ({ attempt, ...line }))].slice(-LINES_MAX)
      break
    }
    case 'chunk': {
      const { attempt, text } = notice
      after.text = ((attempt === before.writer ? before.text : '') + text).slice(-TEXT_MAX)
      after.writer = attempt
      break
    }
    case 'progress':
      after.progress = notice.data
      break
    case 'started':
    case 'retrying':
      after.progress = undefined
      after.failure = notice.type === 'started' ? undefined : notice.error
      break
    default: // the job says it all
  }
  return after
}

const byOrigin = new WeakMap<Origin, FollowedJobs>()

export function followedJobs(origin: Origin): FollowedJobs {
  let jobs = byOrigin.get(origin)
  if (jobs === undefined) byOrigin.set(origin, (jobs = new FollowedJobs(origin)))
  return jobs
}
