/**
 * Limits, held against a count of their own: whatever happens to jobs and workers, no job starts beyond a limit, and
 * none waits that nothing keeps back.
 *
 * A failure prints the seed and the shortest history that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import type { Claimed, Limit, NewJob, Store } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { failed, LEASE_MS, newJob, retrying, succeeded, TTL_MS } from './acts.ts'
import { redisQueues } from './redis-queue.ts'
import type { Open } from './store-contract.ts'

const RUNS = 300
const TIME_MS = 10_000

const QUEUES = ['default', 'mail']
const TASKS = ['score', 'send']
const KEYS = ['', 'a', 'b']
const WORKERS = 3
const PER_MS = 1_000

type Ending = 'succeeded' | 'failed' | 'retried'
type Act =
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
  | { do: 'leave' | 'crash' | 'replace'; worker: number }
  | { do: 'limit'; of: 'queue' | 'task' | 'key'; name: string; limit: Limit | null }
  | { do: 'pause' | 'resume'; task: string }
  | { do: 'advance'; ms: number }

const worker = fc.nat(WORKERS - 1)
const queues = fc.constantFrom(['default'], ['mail', 'default'], ['default', 'mail'])
const limits: fc.Arbitrary<Limit | null> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.record({ concurrency: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      rate: fc.record({ limit: fc.integer({ min: 1, max: 3 }), perMs: fc.constant(PER_MS) }),
    }),
  },
)
const limit = fc
  .record({
    of: fc.constantFrom('queue' as const, 'task' as const, 'key' as const),
    nth: fc.nat(1),
    limit: limits,
  })
  .map(({ of, nth, limit }): Act => ({
    do: 'limit',
    of,
    name: (of === 'queue' ? QUEUES : TASKS)[nth] as string,
    limit,
  }))

const acts: fc.Arbitrary<Act[]> = fc
  .tuple(
    fc.array(limit, { minLength: 1, maxLength: 4 }),
    fc.array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            do: fc.constant('enqueue' as const),
            jobs: fc.array(
              fc.record(
                {
                  queue: fc.constantFrom(...QUEUES),
                  task: fc.constantFrom(...TASKS),
                  lane: fc.constantFrom(...KEYS),
                  ordered: fc.constant(true as const),
                  priority: fc.constantFrom(1, 9),
                  delayMs: fc.constantFrom(0, 0, 100),
                },
                { requiredKeys: ['queue', 'task', 'delayMs'] },
              ),
              { minLength: 1, maxLength: 4 },
            ),
          }),
        },
        {
          weight: 10,
          arbitrary: fc.record({
            do: fc.constant('step' as const),
            worker,
            queues,
            settle: fc.array(
              fc.record({ nth: fc.nat(3), to: fc.constantFrom<Ending>('succeeded', 'failed', 'retried') }),
              { maxLength: 3 },
            ),
            claim: fc.constantFrom(0, 1, 2, 100, 100),
          }),
        },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(20) }) },
        {
          weight: 2,
          arbitrary: fc.record({ do: fc.constant('release' as const), worker, all: fc.boolean() }),
        },
        { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave', 'crash', 'replace'), worker }) },
        { weight: 1, arbitrary: limit },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constantFrom('pause', 'resume', 'resume'),
            task: fc.constantFrom(...TASKS),
          }),
        },
        {
          weight: 4,
          arbitrary: fc.record({
            do: fc.constant('advance' as const),
            ms: fc.constantFrom(1, 99, 500, 1_000),
          }),
        },
      ) as fc.Arbitrary<Act>,
      { minLength: 1, maxLength: 60, size: 'max' },
    ),
  )
  .map(([first, rest]) => [...first, ...rest])

/** A handler that runs somewhere, whether the store still thinks so or not. */
interface Run {
  job: Claimed
  session: string
  isCancelled: boolean
}

/** Plays a history, with a list of its own of what runs, and when what started. */
class Witness {
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

const stores: Record<string, Open> = {
  memory: async (clock) => {
    const store = createMemoryStore({ clock })
    return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
  },
  Redis: redisQueues(),
}

describe.each(Object.entries(stores))('in whatever history, on %s', (_, open) => {
  test(
    'no job starts beyond a limit, none waits that nothing keeps back, and all come to their end',
    async () => {
      const { LOVAGE_SEED: seed } = process.env
      const holds = async (history: readonly Act[]): Promise<void> => {
        const clock = new ManualClock()
        const opened = await open(clock)
        try {
          const witness = new Witness(opened.store, clock, opened.elapse)
          await witness.start()
          for (const act of history) await witness.play(act)
          await witness.drain()
        } finally {
          await opened.dispose()
        }
      }
      await fc.assert(fc.asyncProperty(acts, holds), {
        numRuns: RUNS,
        interruptAfterTimeLimit: TIME_MS,
        ...(seed !== undefined && { seed: Number(seed) }),
      })
    },
    6 * TIME_MS,
  )
})
