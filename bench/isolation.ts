/**
 * What does it cost to run a handler in a thread or a process of its own, and what does it give?
 *
 *   npm run bench -- --only isolation
 *
 * - overhead: jobs that do nothing, one at a time and four at a time, through each of the three
 * - kill: from the time limit of a handler that computes without end until its job has failed, and until what ran it is
 *   replaced and has run another job
 * - hand-back: from SIGTERM with the drain over until the job has begun on another worker, for a handler that heeds its
 *   signal and for one that computes without end
 * - recovery: from SIGKILL of a worker, with the default lease, until its job has begun on another
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { encode, type Isolation, newJobId } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker, handlerModule, type Worker } from '@lovage/worker'
import { isolatedTasks } from './kit/isolated-tasks.ts'
import type { Figure, Measure, Question } from './kit/question.ts'
import { inputOf } from './kit/roles.ts'
import type { Stage } from './kit/stage.ts'

const JOBS = 2_000
const input = inputOf()
const LIMIT_MS = 500
const module = handlerModule(new URL('./kit/isolated.js', import.meta.url))

/** A queue of its own, and what puts jobs into it. */
function place(url: string) {
  const namespace = `bench-${newJobId()}`
  const store = createRedisStore({ url, namespace })
  const enqueue = async (task: string, options = {}, value?: unknown, count = 1): Promise<string> => {
    const ids = Array.from({ length: count }, newJobId)
    await store.enqueue(
      ids.map((id) => {
        return { id, task, owner: null, input: encode(value), options, delayMs: 0, announce: false }
      }),
    )
    return ids[0] as string
  }
  return { url, namespace, store, enqueue }
}

type At = ReturnType<typeof place>

const workerAt = ({ url, namespace }: At, isolation: Isolation, concurrency: number): Worker =>
  createWorker({
    tasks: { [isolation]: isolatedTasks[isolation] },
    redis: url,
    namespace,
    concurrency,
    logLevel: 'silent',
    handlers: { [isolation]: module },
  })

const when = (
  worker: Worker,
  event: 'job.started' | 'job.succeeded' | 'job.failed',
  count = 1,
): Promise<number> =>
  new Promise((resolve) => {
    let left = count
    worker.on(event, () => (left -= 1) === 0 && resolve(performance.now()))
  })

/** µs for each job. */
async function overhead(url: string, isolation: Isolation, concurrency: number): Promise<number> {
  const at = place(url)
  const { store, enqueue } = at
  const worker = workerAt(at, isolation, concurrency)
  const warm = when(worker, 'job.succeeded', concurrency)
  await worker.start()
  await enqueue(`${isolation}.nothing`, {}, input, concurrency)
  await warm
  const done = when(worker, 'job.succeeded', JOBS)
  const from = performance.now()
  await enqueue(`${isolation}.nothing`, {}, input, JOBS)
  const us = ((await done) - from) * (1_000 / JOBS)
  await worker.stop()
  await store.close()
  return us
}

/** ms from the time limit until the job has failed, and until what replaces its runner has run another. */
async function kill(url: string, isolation: Isolation): Promise<{ failed: number; served: number }> {
  const at = place(url)
  const { store, enqueue } = at
  const worker = workerAt(at, isolation, 1)
  const [started, failed, served] = [
    when(worker, 'job.started'),
    when(worker, 'job.failed'),
    when(worker, 'job.succeeded'),
  ]
  await worker.start()
  await enqueue(`${isolation}.spin`, { timeLimitMs: LIMIT_MS })
  const limitAt = (await started) + LIMIT_MS
  await enqueue(`${isolation}.nothing`, {}, input)
  const measured = { failed: (await failed) - limitAt, served: (await served) - limitAt }
  await worker.stop()
  await store.close()
  return measured
}

async function other({ url, namespace }: At): Promise<{ child: ChildProcess; started: Promise<unknown> }> {
  const program = fileURLToPath(new URL('./kit/isolated-worker.js', import.meta.url))
  const env = { ...process.env, REDIS_URL: url, NAMESPACE: namespace }
  const child = fork(program, { env })
  return { child, started: once(child, 'message') }
}

/** ms from the signal to a worker until its job has begun on another one. */
async function handBack(url: string, task: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const at = place(url)
  const { store, enqueue } = at
  const { child, started } = await other(at)
  await enqueue(task)
  await started
  const [isolation] = task.split('.') as [Isolation]
  const next = workerAt(at, isolation, 1)
  await next.start()
  const begun = when(next, 'job.started')
  const from = performance.now()
  child.kill(signal)
  const ms = (await begun) - from
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  await next.stop({ timeout: 0 })
  await store.close()
  return ms
}

const ways = <Way extends string>(
  names: readonly Way[],
  round: (stage: Stage, way: Way) => Promise<Record<string, number>>,
): Measure['contestants'] => Object.fromEntries(names.map((name) => [name, (stage) => round(stage, name)]))

const figure = (what: string, unit = 'ms'): Figure => {
  return { what, unit, better: 'less' }
}

const overheads = (concurrency: number): Measure => {
  const name = `isolation-job-${concurrency}`
  return {
    figures: { [name]: figure(`a job that does nothing, ${concurrency} at a time`, 'µs') },
    contestants: ways(['inline', 'thread', 'process'], async ({ url }, way) => {
      return { [name]: await overhead(url, way, concurrency) }
    }),
  }
}

const handBacks = (
  name: string,
  what: string,
  tasks: Record<string, string>,
  signal: 'SIGTERM' | 'SIGKILL',
): Measure => {
  return {
    figures: { [name]: figure(what) },
    contestants: ways(Object.keys(tasks), async ({ url }, way) => {
      return { [name]: await handBack(url, tasks[way] as string, signal) }
    }),
  }
}

const measures = (...all: Measure[]): Measure[] =>
  all.map((measure) => ({ ...measure, rounds: 2, isSlow: true }))

export const question: Question = {
  name: 'isolation',
  asks: 'Handlers inline, in threads and in processes.',
  measures: measures(
    overheads(1),
    overheads(4),
    {
      figures: {
        'isolation-failed': figure('computes without end: failed after its time limit'),
        'isolation-served': figure('computes without end: replaced, and another job run, after it'),
      },
      contestants: ways(['thread', 'process'], async ({ url }, way) => {
        const { failed, served } = await kill(url, way)
        return { 'isolation-failed': failed, 'isolation-served': served }
      }),
    },
    handBacks(
      'isolation-heeds',
      'SIGTERM, drain over, heeds its signal: elsewhere after',
      { inline: 'inline.heed', process: 'process.heed' },
      'SIGTERM',
    ),
    handBacks(
      'isolation-deaf',
      'SIGTERM, drain over, computes without end: elsewhere after',
      { thread: 'thread.spin', process: 'process.spin' },
      'SIGTERM',
    ),
    handBacks(
      'isolation-killed',
      'SIGKILL, default lease: elsewhere after',
      { process: 'process.heed' },
      'SIGKILL',
    ),
  ),
}
