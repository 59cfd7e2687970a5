/**
 * What does it cost to run a handler in a thread or a process of its own, and what does it give?
 *
 *   npm run bench -- isolation              JOBS and ROUNDS in the environment change it
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
import { inTurn, input, line, median, url } from './kit/rounds.ts'

const JOBS = Number(process.env['JOBS'] ?? 2_000)
const LIMIT_MS = 500
const module = handlerModule(new URL('./kit/isolated.js', import.meta.url))

/** A queue of its own, and what puts jobs into it. */
function place() {
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
  return { namespace, store, enqueue }
}

const workerAt = (namespace: string, isolation: Isolation, concurrency: number): Worker =>
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
async function overhead(isolation: Isolation, concurrency: number): Promise<number> {
  const { namespace, store, enqueue } = place()
  const worker = workerAt(namespace, isolation, concurrency)
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
async function kill(isolation: Isolation): Promise<{ failed: number; served: number }> {
  const { namespace, store, enqueue } = place()
  const worker = workerAt(namespace, isolation, 1)
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

async function other(namespace: string): Promise<{ child: ChildProcess; started: Promise<unknown> }> {
  const program = fileURLToPath(new URL('./kit/isolated-worker.js', import.meta.url))
  const env = { ...process.env, REDIS_URL: url, NAMESPACE: namespace }
  const child = fork(program, { env })
  return { child, started: once(child, 'message') }
}

/** ms from the signal to a worker until its job has begun on another one. */
async function handBack(task: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const { namespace, store, enqueue } = place()
  const { child, started } = await other(namespace)
  await enqueue(task)
  await started
  const [isolation] = task.split('.') as [Isolation]
  const next = workerAt(namespace, isolation, 1)
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

function print(what: string, name: string, unit: string, rounds: readonly number[]): void {
  console.log(line(what, name, `${median(rounds).toFixed(0)} ${unit}`, rounds))
}

for (const concurrency of [1, 4]) {
  const us = await inTurn({
    inline: () => overhead('inline', concurrency),
    thread: () => overhead('thread', concurrency),
    process: () => overhead('process', concurrency),
  })
  for (const [name, rounds] of Object.entries(us))
    print(`a job, ${concurrency} at a time`, name, 'µs', rounds)
}

const killed = await inTurn({ thread: () => kill('thread'), process: () => kill('process') })
for (const [name, rounds] of Object.entries(killed)) {
  print(
    'limit until failed',
    name,
    'ms',
    rounds.map(({ failed }) => failed),
  )
  print(
    'limit until replaced',
    name,
    'ms',
    rounds.map(({ served }) => served),
  )
}

const back = await inTurn({
  'inline, heeds': () => handBack('inline.heed', 'SIGTERM'),
  'process, heeds': () => handBack('process.heed', 'SIGTERM'),
  'thread, deaf': () => handBack('thread.spin', 'SIGTERM'),
  'process, deaf': () => handBack('process.spin', 'SIGTERM'),
})
for (const [name, rounds] of Object.entries(back)) print('SIGTERM until elsewhere', name, 'ms', rounds)

const recovered = await inTurn({ process: () => handBack('process.heed', 'SIGKILL') })
print('SIGKILL until elsewhere', 'process', 'ms', recovered.process)
