/** A worker on the store in memory, with the time, the chance and the faults in the hands of the test. */
import {
  decode,
  encode,
  type Handlers,
  type JobOptions,
  newJobId,
  type Snapshot,
  START,
  type Store,
  type StoredNotice,
} from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createWorker, type Worker, type WorkerOptions } from '@lovage/worker'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { Faults, faultyStore } from './faulty-store.ts'
import { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'

type TestTasks = typeof tasks

/** Handlers of which a test gives only those that it is about. */
export interface SomeHandlers {
  greet?: Handlers<TestTasks>['greet']
  touch?: Handlers<TestTasks>['touch']
  climb?: Handlers<TestTasks>['climb']
  mail?: Handlers<TestTasks>['mail']
}

export interface Bench {
  clock: ManualClock
  /** The store itself, without faults. */
  store: Store
  faults: Faults
  /** A worker on this store that is not started yet. */
  worker(
    handlers?: SomeHandlers,
    options?: Partial<Omit<WorkerOptions<TestTasks>, 'tasks' | 'handlers'>>,
  ): Worker
  /** A worker that has joined, with what it tells. */
  started(
    handlers?: SomeHandlers,
    options?: Partial<Omit<WorkerOptions<TestTasks>, 'tasks' | 'handlers'>>,
  ): Promise<{ worker: Worker; watcher: Watcher }>
  /** Puts one job in line and answers its id. */
  enqueue(task: string, input?: unknown, options?: JobOptions & { delayMs?: number }): Promise<string>
  /** The job as the store knows it. */
  job(id: string): Promise<Snapshot>
  /** The result of a job that succeeded. */
  result(id: string): Promise<unknown>
  notices(id: string): Promise<StoredNotice[]>
}

/** Half of the spread: every delay is three quarters of the nominal one. */
const RANDOM = 0.5

export function bench(): Bench {
  const clock = new ManualClock()
  const store = createMemoryStore({ clock })
  const faults = new Faults()
  const workers: Worker[] = []
  onTestFinished(async () => {
    faults.comeBack()
    await Promise.all(workers.map((worker) => worker.stop({ timeout: 0 })))
  })
  const job = async (id: string): Promise<Snapshot> => {
    const snapshot = await store.get(id)
    if (snapshot === null) throw new Error(`There is no job ${id}.`)
    return snapshot
  }
  return {
    clock,
    store,
    faults,
    job,
    worker(handlers = {}, options = {}) {
      const worker = createWorker({
        tasks,
        store: faultyStore(store, faults, clock),
        clock,
        random: () => RANDOM,
        logLevel: 'silent',
        ...options,
        handlers: {
          greet: ({ name }) => `Hello, ${name}!`,
          touch: () => {},
          climb: () => 'there',
          mail: { send: () => {} },
          ...handlers,
        },
      })
      workers.push(worker)
      return worker
    },
    async started(handlers, options) {
      const worker = this.worker(handlers, options)
      const watcher = new Watcher(worker)
      await worker.start()
      return { worker, watcher }
    },
    async enqueue(task, input, { delayMs = 0, ...options } = {}) {
      const id = newJobId()
      await store.enqueue([
        { id, task, owner: 'ada', input: encode(input), options, delayMs, announce: false },
      ])
      return id
    },
    async result(id) {
      const snapshot = await job(id)
      if (snapshot.state !== 'succeeded' || snapshot.result === undefined)
        throw new Error(`Job ${id} is ${snapshot.state}.`)
      return decode(snapshot.result)
    },
    async notices(id) {
      const { notices } = await store.range(START, 10_000)
      return notices.filter(({ jobId }) => jobId === id)
    },
  }
}

/** A promise that the test settles: what a handler waits for until the test lets it go on. */
export function gate<T = void>(): {
  promise: Promise<T>
  open: (value: T) => void
  fail: (error: unknown) => void
} {
  let open: (value: T) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  promise.catch(() => {}) // the handler that awaits it hears of it; a test may fail it before
  return { promise, open, fail }
}

/** A worker with one `climb` that has begun, and runs until the test opens its gate. */
export async function climbing(
  t: Bench,
  options: Partial<Omit<WorkerOptions<TestTasks>, 'tasks' | 'handlers'>> = {},
  jobOptions: JobOptions = {},
) {
  const top = gate<string>()
  const begun = gate<AbortSignal>()
  const { worker, watcher } = await t.started(
    {
      climb: (_input, { signal }) => {
        begun.open(signal)
        return top.promise
      },
    },
    { concurrency: 2, ...options },
  )
  const id = await t.enqueue('climb', undefined, jobOptions)
  const signal = await begun.promise
  await t.clock.advance(0) // the worker has come to rest
  return { id, worker, watcher, top, signal, session: worker.health().session as string }
}

/** Runs one job to its end, however many attempts that takes, and answers what the store keeps of it. */
export async function runToEnd(
  t: Bench,
  handlers: SomeHandlers,
  task: string,
  input?: unknown,
): Promise<Snapshot> {
  const { watcher } = await t.started(handlers)
  const id = await t.enqueue(task, input)
  let isOver = false
  const ended = Promise.race([watcher.untilJob('job.succeeded', id), watcher.untilJob('job.failed', id)])
  void ended.then(() => (isOver = true))
  for (let round = 0; round < 20 && !isOver; round++) await t.clock.advance(60_000)
  await ended
  return t.job(id)
}

/** A `touch` that throws this. */
export const thrower = (thrown: unknown): SomeHandlers => ({
  touch: () => {
    throw thrown
  },
})
