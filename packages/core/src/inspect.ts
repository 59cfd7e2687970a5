/**
 * What a queue looks like from outside at one moment: who works, on what, and how fast. For operators, dashboards and
 * whatever scales workers; nothing of it is needed to run jobs.
 *
 * A worker says once what it is (`WorkerInfo`, when it joins), and every few seconds, while something has changed, how
 * it does (`Pulse`). Both are gone with its session. What a store adds is what it knows better itself: who is alive,
 * and which jobs are held by whom.
 */
import type { Encoded } from './codec.ts'
import { LovageError } from './errors.ts'
import { Histogram, type HistogramData } from './histogram.ts'
import { enqueuedAtOf } from './id.ts'
import type { PoolView } from './pool-view.ts'
import { type QueueDepth, type QueueView, queueViews } from './queue-depth.ts'
import type { Counts } from './store.ts'
import { decodeStored } from './stored-value.ts'

/** What a worker is, for as long as its session lasts. */
export interface WorkerInfo {
  /** As its `name` option says: host and process id, unless it has one of its own. */
  name: string
  host: string
  pid: number
  /** Of Lovage. */
  version: string
  /** Names of the tasks that it can run. */
  tasks: readonly string[]
  queues: readonly string[]
  /** How many jobs it runs at the same time. */
  slots: number
  /** Unix ms, by its own clock. */
  startedAt: number
}

/** How attempts of one task ended at one worker. `run`: how long those ran whose outcome was written, in ms. */
export interface Tally {
  succeeded: number
  failed: number
  retrying: number
  cancelled: number
  /** The lease ran out: another worker has the job. */
  lost: number
  run: HistogramData
}

/** How a worker does, as it says itself. */
export interface Pulse {
  /** Slots taken, those of handlers included that still run though their job is gone. */
  used: number
  /** Outcomes that are not written yet. */
  unsettled: number
  /** Handlers that ignored their signal, lost their slot, and have not ended. */
  abandoned: number
  /** Memory of its process. */
  rssBytes: number
  /** How far back `recent` goes. */
  windowMs: number
  tasks: Readonly<Record<string, { recent: Tally; total: Tally }>>
  /** Absent where no handler runs in a thread or process. */
  pools?: readonly PoolView[]
}

/** A session whose lease runs, as a store answers it. */
export interface StoredSession {
  session: string
  /** Store time, Unix ms. */
  leaseUntil: number
  /** Jobs that it holds. */
  running: number
  /** `null`: the worker did not say. */
  info: WorkerInfo | null
  pulse: { at: number; pulse: Pulse } | null
}

/** A job in the hands of a worker, as a store answers it. */
export interface StoredRun {
  id: string
  task: string
  owner: string | null
  attempt: number
  session: string
  /** Store time of the claim, Unix ms. */
  startedAt: number
  progress?: Encoded
}

/** One look at all of it, at one moment of the store's clock. */
export interface StoredInspection {
  at: number
  /** By name. */
  sessions: StoredSession[]
  /** The longest-running first, and at most as many as were asked for; fewer where their records are large. */
  running: StoredRun[]
}

/** What a store does for those who look on. */
export interface Inspectable {
  /** Keeps how a worker does, in place of what it said before, until its session ends. `alive: false`: it has ended. */
  pulse(session: string, pulse: Pulse): Promise<{ alive: boolean }>
  /** @param running How many running jobs are wanted, at most `RUNNING_MAX`. */
  inspect(options: { running: number }): Promise<StoredInspection>
  /** The queues in which somebody waits, by name. */
  depths(): Promise<QueueDepth[]>
}

/** Running jobs that one look lists: their records have to be read. */
export const RUNNING_MAX = 1_000
const DEFAULT_RUNNING = 100

export interface InspectOptions {
  /** How many running jobs are listed, the longest-running first; at most 1,000. Default 100. */
  running?: number
}

export interface WorkerView {
  /** Its presence in the store; a new one after it was cut off. */
  session: string
  /** `null`: it did not say, since it is of an older version. */
  info: WorkerInfo | null
  /** Until when it is believed to be alive, Unix ms by the store's clock. */
  leaseUntil: number
  /** Jobs that it holds, by the store's own account. */
  running: number
  /** What it said last of itself, `at` by the store's clock. While nothing changes it says nothing. `null`: nothing yet. */
  load: { at: number; used: number; unsettled: number; abandoned: number; rssBytes: number } | null
  /** As it said last. */
  pools: readonly PoolView[]
}

export interface RunningJob {
  id: string
  task: string
  owner: string | null
  /** 1 for the first execution. */
  attempt: number
  session: string
  /** Name of the worker that has it; `null` when that is gone and its jobs are not taken from it yet, or did not say. */
  worker: string | null
  /** Unix ms, by the store's clock. */
  startedAt: number
  /** How long this attempt has run. */
  ageMs: number
  /** `null` for an id that keeps no time. */
  enqueuedAt: number | null
  /** Its newest report. */
  progress?: unknown
}

/** In ms. A percentile is right to within 3 %; `max` and `mean` are exact. */
export interface Latency {
  p50: number
  p90: number
  p99: number
  max: number
  mean: number
}

export interface Ended {
  succeeded: number
  failed: number
  retrying: number
  cancelled: number
  lost: number
  /** How long attempts ran; `null` when none has ended. */
  runMs: Latency | null
}

export interface TaskStats {
  task: string
  /** Live workers that can run it. */
  workers: number
  /** Over about the last minute, and how many attempts ended in a second of it. */
  recent: Ended & { perSecond: number }
  /** Since each of these workers started. */
  total: Ended
}

/** A queue at one moment. */
export interface Inspection {
  /** Unix ms, by the store's clock. */
  at: number
  counts: Counts
  /** Those whose lease runs, by name of their session. */
  workers: WorkerView[]
  /** By name: those in which somebody waits, and those that a live worker serves. */
  queues: QueueView[]
  /** The longest-running first; `counts.running` says how many there are in all. */
  running: RunningJob[]
  /** By name: every task that a live worker can run. */
  tasks: TaskStats[]
}

/** @throws LovageError `OPTION_INVALID` */
export function runningLimit({ running = DEFAULT_RUNNING }: InspectOptions): number {
  if (Number.isInteger(running) && running >= 0 && running <= RUNNING_MAX) return running
  throw new LovageError('OPTION_INVALID', {
    option: 'running',
    seen: String(running),
    expected: `a whole number from 0 to ${RUNNING_MAX}`,
  })
}

/** What operators see of what a store answered. */
export function inspectionOf(
  { at, sessions, running }: StoredInspection,
  counts: Counts,
  depths: readonly QueueDepth[],
): Inspection {
  const names = new Map(sessions.map(({ session, info }) => [session, info?.name ?? null]))
  return {
    at,
    counts,
    workers: sessions.map(workerView),
    queues: queueViews(sessions, depths, at),
    running: running.map((run) => runningJob(run, at, names.get(run.session) ?? null)),
    tasks: taskStats(sessions, at),
  }
}

function workerView({ session, info, leaseUntil, running, pulse }: StoredSession): WorkerView {
  if (pulse === null) return { session, info, leaseUntil, running, load: null, pools: [] }
  const { used, unsettled, abandoned, rssBytes, pools = [] } = pulse.pulse
  const load = { at: pulse.at, used, unsettled, abandoned, rssBytes }
  return { session, info, leaseUntil, running, load, pools }
}

function runningJob({ progress, ...run }: StoredRun, at: number, worker: string | null): RunningJob {
  const job = { ...run, worker, ageMs: Math.max(0, at - run.startedAt), enqueuedAt: enqueuedAtOf(run.id) }
  return progress === undefined ? job : { ...job, progress: decodeStored(progress) }
}

function taskStats(sessions: readonly StoredSession[], at: number): TaskStats[] {
  const sums = new Map<string, { workers: number; recent: Sum; perSecond: number; total: Sum }>()
  const sumOf = (task: string) => {
    const sum = sums.get(task) ?? { workers: 0, recent: new Sum(), perSecond: 0, total: new Sum() }
    sums.set(task, sum)
    return sum
  }
  for (const { info, pulse } of sessions) {
    for (const task of info?.tasks ?? []) sumOf(task).workers += 1
    if (pulse === null) continue
    const { windowMs, tasks } = pulse.pulse
    for (const [task, { recent, total }] of Object.entries(tasks)) {
      const sum = sumOf(task)
      sum.total.add(total)
      // A worker that has not spoken for longer than that is busy computing: what it said then is no news.
      if (at - pulse.at > windowMs) continue
      sum.recent.add(recent)
      sum.perSecond += (endedIn(recent) * 1000) / Math.max(windowMs, 1000)
    }
  }
  return [...sums]
    .map(([task, { workers, recent, perSecond, total }]) => ({
      task,
      workers,
      recent: { ...recent.ended(), perSecond },
      total: total.ended(),
    }))
    .toSorted((a, b) => (a.task < b.task ? -1 : 1))
}

const endedIn = ({ succeeded, failed, retrying, cancelled, lost }: Omit<Tally, 'run'>): number =>
  succeeded + failed + retrying + cancelled + lost

class Sum {
  readonly #counts = { succeeded: 0, failed: 0, retrying: 0, cancelled: 0, lost: 0 }
  readonly #run = new Histogram()

  add({ run, ...counts }: Tally): void {
    for (const end of Object.keys(this.#counts) as (keyof typeof counts)[]) this.#counts[end] += counts[end]
    this.#run.add(run)
  }

  ended(): Ended {
    const run = this.#run
    const { count } = run
    if (count === 0) return { ...this.#counts, runMs: null }
    const [p50, p90, p99] = [run.quantile(0.5), run.quantile(0.9), run.quantile(0.99)]
    return { ...this.#counts, runMs: { p50, p90, p99, max: run.max, mean: run.sum / count } }
  }
}
