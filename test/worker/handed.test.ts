/** Workers on a real Redis that were handed a job, and did not hear of it since their socket died. */
import { defineTasks, encode, newJobId, type Store, task } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { Redis } from 'ioredis'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { newJob } from '../conformance/acts.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { Watcher } from './watcher.ts'
import { WorkerProcess } from './worker-process.ts'

const LEASE_MS = 2_000
/** None of them writes a notice when it starts: who runs those is handed nothing. */
const tasks = defineTasks({ touch: task({}) })

/** A queue, and a line to it that can be cut. */
async function line() {
  const url = new URL(inject('redisUrl'))
  const namespace = `handed-test-${newJobId()}`
  const proxy = await TcpProxy.to(Number(url.port))
  const store = createRedisStore({ url: url.href, namespace })
  const redis = new Redis(url.href)
  onTestFinished(async () => {
    await store.close()
    redis.disconnect()
    await proxy[Symbol.asyncDispose]()
  })
  const near = new URL(url)
  near.port = String(proxy.port)
  const areIdle = () => redis.llen(`{${namespace}:default}:idle:1`)
  return { url: url.href, namespace, proxy, store, far: near.href, areIdle }
}

const put = async (store: Store, task: string, input?: unknown): Promise<string> => {
  const id = newJobId()
  await store.enqueue([newJob(id, { task, input: encode(input) })])
  return id
}

/**
 * A job of which the only worker has not heard, though Redis has handed it over: its answer is held back. Only who made a step
 * a moment ago is handed one, so it is tried until that has been so.
 *
 * @param run Has a job run by that worker, which makes a step then.
 */
async function unheard(
  { proxy, store, areIdle }: Awaited<ReturnType<typeof line>>,
  work: (store: Store) => Promise<string>,
  run: () => Promise<unknown>,
): Promise<string> {
  for (let round = 1; ; round++) {
    await run()
    await vi.waitFor(async () => expect(await areIdle()).toBe(1), { timeout: 10_000, interval: 5 })
    proxy.trouble({ isSilent: true })
    const id = await work(store)
    if ((await store.get(id))?.state === 'running') return id
    if (round === 20) throw new Error('Nothing was handed over.')
    await store.cancel({ id, by: null, reason: null, ttlMs: 0 })
    proxy.trouble({})
  }
}

test('a worker whose sockets died with it, and whose lease runs on, gives it back and has it as its first attempt', async () => {
  const stage = await line()
  const ran: { id: string; attempt: number }[] = []
  const worker = createWorker({
    tasks,
    redis: stage.far,
    namespace: stage.namespace,
    concurrency: 1,
    lease: '10m', // no end of a lease brings it back
    logLevel: 'silent',
    handlers: {
      touch: (_, { job: { id, attempt } }) => void ran.push({ id, attempt }),
    },
  })
  const watcher = new Watcher(worker)
  await worker.start()
  onTestFinished(() => worker.stop({ timeout: 0 }))
  const work = (store: Store): Promise<string> => put(store, 'touch')
  const id = await unheard(stage, work, async () =>
    watcher.untilJob('job.succeeded', await work(stage.store)),
  )
  stage.proxy.cut()
  stage.proxy.trouble({})
  await watcher.untilJob('job.succeeded', id)
  expect(ran.filter((one) => one.id === id)).toEqual([{ id, attempt: 1 }])
  const job = await stage.store.get(id)
  expect(job).toMatchObject({ state: 'succeeded', attempt: 1 })
  expect(job?.history).toBeUndefined()
})

test('a worker that is killed with it leaves it to another one, as its first attempt', async () => {
  const stage = await line()
  const { namespace, url, far: near, store } = stage
  await using killed = new WorkerProcess({ namespace, url: near, leaseMs: LEASE_MS })
  const work = (): Promise<string> => put(store, 'spin', 0)
  const id = await unheard(stage, work, async () => killed.until('job.succeeded', await work()))
  killed.signal('SIGKILL')
  await killed.exit()
  await using heir = new WorkerProcess({ namespace, url, leaseMs: LEASE_MS })
  await heir.until('job.succeeded', id)
  const job = await store.get(id)
  expect(job).toMatchObject({ state: 'succeeded', attempt: 1 })
  expect(job?.history).toBeUndefined()
})
