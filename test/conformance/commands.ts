/**
 * What can be done to a store, drawn at random: each command is data, so that a failing sequence can be shrunk and
 * printed. `play` says what a command means; it asks the store for nothing but answers, so that two stores that are
 * given the same sequence are given the same calls.
 */
import {
  type Claimed,
  type Cursor,
  type Hold,
  type NewJob,
  parseCursor,
  type SaidPart,
  type Settlement,
  START,
  type Store,
  type StoredNotice,
} from '@lovage/core'
import fc from 'fast-check'
import { encoded, failure, report, saying } from './acts.ts'

/** Kept longer than the short hops of a sequence add up to, and shorter than a long one. */
const TTL_MS = 900_000
const LONG_MS = 1_200_000
const LEASE_MS = 10_000
const WORKERS = 3
/** A worker speaks of its newest claims, and of as many that it has settled already. */
const HELD = 4
const STALE = 2
const IDS = Array.from({ length: 12 }, (_, n) => `job-${n}`)
const TASKS = ['score', 'mail.send', 'a "name" \\ with ü|\n']

type Ending = 'succeeded' | 'failed' | 'retrying'
interface SettleChoice {
  /** Which of the jobs that its worker claimed: see `chosen`. */
  back: number
  to: Ending
  delayMs: number
  reports: boolean
}

export type Command =
  | {
      do: 'enqueue'
      jobs: { id: string; task: string; delayMs: number; announce: boolean; owned: boolean }[]
    }
  | { do: 'step'; worker: number; settle: SettleChoice[]; claim: number; verify: boolean; announce: boolean }
  | { do: 'progress'; worker: number; backs: number[] }
  | { do: 'say'; worker: number; backs: number[]; first: number }
  | { do: 'cancel'; id: string; kept: boolean; reason: string | null }
  | { do: 'join' | 'extend' | 'leave'; worker: number }
  | { do: 'takeOver'; worker: number; backs: number[]; twice: boolean }
  | { do: 'advance'; ms: number }
  | { do: 'get'; id: string }
  | { do: 'range'; back: number; limit: number }

const worker = fc.nat(WORKERS - 1)
const id = fc.constantFrom(...IDS)
const delayMs = fc.constantFrom(0, 0, 100, 1_000, 30_000)
const back = fc.nat(HELD + STALE - 1)

const weighted: { weight: number; arbitrary: fc.Arbitrary<Command> }[] = [
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('enqueue'),
      jobs: fc.array(
        fc.record({
          id,
          task: fc.constantFrom(...TASKS),
          delayMs,
          announce: fc.boolean(),
          owned: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      do: fc.constant('step'),
      worker,
      settle: fc.array(
        fc.record({
          back,
          to: fc.constantFrom<Ending>('succeeded', 'failed', 'retrying', 'retrying'),
          delayMs,
          reports: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      claim: fc.nat(4),
      verify: fc.boolean(),
      announce: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('progress'), worker, backs: fc.array(back, { maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('say'),
      worker,
      backs: fc.array(back, { maxLength: 3 }),
      first: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel'),
      id,
      kept: fc.boolean(),
      reason: fc.constantFrom(null, 'why', ''),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join'), worker }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('extend'), worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), worker }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('takeOver'),
      worker,
      backs: fc.array(back, { maxLength: 3 }),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('advance'),
      ms: fc.constantFrom(0, 1, 1, 99, 100, 1_000, 1_000, 5_000, 9_999, LONG_MS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get'), id }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('range'),
      back: fc.nat(20),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
]

/** Begins with workers that are there, since without them nothing happens. */
export const sequences: fc.Arbitrary<Command[]> = fc
  .array(fc.oneof(...weighted), { minLength: 1, maxLength: 80, size: 'max' })
  .map((commands) => [
    { do: 'join', worker: 0 },
    { do: 'join', worker: 1 },
    { do: 'join', worker: 2 },
    ...commands,
  ])

interface Worker {
  session: string
  joins: number
  /** What it claimed under whatever session and has not settled; then what it has. */
  held: Claimed[]
  stale: Claimed[]
}

/** One store, as the workers of a sequence see it. */
export class Player {
  readonly #store: Store
  readonly #elapse: (ms: number) => Promise<void>
  readonly #workers = Array.from({ length: WORKERS }, (_, n): Worker => ({
    session: `w${n}.0`,
    joins: 0,
    held: [],
    stale: [],
  }))
  readonly #cursors: Cursor[] = [START]

  constructor(store: Store, elapse: (ms: number) => Promise<void>) {
    this.#store = store
    this.#elapse = elapse
  }

  /** The store's answer, without what may differ between stores: in a cursor only the number counts. */
  async play(command: Command): Promise<unknown> {
    return comparable(await this.#do(command))
  }

  async #do(command: Command): Promise<unknown> {
    switch (command.do) {
      case 'enqueue':
        return this.#store.enqueue(command.jobs.map(newJob))
      case 'step': {
        const self = this.#worker(command)
        const chosen = command.settle.flatMap((choice) =>
          this.#chosen(self, [choice.back]).map((job) => ({ job, choice })),
        )
        const reply = await this.#store.step({
          session: self.session,
          settle: chosen.map(({ job, choice }) => settlement(job, choice)),
          claim: command.claim,
          queues: ['default'],
          verify: command.verify ? [...self.held, ...self.stale].slice(-HELD) : [],
          announce: new Set(command.announce ? TASKS.slice(1) : []),
        })
        const settled = new Set(chosen.map(({ job }) => job))
        self.held = [...self.held.filter((job) => !settled.has(job)), ...reply.claimed]
        self.stale.push(...settled)
        return reply
      }
      case 'progress': {
        const self = this.#worker(command)
        return this.#store.progress(
          self.session,
          this.#chosen(self, command.backs).map((job) => report(job, job.attempt)),
        )
      }
      case 'say': {
        const self = this.#worker(command)
        const parts = partsFrom(command.first)
        return this.#store.say(
          self.session,
          this.#chosen(self, command.backs).map((job) => saying(job, ...parts)),
        )
      }
      case 'cancel':
        return this.#store.cancel({
          id: command.id,
          by: null,
          reason: command.reason,
          ttlMs: command.kept ? TTL_MS : 0,
        })
      case 'join':
        return this.#join(command)
      case 'takeOver':
        return this.#join(command, this.#chosen(this.#worker(command), command.backs), command.twice)
      case 'extend': {
        const reply = await this.#store.extend(this.#worker(command).session, LEASE_MS)
        return reply.alive ? reply : [reply, await this.#join(command)] // as a worker that was given up does
      }
      case 'leave':
        return this.#store.leave(this.#worker(command).session)
      case 'advance':
        return this.#elapse(command.ms)
      case 'get': {
        const snapshot = await this.#store.get(command.id)
        if (snapshot !== null) this.#cursors.push(snapshot.cursor)
        return snapshot
      }
      case 'range': {
        const page = await this.#store.range(
          this.#cursors.at(-1 - (command.back % this.#cursors.length))!,
          command.limit,
        )
        this.#cursors.push(page.cursor)
        return page
      }
      default:
        return command satisfies never
    }
  }

  async #join(command: { worker: number }, holds?: readonly Hold[], twice = false): Promise<unknown> {
    const self = this.#worker(command)
    const before = self.session
    self.joins += 1
    self.session = `w${command.worker}.${self.joins}`
    const request = {
      session: self.session,
      leaseMs: LEASE_MS,
      ...(holds && { replaces: { session: before, holds } }),
    }
    const reply = await this.#store.join(request)
    return twice ? [reply, await this.#store.join(request)] : reply
  }

  #worker = ({ worker }: { worker: number }): Worker => this.#workers[worker] as Worker

  /** Counted back from the newest: first of those that it may hold, then of those that it has settled. */
  #chosen({ held, stale }: Worker, backs: readonly number[]): Claimed[] {
    return backs.flatMap((back) => (back < HELD ? held.at(-1 - back) : stale.at(HELD - 1 - back)) ?? [])
  }

  /** All that can be seen of the store from outside. */
  async look(): Promise<{
    jobs: Record<string, unknown>
    said: unknown
    counts: unknown
    feed: readonly StoredNotice[]
    tail: unknown
  }> {
    const jobs: Record<string, unknown> = {}
    const said: Record<string, unknown> = {}
    for (const id of IDS) {
      jobs[id] = await this.#store.get(id)
      said[id] = await this.#store.said(id)
    }
    const { notices } = await this.#store.range(START, 10_000)
    return comparable({
      jobs,
      said,
      counts: await this.#store.counts(),
      feed: notices,
      tail: await this.#store.tail(),
    })
  }

  /**
   * Lets every worker go, lets all delays pass, and claims and ends whatever is there: each live job must come just
   * once. Answers which came.
   */
  async drain(): Promise<string[]> {
    for (const { session } of this.#workers) await this.#store.leave(session)
    await this.#elapse(LONG_MS)
    await this.#store.join({ session: 'drain', leaseMs: LEASE_MS })
    await this.#store.extend('drain', LEASE_MS) // reaps those that joined under another name since
    const { claimed } = await this.#store.step({
      session: 'drain',
      settle: [],
      claim: 100,
      queues: ['default'],
    })
    const settle = claimed.map((job) =>
      settlement(job, { back: 0, to: 'succeeded', delayMs: 0, reports: false }),
    )
    await this.#store.step({ session: 'drain', settle, claim: 100, queues: ['default'] })
    await this.#store.leave('drain')
    return claimed.map(({ id }) => id)
  }
}

const newJob = ({
  id,
  task,
  delayMs,
  announce,
  owned,
}: (Command & { do: 'enqueue' })['jobs'][number]): NewJob => ({
  id,
  task,
  delayMs,
  announce,
  owner: owned ? 'ada "the first"' : null,
  input: owned ? { json: '["ü",1]', meta: '{"values":{"1":["bigint"]}}' } : encoded({ of: id }),
  options: owned ? { attempts: 5 } : {},
})

function settlement(
  { id, task, owner, attempt, claimedAt }: Claimed,
  { to, delayMs, reports }: SettleChoice,
): Settlement {
  const held = {
    id,
    task,
    owner,
    attempt,
    claimedAt,
    ...(reports && { progress: encoded([attempt, 'last']) }),
  }
  switch (to) {
    case 'succeeded':
      return { ...held, to, result: { json: `"${id}"`, meta: '{"values":["Date"]}' }, ttlMs: TTL_MS }
    case 'failed':
      return { ...held, to, error: failure, ttlMs: delayMs === 0 ? 0 : TTL_MS }
    case 'retrying':
      return { ...held, to, error: failure, delayMs }
  }
}

/** A line and a text, of which some will have been written already. */
const partsFrom = (first: number): SaidPart[] => [
  { type: 'log', first, count: 1, dropped: 0, data: { json: '[{"message":"a \\"line\\""}]' } },
  { type: 'chunk', first, count: 2, dropped: first, data: encoded('ü/') },
]

/** The same, with each cursor reduced to its number. */
function comparable<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, part: unknown) =>
      key === 'cursor' || key === 'tail' ? parseCursor(part as Cursor).seq : part,
    ),
  ) as T
}
