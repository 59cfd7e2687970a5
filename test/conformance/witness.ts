/** A witness of what jobs do under limits: it keeps a list of its own of what runs, and of when what started. */
import type { Claimed, Limit, NewJob, Store } from '@lovage/core'
import { expect } from 'vitest'
import type { ManualClock } from '../kit/manual-clock.ts'
import { failed, LEASE_MS, newJob, retrying, succeeded, TTL_MS } from './acts.ts'

export const QUEUES = ['default', 'mail']
export const TASKS = ['score', 'send']
export const WORKERS = 3
export const PER_MS = 1_000

export type Ending = 'succeeded' | 'failed' | 'retried'
export type Act =
  | {
      do: 'enqueue'
      jobs: {
        queue: string
        task: string
        lane?: string
        ordered?: true
        priority?: number
        delayMs: number
      }[]
    }
  /** As many as fit are claimed, if `claim` is large. */
  | { do: 'step'; worker: number; queues: string[]; settle: { nth: number; to: Ending }[]; claim: number }
  | { do: 'cancel'; nth: number }
  /** The handlers of jobs that were cancelled end: those of one worker, or the first one of it. */
  | { do: 'release'; worker: number; all: boolean }
  /** What a worker hands back are every second of its jobs, as if they had not begun. */
  | { do: 'leave' | 'crash' | 'replace' | 'handBack'; worker: number }
  | { do: 'limit'; of: 'queue' | 'task' | 'key'; name: string; limit: Limit | null }
  | { do: 'pause' | 'resume'; task: string }
  | { do: 'advance'; ms: number }

/** A handler that runs somewhere, whether the store still thinks so or not. */
interface Run {
  job: Claimed
  session: string
  isCancelled: boolean
}

export class Witness {
  readonly #store: Store
  readonly #clock: ManualClock
  readonly #elapse: (ms: number) => Promise<void>
  #sessions = Array.from({ length: WORKERS }, (_, n) => `w${n}.0`)
  #joins = 0
  readonly #ids: string[] = []
  #runs: Run[] = []
  /** Ordered jobs between two attempts. */
  readonly #between = new Map<string, Claimed>()
  readonly #limits = new Map<string, Limit>()
  readonly #paused = new Set<string>()
  /** Counted from the setting of a rate limit on. */
  readonly #starts: { gate: string; at: number }[] = []

  constructor(store: Store, clock: ManualClock, elapse: (ms: number) => Promise<void>) {
    this.#store = store
    this.#clock = clock
    this.#elapse = elapse
  }

  async start(): Promise<void> {
    for (const session of this.#sessions) await this.#store.join({ session, leaseMs: LEASE_MS })
  }

  async play(act: Act): Promise<void> {
    switch (act.do) {
      case 'enqueue': {
        const jobs = act.jobs.map(({ task, delayMs, ...options }): NewJob => {
          const id = `job-${String(this.#ids.length).padStart(3, '0')}`
          this.#ids.push(id)
          return newJob(id, { task, delayMs, options: { ...options, ttlMs: TTL_MS } })
        })
        await this.#store.enqueue(jobs)
        return
      }
      case 'step':
        return this.#step(act)
      case 'cancel': {
        const id = this.#ids[act.nth]
        if (id === undefined) return
        await this.#store.cancel({ id, by: null, reason: null, ttlMs: TTL_MS })
        this.#between.delete(id)
        for (const run of this.#runs) if (run.job.id === id) run.isCancelled = true
        return
      }
      case 'release': {
        const session = this.#sessions[act.worker] as string
        const lingering = this.#runs.filter((run) => run.isCancelled && run.session === session)
        const ended = act.all ? lingering : lingering.slice(0, 1)
        await this.#store.step({
          session,
          settle: [],
          claim: 0,
          queues: [],
          release: ended.map(({ job }) => job.id),
        })
        this.#runs = this.#runs.filter((run) => !ended.includes(run))
        return
      }
      case 'leave': {
        const session = this.#sessions[act.worker] as string
        await this.#store.leave(session)
        this.#runs = this.#runs.filter((run) => run.session !== session)
        await this.#join(act.worker)
        return
      }
      case 'handBack': {
        const session = this.#sessions[act.worker] as string
        const own = this.#runs.filter((run) => run.session === session && !run.isCancelled)
        const returned = own.filter((_, n) => n % 2 === 1)
        await this.#store.handBack(
          session,
          returned.map(({ job }) => job),
        )
        this.#runs = this.#runs.filter((run) => !returned.includes(run))
        return
      }
      case 'crash':
        return this.#crash(act.worker)
      case 'replace': {
        const before = this.#sessions[act.worker] as string
        const own = this.#runs.filter((run) => run.session === before)
        const holds = own.filter((run) => !run.isCancelled).map(({ job }) => job)
        const session = await this.#join(act.worker, { session: before, holds })
        for (const run of own) run.session = session
        return
      }
      case 'limit': {
        const { of, name, limit } = act
        await this.#store.limit([{ of, name, limit }])
        if (limit === null) this.#limits.delete(`${of} ${name}`)
        else this.#limits.set(`${of} ${name}`, limit)
        return
      }
      case 'pause':
        await this.#store.pause({ task: act.task })
        this.#paused.add(act.task)
        return
      case 'resume':
        await this.#store.resume({ task: act.task })
        this.#paused.delete(act.task)
        return
      case 'advance':
        for (const session of this.#sessions) await this.#store.extend(session, LEASE_MS)
        await this.#elapse(act.ms)
        return
      default:
        act satisfies never
    }
  }

  async #step({ worker, queues, settle, claim }: Act & { do: 'step' }): Promise<void> {
    const session = this.#sessions[worker] as string
    const own = this.#runs.filter((run) => run.session === session && !run.isCancelled)
    const ended = new Map(settle.flatMap(({ nth, to }) => (own[nth] === undefined ? [] : [[own[nth], to]])))
    const settlements = [...ended].map(([{ job }, to]) =>
      to === 'succeeded' ? succeeded(job) : to === 'failed' ? failed(job) : retrying(job, 100),
    )
    const reply = await this.#store.step({ session, settle: settlements, claim, queues })
    expect(reply.lost).toEqual([])
    this.#runs = this.#runs.filter((run) => !ended.has(run))
    for (const [{ job }, to] of ended) if (to === 'retried' && isOrdered(job)) this.#between.set(job.id, job)
    await this.#forgetPromoted()
    for (const job of reply.claimed) {
      expect(this.#whyNot(job), `${job.id} started`).toBeNull()
      this.#runs.push({ job, session, isCancelled: false })
      for (const gate of gatesOf(job))
        if (this.#limitOf(gate).rate !== undefined) this.#starts.push({ gate, at: this.#clock.now() })
    }
    if (claim < 100) return
    for (const id of this.#ids) {
      const snapshot = await this.#store.get(id)
      if (snapshot?.state !== 'queued' || !queues.includes(snapshot.job.options.queue ?? 'default')) continue
      expect(this.#whyNot(snapshot.job), `${id} waits`).not.toBeNull()
    }
  }

  /** Those that were between two attempts and are in line again. */
  async #forgetPromoted(): Promise<void> {
    for (const id of this.#between.keys())
      if ((await this.#store.get(id))?.state !== 'retrying') this.#between.delete(id)
  }

  async #join(worker: number, replaces?: { session: string; holds: Claimed[] }): Promise<string> {
    const session = `w${worker}.${++this.#joins}`
    this.#sessions[worker] = session
    const reply = await this.#store.join({ session, leaseMs: LEASE_MS, ...(replaces && { replaces }) })
    expect(reply.lost).toEqual([])
    return session
  }

  /** The lease of one runs out, and the others see to it. */
  async #crash(worker: number): Promise<void> {
    const dead = this.#sessions[worker] as string
    const others = this.#sessions.filter((session) => session !== dead)
    for (const session of this.#sessions) await this.#store.extend(session, LEASE_MS)
    await this.#elapse(LEASE_MS - 1)
    for (const session of others) await this.#store.extend(session, LEASE_MS)
    await this.#elapse(1)
    await this.#store.extend(others[0] as string, LEASE_MS)
    this.#runs = this.#runs.filter((run) => run.session !== dead)
    await this.#join(worker)
  }

  #limitOf(gate: string): Limit {
    const [of, name] = gate.split(' ')
    return this.#limits.get(`${of} ${name}`) ?? {}
  }

  /** What keeps a job from starting; `null`: nothing. */
  #whyNot(job: Pick<Claimed, 'id' | 'task' | 'options'>): string | null {
    if (this.#paused.has(job.task)) return 'paused'
    for (const gate of gatesOf(job)) {
      const { concurrency, rate } = this.#limitOf(gate)
      const of = gate.split(' ')[0]
      const running = this.#runs.filter((run) => gatesOf(run.job).includes(gate)).length
      const between = [...this.#between.values()].filter((other) => gatesOf(other).includes(gate)).length
      const inside = running + (of === 'key' ? between : 0)
      if (concurrency !== undefined && inside >= concurrency) return `${gate}: ${inside} run`
      if (of === 'key' && isOrdered(job) && inside > 0) return `${gate}: it must be alone`
      const since = this.#clock.now() - PER_MS
      const started = this.#starts.filter((start) => start.gate === gate && start.at > since).length
      if (rate !== undefined && started >= rate.limit) return `${gate}: ${started} have started`
    }
    return null
  }

  /** Lets go of everything but the limits: all that is left must run to its end. */
  async drain(): Promise<void> {
    for (const task of this.#paused) await this.#store.resume({ task })
    for (const [worker, session] of this.#sessions.entries()) {
      await this.#store.leave(session)
      if (worker > 0) continue
      await this.#join(0)
    }
    let claimed: Claimed[] = []
    for (let round = 0; round < 20 * this.#ids.length + 2; round++) {
      const settle = claimed.map((job) => succeeded(job))
      const session = this.#sessions[0] as string
      await this.#store.extend(session, LEASE_MS)
      ;({ claimed } = await this.#store.step({ session, settle, claim: 100, queues: QUEUES }))
      if (claimed.length === 0) await this.#elapse(PER_MS)
      const { queued, scheduled, retrying, running } = await this.#store.counts()
      if (queued + scheduled + retrying + running === 0) return
    }
    expect(await this.#store.counts(), 'what can never start').toMatchObject({ queued: 0, running: 0 })
  }
}

const isOrdered = ({ options }: Pick<Claimed, 'options'>): boolean =>
  options.ordered === true && options.lane !== undefined && options.lane !== ''

function gatesOf({ task, options }: Pick<Claimed, 'task' | 'options'>): string[] {
  const gates = [`queue ${options.queue ?? 'default'}`, `task ${task}`]
  return options.lane === undefined || options.lane === '' ? gates : [...gates, `key ${task} ${options.lane}`]
}
