/** Figures for Prometheus, by prom-client: counted from the events of workers and queues, asked for where they are states. */
import { type ChildView, type Counts, type QueueDepth, VERSION } from '@lovage/core'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { ANSWER_MS, inTime } from './in-time.ts'
import type { Metrics, WatchedQueue, WatchedWorker } from './metrics.ts'

export interface PrometheusOptions {
  /** Where the figures are kept. Default: a registry of their own, with those of the process (memory, event loop, …). */
  registry?: Registry
}

/** In seconds: from what does almost nothing to the default time limit. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/**
 * Collects figures of the workers and queues of this process, for `probe: { port, metrics }` or for an endpoint of
 * your own. Every name begins with `lovage_`; docs/operations.md lists them.
 *
 * @example createWorker({ …, probe: { port: 9090, metrics: prometheus() } })
 */
export function prometheus({ registry }: PrometheusOptions = {}): Metrics {
  const register = registry ?? new Registry()
  if (registry === undefined) collectDefaultMetrics({ register })
  const registers = [register]
  new Gauge({
    name: 'lovage_info',
    help: 'Always 1; the label says the version.',
    labelNames: ['version'],
    registers,
  })
    .labels(VERSION)
    .set(1)
  let watchWorker: Metrics['watchWorker'] | undefined
  let watchQueue: Metrics['watchQueue'] | undefined
  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    // A process that has no worker does not say that it has one without slots.
    watchWorker: (worker) => (watchWorker ??= workerMetrics(registers))(worker),
    watchQueue: (queue) => (watchQueue ??= queueMetrics(registers))(queue),
  }
}

function workerMetrics(registers: Registry[]): Metrics['watchWorker'] {
  const workers: WatchedWorker[] = []
  const attempts = new Counter({
    name: 'lovage_attempts_total',
    help: 'Attempts that ended here, by how.',
    labelNames: ['task', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'lovage_attempt_duration_seconds',
    help: 'How long attempts ran whose outcome was written.',
    labelNames: ['task'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const overtime = new Counter({
    name: 'lovage_time_limits_total',
    help: 'Attempts whose time limit was over before their handler was.',
    labelNames: ['task'],
    registers,
  })
  const abandoned = new Counter({
    name: 'lovage_abandoned_total',
    help: 'Handlers that ignored their signal until their slot was given away.',
    labelNames: ['task'],
    registers,
  })
  const disconnects = new Counter({
    name: 'lovage_worker_disconnects_total',
    help: 'Times that the store could not be reached.',
    registers,
  })
  const expiries = new Counter({
    name: 'lovage_worker_lease_losses_total',
    help: 'Times that the lease ran out before it was renewed, so that others took over the jobs.',
    registers,
  })
  const sum = (
    name: string,
    help: string,
    of: (health: ReturnType<WatchedWorker['health']>) => number,
  ): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(workers.reduce((total, worker) => total + of(worker.health()), 0))
      },
    })
  }
  sum(
    'lovage_worker_ready',
    'Workers of this process that have joined, reach the store and take jobs.',
    (health) => (health.ready ? 1 : 0),
  )
  sum('lovage_worker_slots', 'Jobs that may run here at the same time.', ({ slots }) => slots)
  sum('lovage_worker_slots_used', 'Slots taken.', ({ running }) => running)
  sum('lovage_worker_unsettled', 'Outcomes that are not written yet.', ({ unsettled }) => unsettled)
  sum(
    'lovage_worker_abandoned',
    'Handlers that have lost their slot and still run.',
    (health) => health.abandoned,
  )
  sum(
    'lovage_worker_last_fetch_timestamp_seconds',
    'When the store last answered a step, in Unix time; 0: never.',
    ({ lastStepAt }) => (lastStepAt ?? 0) / 1000,
  )

  const ofChildren = (name: string, help: string, of: (child: ChildView) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['module', 'isolation', 'state'],
      registers,
      collect() {
        this.reset()
        for (const { module, isolation, children } of workers.flatMap((worker) => worker.pools())) {
          for (const child of children) {
            const { state } = child
            this.inc({ module: module.slice(module.lastIndexOf('/') + 1), isolation, state }, of(child))
          }
        }
      },
    })
  }
  ofChildren('lovage_pool_children', 'Threads and processes that hold handlers, by state.', () => 1)
  ofChildren('lovage_pool_memory_bytes', 'Memory that they said to use.', ({ memoryBytes }) => memoryBytes)
  const ended = new Counter({
    name: 'lovage_pool_children_ended_total',
    help: 'Threads and processes that have ended: recycled, killed, lost by themselves, or stopped.',
    labelNames: ['isolation', 'as'],
    registers,
  })

  return (worker) => {
    workers.push(worker)
    worker.on('child.ended', ({ isolation, as }) => ended.inc({ isolation, as }))
    for (const outcome of ['succeeded', 'failed', 'retrying'] as const) {
      worker.on(`job.${outcome}`, ({ task, ms }) => {
        attempts.inc({ task, outcome })
        durations.observe({ task }, ms / 1000)
      })
    }
    worker.on('job.cancelled', ({ task }) => attempts.inc({ task, outcome: 'cancelled' }))
    worker.on('job.lost', ({ task }) => attempts.inc({ task, outcome: 'lost' }))
    worker.on('job.returned', ({ task }) => attempts.inc({ task, outcome: 'returned' }))
    worker.on('job.overtime', ({ task }) => overtime.inc({ task }))
    worker.on('job.abandoned', ({ task }) => abandoned.inc({ task }))
    worker.on('worker.disconnected', () => disconnects.inc())
    worker.on('worker.expired', () => expiries.inc())
  }
}

interface Look {
  counts: Counts
  depths: QueueDepth[]
}

async function lookAt(queue: WatchedQueue): Promise<Look> {
  const [counts, depths] = await Promise.all([queue.counts(), queue.depths()])
  return { counts, depths }
}

function queueMetrics(registers: Registry[]): Metrics['watchQueue'] {
  const queues: WatchedQueue[] = []
  const enqueued = new Counter({
    name: 'lovage_enqueued_total',
    help: 'Jobs that were enqueued here.',
    labelNames: ['task'],
    registers,
  })
  const refused = new Counter({
    name: 'lovage_refused_total',
    help: 'Jobs that could not be enqueued, by the code of the error.',
    labelNames: ['task', 'code'],
    registers,
  })
  const followers = new Gauge({
    name: 'lovage_followers',
    help: 'Who follows at this moment: one job, or a feed.',
    labelNames: ['of'],
    registers,
  })
  const notices = new Counter({
    name: 'lovage_notices_total',
    help: 'Notices that were given to followers who have gone since.',
    labelNames: ['of'],
    registers,
  })
  let looking: Promise<readonly Look[] | undefined> | undefined
  /** One look for all figures of one answer. `undefined`: the store does not answer. */
  const look = (): Promise<readonly Look[] | undefined> => {
    looking ??= inTime(Promise.all(queues.map(lookAt)), ANSWER_MS)
      .catch(() => undefined)
      .finally(() => (looking = undefined))
    return looking
  }
  new Gauge({
    name: 'lovage_store_up',
    help: '1 when the store answered just now, for these figures; otherwise 0.',
    registers,
    async collect() {
      this.set((await look()) === undefined ? 0 : 1)
    },
  })
  new Gauge({
    name: 'lovage_workers',
    help: 'Workers whose lease runs, wherever they are.',
    labelNames: [],
    registers,
    async collect() {
      const looks = await look()
      if (looks === undefined) return this.remove()
      this.set(looks.reduce((sum, { counts }) => sum + counts.workers, 0))
    },
  })
  new Gauge({
    name: 'lovage_jobs',
    help: 'Live jobs of the whole queue, by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      const looks = await look()
      this.reset()
      for (const { counts } of looks ?? []) {
        const { workers: _, ...states } = counts
        for (const [state, count] of Object.entries(states)) this.inc({ state }, count)
      }
    },
  })
  const ofQueue = (name: string, help: string, of: (depth: QueueDepth) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['queue'],
      registers,
      async collect() {
        const looks = await look()
        this.reset()
        for (const depth of looks?.flatMap(({ depths }) => depths) ?? [])
          this.inc({ queue: depth.queue }, of(depth))
      },
    })
  }
  ofQueue('lovage_queue_jobs', 'Jobs in line, by queue.', ({ queued }) => queued)
  ofQueue(
    'lovage_queue_oldest_seconds',
    'How long the job that has waited longest in line has waited, by queue.',
    ({ oldestAt }) => (oldestAt === null ? 0 : Math.max(0, Date.now() - oldestAt) / 1000),
  )

  return (queue) => {
    queues.push(queue)
    queue.on('job.enqueued', ({ task, ids }) => enqueued.inc({ task }, ids.length))
    queue.on('job.refused', ({ task, code, count }) => {
      // A name that is not known may be anything, and labels are kept for ever.
      refused.inc({ task: code === 'TASK_UNKNOWN' ? '' : task, code }, count)
    })
    queue.on('follow.started', ({ of }) => followers.inc({ of }))
    queue.on('follow.ended', ({ of, notices: count }) => {
      followers.dec({ of })
      notices.inc({ of }, count)
    })
  }
}
