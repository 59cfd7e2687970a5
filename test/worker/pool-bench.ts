/** A worker with real threads and processes on the store in memory, and the time that it is. */
import {
  decode,
  encode,
  type Failure,
  type Isolation,
  type JobOptions,
  type LogLine,
  newJobId,
  type Snapshot,
  START,
  type Store,
  type StoredNotice,
  type TaskTree,
} from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import {
  createWorker,
  handlerModule,
  type HandlerModuleOptions,
  type Worker,
  type WorkerOptions,
} from '@lovage/worker'
import { onTestFinished } from 'vitest'
import { Watcher } from './watcher.ts'

export interface PoolBench {
  store: Store
  worker: Worker
  watcher: Watcher
  enqueue(task: string, input?: unknown, options?: JobOptions): Promise<string>
  /** The job, once it has succeeded or failed. */
  ended(id: string): Promise<Snapshot & { attempt: number; error: Failure }>
  /** Resolves once the job has reported something. */
  reported(id: string): Promise<void>
  result(id: string): Promise<unknown>
  /** What the job has reported, as followers saw it. */
  reports(id: string): Promise<unknown[]>
  /** What the job has said, as it is kept. */
  said(id: string): Promise<{ lines: LogLine[]; text: string; dropped: number }>
  notices(id: string): Promise<StoredNotice[]>
}

/** The fixture of that name, as it was compiled. */
const fixture = (name: string): URL => new URL(`../dist/worker/fixtures/${name}.js`, import.meta.url)

/**
 * A worker that has joined.
 *
 * @param modules The fixture, or the file, that holds the handlers of each branch.
 * @param onFinished Takes what stops it: at the end of the test, unless several tests share it.
 */
export async function poolBench(
  tasks: TaskTree,
  modules: Partial<Record<Isolation, string | URL>>,
  {
    grace,
    drainTimeout,
    concurrency,
    ...limits
  }: HandlerModuleOptions & Pick<WorkerOptions<TaskTree>, 'grace' | 'drainTimeout' | 'concurrency'> = {},
  onFinished: (stop: () => Promise<void>) => void = onTestFinished,
): Promise<PoolBench> {
  const store = createMemoryStore()
  const worker = createWorker({
    tasks,
    store,
    logLevel: 'silent',
    grace,
    drainTimeout,
    concurrency,
    handlers: Object.fromEntries(
      Object.entries(modules).map(([key, of]) => [
        key,
        handlerModule(typeof of === 'string' ? fixture(of) : of, limits),
      ]),
    ),
  })
  onFinished(() => worker.stop({ timeout: 0 }))
  const watcher = new Watcher(worker)
  await worker.start()
  const get = async (id: string): Promise<Snapshot> => {
    const snapshot = await store.get(id)
    if (snapshot === null) throw new Error(`There is no job ${id}.`)
    return snapshot
  }
  const notices = async (id: string): Promise<StoredNotice[]> =>
    (await store.range(START, 10_000)).notices.filter(({ jobId }) => jobId === id)
  return {
    store,
    worker,
    watcher,
    async enqueue(task, input, options = {}) {
      const id = newJobId()
      await store.enqueue([
        { id, task, owner: 'ada', input: encode(input), options, delayMs: 0, announce: false },
      ])
      return id
    },
    async ended(id) {
      await Promise.race([watcher.untilJob('job.succeeded', id), watcher.untilJob('job.failed', id)])
      return (await get(id)) as Snapshot & { attempt: number; error: Failure }
    },
    async reported(id) {
      const done = new AbortController()
      for await (const batch of store.live(START, done.signal)) {
        if (batch.some(({ jobId, type }) => jobId === id && type === 'progress')) break
      }
      done.abort()
    },
    async result(id) {
      const snapshot = await get(id)
      if (snapshot.state !== 'succeeded' || snapshot.result === undefined)
        throw new Error(`Job ${id} is ${snapshot.state}.`)
      return decode(snapshot.result)
    },
    notices,
    async said(id) {
      const parts = await store.said(id)
      const of = (type: 'log' | 'chunk') => parts.filter((part) => part.type === type)
      return {
        lines: of('log').flatMap(({ data }) => decode(data) as LogLine[]),
        text: of('chunk')
          .map(({ data }) => decode(data))
          .join(''),
        dropped: of('log').reduce((sum, part) => sum + part.dropped, 0),
      }
    },
    async reports(id) {
      return (await notices(id)).flatMap((notice) =>
        notice.type === 'progress' && notice.data !== undefined ? [decode(notice.data)] : [],
      )
    },
  }
}
