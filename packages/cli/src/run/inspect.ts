import {
  type Engine,
  type GroupInfo,
  type Inspection,
  type Job,
  type PoolView,
  schedulesOf,
} from '@lovage/core'
import prettyMs from 'pretty-ms'
import type { What } from '../commands/inspect.ts'
import type { Context } from '../context.ts'
import { everyJob } from '../every-job.ts'
import type { Output } from '../output.ts'
import { scheduleLines } from '../schedule-table.ts'
import { table } from '../table.ts'
import { dateTime, oneLine, plain } from '../text.ts'
import { withEngine } from '../with-engine.ts'

export function inspect(context: Context, { limit }: { limit: number }, what: What): Promise<void> {
  return withEngine(context, async (engine) => {
    const { document, lines } = await VIEWS[what](engine, limit, context.out)
    if (context.out.json) context.out.document(plain(document))
    else for (const line of lines()) context.out.print(line)
  })
}

type LaterJob = Extract<Job, { runAt: number }>

/** The same for a program and, made when needed, for a person. */
interface View {
  document: unknown
  lines: () => string[]
}

const VIEWS: Record<What, (engine: Engine, limit: number, out: Output) => Promise<View>> = {
  async workers(engine, _limit, out) {
    const { at, workers } = await engine.inspect({ running: 0 })
    return { document: workers, lines: () => workerLines(workers, at, out) }
  },
  async pools(engine, _limit, out) {
    const { at, workers } = await engine.inspect({ running: 0 })
    const pools = workers.flatMap(({ session, info, pools: own }) =>
      own.map((pool) => ({ worker: info?.name ?? session, ...pool })),
    )
    return { document: pools, lines: () => poolLines(pools, at, out) }
  },
  async queues(engine, _limit, out) {
    const { queues } = await engine.inspect({ running: 0 })
    return { document: queues, lines: () => queueLines(queues, out) }
  },
  async active(engine, limit, out) {
    const { running, counts } = await engine.inspect({ running: limit })
    return { document: running, lines: () => activeLines(running, counts.running, out) }
  },
  async scheduled(engine, limit, out) {
    const jobs: LaterJob[] = []
    for (const state of ['scheduled', 'retrying'] as const) {
      for await (const job of everyJob(engine, { state })) {
        if (jobs.length === limit) break
        if ('runAt' in job) jobs.push(job)
      }
    }
    return { document: jobs, lines: () => laterLines(jobs, out) }
  },
  async stats(engine, _limit, out) {
    const { at, counts, tasks } = await engine.inspect({ running: 0 })
    return { document: { at, counts, tasks }, lines: () => statsLines(counts, tasks, out) }
  },
  async schedules(engine, _limit, out) {
    const schedules = await schedulesOf(engine).list()
    return { document: schedules, lines: () => scheduleLines(schedules, out) }
  },
  async consumers(engine, _limit, out) {
    const groups = await engine.consumers.groups()
    return { document: groups, lines: () => groupLines(groups, out) }
  },
}

function workerLines(workers: Inspection['workers'], at: number, out: Output): string[] {
  if (workers.length === 0) return ['No worker is running. `lovage worker ./worker.ts` starts one.']
  const rows = workers.map(({ session, info, running, load }) => [
    info?.name ?? session,
    info?.version ?? '?',
    `${running}/${info?.slots ?? '?'}`,
    info === null ? '?' : short(at - info.startedAt),
    load === null ? '?' : mebibytes(load.rssBytes),
    info?.queues.join(' ') ?? '?',
    info?.tasks.join(' ') ?? '?',
  ])
  return table(['WORKER', 'VERSION', 'SLOTS', 'UP', 'MEMORY', 'QUEUES', 'TASKS'], rows, out)
}

function poolLines(pools: readonly (PoolView & { worker: string })[], at: number, out: Output): string[] {
  if (pools.length === 0) return ['No worker runs handlers in threads or processes.']
  const rows = pools.flatMap(({ worker, module, isolation, children }) =>
    children.map(({ id, state, jobs, memoryBytes, startedAt }) => [
      worker,
      module.slice(module.lastIndexOf('/') + 1),
      `${isolation} ${id}`,
      state,
      jobs,
      memoryBytes === 0 ? '?' : mebibytes(memoryBytes),
      short(Math.max(0, at - startedAt)),
    ]),
  )
  return table(['WORKER', 'MODULE', 'CHILD', 'STATE', 'JOBS', 'MEMORY', 'UP'], rows, out)
}

function queueLines(queues: Inspection['queues'], out: Output): string[] {
  if (queues.length === 0) return ['Nobody waits, and no worker serves a queue.']
  const rows = queues.map(({ queue, queued, oldestMs, workers, slots }) => [
    queue,
    queued,
    oldestMs === null ? '' : short(oldestMs),
    workers,
    slots,
  ])
  return table(['QUEUE', 'WAITING', 'OLDEST', 'WORKERS', 'SLOTS'], rows, out)
}

function activeLines(running: Inspection['running'], all: number, out: Output): string[] {
  if (running.length === 0) return ['No job is running.']
  const rows = running.map(({ id, task, worker, attempt, ageMs, progress }) => [
    id,
    task,
    worker ?? '?',
    attempt,
    short(ageMs),
    progress === undefined ? '' : oneLine(progress),
  ])
  const lines = table(['JOB', 'TASK', 'WORKER', 'ATTEMPT', 'FOR', 'PROGRESS'], rows, out)
  return running.length === all ? lines : [...lines, out.colours.dim(`… and ${all - running.length} more`)]
}

function laterLines(jobs: readonly LaterJob[], out: Output): string[] {
  if (jobs.length === 0) return ['No job waits for its time.']
  const rows = jobs.map(({ id, task, state, attempt, runAt }) => {
    const inMs = runAt - Date.now()
    return [id, task, state, attempt, dateTime(runAt), inMs > 0 ? `in ${short(inMs)}` : 'now']
  })
  return table(['JOB', 'TASK', 'STATE', 'ATTEMPT', 'DUE', ''], rows, out)
}

function statsLines(
  { workers, ...jobs }: Inspection['counts'],
  tasks: Inspection['tasks'],
  out: Output,
): string[] {
  const counted = Object.entries(jobs).map(([state, count]) => `${count} ${state}`)
  const summary = `${counted.join(', ')}; ${workers} worker(s)`
  if (tasks.length === 0) return [summary]
  const rows = tasks.map(({ task, workers: able, recent, total }) => {
    const { p50, p99 } = recent.runMs ?? total.runMs ?? {}
    return [
      task,
      able,
      recent.perSecond.toFixed(1),
      p50 === undefined ? '' : short(p50),
      p99 === undefined ? '' : short(p99),
      total.succeeded,
      total.retrying,
      total.failed,
      total.cancelled,
    ]
  })
  const head = ['TASK', 'WORKERS', 'PER SECOND', 'P50', 'P99', 'SUCCEEDED', 'RETRIED', 'FAILED', 'CANCELLED']
  return [summary, '', ...table(head, rows, out)]
}

function groupLines(groups: readonly GroupInfo[], out: Output): string[] {
  if (groups.length === 0) return ['There is no group of consumers.']
  const rows = groups.map(({ name, owner, members, pending, lag, missed, dead }) => [
    name,
    owner ?? '',
    members.length,
    pending,
    lag,
    missed,
    dead,
  ])
  return table(['GROUP', 'OWNER', 'MEMBERS', 'PENDING', 'BEHIND', 'MISSED', 'DEAD'], rows, out)
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

const short = (ms: number): string => prettyMs(ms, { compact: ms >= 1000 })
