/**
 * What can be done to a store, drawn at random: each command is data, so that a failing sequence can be shrunk and
 * printed. `player.ts` says what a command means. There are few ids, names, lanes and moments, so that they meet often.
 */
import type { JobOptions, LimitRule, PauseTarget, Search, Unique } from '@lovage/core'
import fc from 'fast-check'

/** Kept longer than the short hops of a sequence add up to, and shorter than a long one. */
export const TTL_MS = 900_000
export const LONG_MS = 1_200_000
export const LEASE_MS = 10_000
export const WORKERS = 3
/** A worker speaks of its newest claims, and of as many that it has settled already. */
export const HELD = 4
const STALE = 2
export const IDS = Array.from({ length: 12 }, (_, n) => `job-${n}`)
/**
 * Ids that are tagged always are, and the others never: by which tags a former life of an id is still found depends on
 * when the index was swept, and outside of this test no id lives twice.
 */
export const isTagged = (id: string): boolean => IDS.indexOf(id) % 3 === 0
const untagged = (id: string): string => (isTagged(id) ? (IDS[IDS.indexOf(id) + 1] as string) : id)
export const TASKS = ['score', 'mail.send', 'a "name" \\ with ü|\n'] as const
export const QUEUES = ['default', 'mail'] as const
export const TAGS = ['x', 'y "ü"']
export const OWNERS = [null, 'ada "the first"'] as const
const LANES = ['', 'k', 'm|"ü"\n']
const SCHEDULES = ['nightly', 'a "name" \\ with ü|\n']

export interface JobChoice {
  id: string
  task: string
  delayMs: number
  /** Its moment, counted from now, in place of the delay. */
  runInMs?: number
  announce: boolean
  owned: boolean
  options: JobOptions
  expiresMs?: number
  unique?: Unique[]
  isLast?: true
}

/** A job with those that it waits for. */
export interface FlowChoice {
  job: JobChoice
  onFailure: 'fail' | 'keep'
  gets: 'only' | 'list'
  isGroup: boolean
  children: FlowChoice[]
}

type Ending = 'succeeded' | 'failed' | 'retrying'
export interface SettleChoice {
  /** Which of the jobs that its worker claimed: see `chosen`. */
  back: number
  to: Ending
  delayMs: number
  reports: boolean
  /** Nothing is kept of its result, and its id can live again. */
  isForgotten?: true
}

export type Command =
  | { do: 'enqueue'; jobs: JobChoice[] }
  | { do: 'flow'; flow: FlowChoice }
  | {
      do: 'step'
      worker: number
      settle: SettleChoice[]
      claim: number
      queues: string[]
      release: number[]
      verify: boolean
      announce: boolean
      /** Said of a worker that holds nothing. */
      isIdle?: boolean
    }
  /** A worker hears of the jobs that it was handed. */
  | { do: 'hear'; worker: number }
  /** A worker that was handed some dies before it has heard of them. */
  | { do: 'lose'; worker: number }
  | { do: 'progress'; worker: number; backs: number[] }
  | { do: 'handBack'; worker: number; backs: number[] }
  | { do: 'say'; worker: number; backs: number[]; first: number }
  | { do: 'cancel'; id: string; kept: boolean; reason: string | null }
  | { do: 'join' | 'extend' | 'leave'; worker: number }
  | { do: 'takeOver'; worker: number; backs: number[]; twice: boolean }
  | { do: 'advance'; ms: number }
  | { do: 'get'; id: string }
  | { do: 'range'; back: number; limit: number }
  | { do: 'limit'; rules: LimitRule[] }
  | { do: 'pause' | 'resume'; target: PauseTarget }
  | { do: 'putSchedule'; name: string; inMs: number; job: JobChoice }
  | { do: 'removeSchedule'; name: string }
  /** `isLate`: somebody did so before. */
  | { do: 'fire'; name: string; isLate: boolean; nextInMs: number | null; jobs: JobChoice[] }
  /** `nth`: of the failed ones; beyond those, of all ids. */
  | { do: 'retry'; pairs: { nth: number; newId: string }[] }
  | { do: 'discard'; nths: number[] }
  | { do: 'find'; search: Search; limit: number }

const worker = fc.nat(WORKERS - 1)
const id = fc.constantFrom(...IDS)
const task = fc.constantFrom(...TASKS)
const queue = fc.constantFrom(...QUEUES)
const delayMs = fc.constantFrom(0, 0, 100, 1_000, 30_000)
const runInMs = fc.constantFrom(null, null, null, null, -50, 0, 100, 1_000)
const back = fc.nat(HELD + STALE - 1)
const backs = fc.array(back, { maxLength: 3 })
const ttlMs = fc.constantFrom(0, TTL_MS)

/** Few of its parts at a time, so that most jobs have most things in common. */
const sparse = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>

const name = fc.constantFrom('n', 'm "ü"\n|')
const unique: fc.Arbitrary<Unique> = fc.oneof(
  fc.record({ type: fc.constant('once' as const), name, windowMs: fc.constantFrom(100, 5_000) }),
  fc.record({
    type: fc.constant('alone' as const),
    name,
    onBusy: fc.constantFrom('reject' as const, 'return' as const),
  }),
  fc.record({ type: fc.constant('alone' as const), name, onBusy: fc.constant('replace' as const), ttlMs }),
  fc.record({ type: fc.constant('debounce' as const), name, maxWaitMs: fc.constantFrom(50, 1_500) }),
)

const plainOptions = fc.constantFrom<JobOptions>({}, {}, { attempts: 5 }, { ttlMs: TTL_MS })
const linedOptions = sparse({
  queue,
  priority: fc.constantFrom(1, 9),
  lane: fc.constantFrom(...LANES),
  ordered: fc.constant(true as const),
})
const kept = fc.record({ ttlMs })
const findable = fc.record({
  // All have the same: when a store drops an entry of an unknown job is its own affair, unless another one gets its id.
  tags: fc.constant(TAGS),
  metadata: fc.constant('{"n":[1,"ü"]}'),
  ttlMs,
})

const jobWith = (
  options: fc.Arbitrary<JobOptions>,
  more: fc.Arbitrary<Pick<JobChoice, 'expiresMs' | 'unique' | 'isLast'>> = fc.constant({}),
): fc.Arbitrary<JobChoice> =>
  fc
    .record({ id, task, delayMs, runInMs, announce: fc.boolean(), owned: fc.boolean(), options, more })
    .map(({ more, runInMs: inMs, ...job }) => ({ ...job, ...(inMs !== null && { runInMs: inMs }), ...more }))

const expiresMs = fc.constantFrom(100, 1_000, 40_000)
const named = sparse({
  expiresMs,
  unique: fc.array(unique, { minLength: 1, maxLength: 2 }),
  isLast: fc.constant(true as const),
})
const expiring = sparse({ expiresMs })
const plainJob = jobWith(plainOptions)
const linedJob = jobWith(linedOptions)
const namedJob = jobWith(findable, named)
const anyOptions = fc.tuple(linedOptions, findable).map(([lined, found]) => ({ ...found, ...lined }))
const anyJob = jobWith(anyOptions, named)
const anyChild = jobWith(anyOptions, expiring)
const expiringJob = jobWith(kept, expiring)

/** Only the root may have rules of uniqueness: who waits for a job that is not made would wait for ever. */
const flow = (root: fc.Arbitrary<JobChoice>, job: fc.Arbitrary<JobChoice>): fc.Arbitrary<FlowChoice> => {
  const one = { job, onFailure: fc.constantFrom('fail' as const, 'fail' as const, 'keep' as const) }
  const leaf = fc.record({
    ...one,
    gets: fc.constant('list' as const),
    isGroup: fc.constant(false),
    children: fc.constant<FlowChoice[]>([]),
  })
  const parent = (children: fc.Arbitrary<FlowChoice[]>): fc.Arbitrary<FlowChoice> =>
    fc
      .record({
        ...one,
        gets: fc.constantFrom('only' as const, 'list' as const),
        isGroup: fc.boolean(),
        children,
      })
      .map((choice) => (choice.children.length === 1 ? choice : { ...choice, gets: 'list' as const }))
  const inner = fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: parent(fc.array(leaf, { minLength: 1, maxLength: 2 })) },
  )
  return fc
    .record({ job: root, choice: parent(fc.array(inner, { maxLength: 3 })) })
    .map(({ job, choice }) => ({ ...choice, job }))
}

const limit = fc.oneof(
  fc.constant(null),
  fc.record({ concurrency: fc.integer({ min: 1, max: 2 }) }),
  fc.record({
    rate: fc.record({ limit: fc.integer({ min: 1, max: 2 }), perMs: fc.constantFrom(1_000, 5_000) }),
  }),
)
const rule: fc.Arbitrary<LimitRule> = fc.oneof(
  fc.record({ of: fc.constant('queue' as const), name: queue, limit }),
  fc.record({ of: fc.constantFrom('task' as const, 'key' as const), name: task, limit }),
)
/** All limits of a name are gone. */
const free = (name: string): LimitRule[] =>
  (['queue', 'task', 'key'] as const).map((of) => ({ of, name, limit: null }))
const target: fc.Arbitrary<PauseTarget> = fc.oneof(
  fc.record({ queue }),
  fc.record({ task }),
  fc.record({ task, key: fc.constantFrom(...LANES.slice(1)) }),
)
const search: fc.Arbitrary<Search> = fc.oneof(
  fc.record({ tag: fc.constantFrom(...TAGS) }),
  fc.record({ state: fc.constantFrom('queued', 'waiting', 'scheduled', 'retrying', 'running', 'failed') }),
)

type Weighted = { weight: number; arbitrary: fc.Arbitrary<Command> }
const often = (weight: number, arbitrary: fc.Arbitrary<Command>): Weighted => ({ weight, arbitrary })

const enqueue = (job: fc.Arbitrary<JobChoice>): Weighted =>
  often(6, fc.record({ do: fc.constant('enqueue'), jobs: fc.array(job, { minLength: 1, maxLength: 4 }) }))

const steps = (queues: fc.Arbitrary<string[]>): Weighted =>
  often(
    15,
    fc.record({
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
      queues,
      release: backs,
      verify: fc.boolean(),
      announce: fc.boolean(),
    }),
  )

const ones = fc.constant<string[]>(['default'])
const several = fc.constantFrom<string[]>(['default'], ['mail', 'default'], ['default', 'mail'], ['mail'])

const always: Weighted[] = [
  often(2, fc.record({ do: fc.constant('progress'), worker, backs })),
  often(1, fc.record({ do: fc.constant('handBack'), worker, backs })),
  often(2, fc.record({ do: fc.constant('say'), worker, backs, first: fc.nat(3) })),
  often(
    2,
    fc.record({
      do: fc.constant('cancel'),
      id,
      kept: fc.boolean(),
      reason: fc.constantFrom(null, 'why', ''),
    }),
  ),
  often(1, fc.record({ do: fc.constant('join'), worker })),
  often(4, fc.record({ do: fc.constant('extend'), worker })),
  often(1, fc.record({ do: fc.constant('leave'), worker })),
  often(2, fc.record({ do: fc.constant('takeOver'), worker, backs, twice: fc.boolean() })),
  often(
    5,
    fc.record({
      do: fc.constant('advance'),
      ms: fc.constantFrom(0, 1, 1, 99, 100, 1_000, 1_000, 5_000, 9_999, LONG_MS),
    }),
  ),
  often(2, fc.record({ do: fc.constant('get'), id })),
  often(1, fc.record({ do: fc.constant('range'), back: fc.nat(20), limit: fc.integer({ min: 1, max: 5 }) })),
]

const gates: Weighted[] = [
  often(3, fc.record({ do: fc.constant('limit'), rules: fc.array(rule, { minLength: 1, maxLength: 2 }) })),
  often(1, fc.record({ do: fc.constant('pause'), target })),
  often(2, fc.record({ do: fc.constant('resume'), target })),
]

const flows = (root: fc.Arbitrary<JobChoice>, job: fc.Arbitrary<JobChoice>): Weighted =>
  often(4, fc.record({ do: fc.constant('flow'), flow: flow(root, job) }))

const nth = fc.nat(4)
const finds: Weighted[] = [
  often(
    2,
    fc.record({ do: fc.constant('retry'), pairs: fc.array(fc.record({ nth, newId: id }), { maxLength: 3 }) }),
  ),
  often(1, fc.record({ do: fc.constant('discard'), nths: fc.array(nth, { maxLength: 3 }) })),
  often(2, fc.record({ do: fc.constant('find'), search, limit: fc.integer({ min: 1, max: 4 }) })),
]

const scheduleName = fc.constantFrom(...SCHEDULES)
const inMs = fc.constantFrom(0, 100, 1_000)
const schedules = (job: fc.Arbitrary<JobChoice>): Weighted[] => [
  often(2, fc.record({ do: fc.constant('putSchedule'), name: scheduleName, inMs, job })),
  often(1, fc.record({ do: fc.constant('removeSchedule'), name: scheduleName })),
  often(
    2,
    fc.record({
      do: fc.constant('fire'),
      name: scheduleName,
      isLate: fc.boolean(),
      nextInMs: fc.option(inMs, { nil: null }),
      jobs: fc.array(job, { maxLength: 2 }),
    }),
  ),
]

/** What is handed to a worker that has ended all it held and found nothing: the plain jobs of one call, where it has a slot for each. */
const alone = jobWith(fc.constant({})).map(({ runInMs: _, ...job }) => ({
  ...job,
  id: untagged(job.id),
  delayMs: 0,
  announce: false,
}))
const ended = { to: 'succeeded', delayMs: 0, reports: false, isForgotten: true } as const
const idleStep = fc.record({
  do: fc.constant('step' as const),
  worker,
  settle: fc.constant(Array.from({ length: HELD }, (_, back) => ({ ...ended, back }))),
  claim: fc.constant(HELD),
  queues: ones,
  release: fc.constant<number[]>([]),
  verify: fc.constant(false),
  announce: fc.constant(false),
  isIdle: fc.constant(true),
})
const hands: Weighted[] = [
  often(9, fc.record({ do: fc.constant('enqueue'), jobs: fc.tuple(alone) })),
  often(
    6,
    fc.record({ do: fc.constant('enqueue'), jobs: fc.array(alone, { minLength: 2, maxLength: HELD + 1 }) }),
  ),
  often(24, idleStep),
  often(5, fc.record({ do: fc.constant('hear'), worker })),
  often(3, fc.record({ do: fc.constant('lose'), worker })),
  often(1, fc.record({ do: fc.constant('limit'), rules: fc.tuple(rule) })),
  often(1, fc.record({ do: fc.constant('pause'), target })),
  often(3, fc.record({ do: fc.constant('resume'), target })),
  often(3, fc.constant({ do: 'limit', rules: [...TASKS, ...QUEUES].flatMap(free) })),
]

/** Each sequence is about something, so that it gets deep into it; some are about everything. */
const THEMES: Record<string, Weighted[]> = {
  'the plain path': [enqueue(plainJob), steps(ones), ...always],
  'lines and limits': [enqueue(linedJob), steps(several), ...gates, ...always],
  names: [enqueue(namedJob), steps(ones), ...finds, ...always],
  flows: [enqueue(plainJob), flows(expiringJob, expiringJob), steps(ones), ...always],
  schedules: [enqueue(plainJob), ...schedules(plainJob), steps(ones), ...always],
  everything: [
    enqueue(anyJob),
    flows(anyJob, anyChild),
    steps(several),
    ...gates,
    ...finds,
    ...schedules(anyJob),
    ...always,
  ],
}

/** Begins with workers that are there, since without them nothing happens. */
const about = (...themes: Weighted[][]): fc.Arbitrary<Command[]> =>
  fc
    .oneof(
      ...themes.map((commands) =>
        fc.array(fc.oneof(...commands), { minLength: 1, maxLength: 80, size: 'max' }),
      ),
    )
    .map((commands) => [
      { do: 'join', worker: 0 },
      { do: 'join', worker: 1 },
      { do: 'join', worker: 2 },
      ...commands,
    ])

export const sequences = about(...Object.values(THEMES))
/** What meets idle workers needs many commands of a kind, and is drawn by itself. */
export const handOvers = about([
  { ...enqueue(plainJob), weight: 2 },
  { ...steps(ones), weight: 6 },
  ...hands,
  ...always,
])
