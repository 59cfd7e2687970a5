/** Workers in processes of their own on a real Redis: killed, stopped, frozen, busy, and cut off. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode, type NewJob, newJobId, type Snapshot, type Store } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import { newJob } from '../conformance/acts.ts'
import { gate } from './harness.ts'
import { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'
import { WorkerProcess } from './worker-process.ts'

/** Short, so that a lost worker is found soon; long enough for a busy machine to renew it in time. */
const LEASE_MS = 2_000

interface Line {
  store: Store
  namespace: string
  url: string
  enqueue(task: string, input?: unknown): Promise<string>
  job(id: string): Promise<Snapshot | null>
  result(id: string): Promise<unknown>
}

/** A queue of this test's own. */
function line(url: string): Line {
  const namespace = `worker-test-${newJobId()}`
  const store = createRedisStore({ url, namespace })
  onTestFinished(() => store.close())
  return {
    store,
    namespace,
    url,
    async enqueue(task, input) {
      const id = newJobId()
      await store.enqueue([
        { id, task, owner: null, input: encode(input), options: {}, delayMs: 0, announce: false },
      ])
      return id
    },
    job: (id) => store.get(id),
    async result(id) {
      const job = await store.get(id)
      if (job?.state !== 'succeeded' || job.result === undefined)
        throw new Error(`Job ${id} is ${job?.state}.`)
      return decode(job.result)
    },
  }
}

const spin = (id: string, ms: number, runAt?: number): NewJob =>
  newJob(id, { task: 'spin', input: encode(ms), ...(runAt !== undefined && { runAt }) })

describe('on SIGTERM', () => {
  test('a worker lets its job end, settles it, leaves the rest in line, and its process ends', async () => {
    const { store, enqueue, job, result, ...queue } = line(inject('redisUrl'))
    await using worker = new WorkerProcess(queue)
    const running = await enqueue('hold')
    const waiting = await enqueue('hold')
    await worker.until('job.started', running)
    worker.signal('SIGTERM')
    await worker.until('worker.draining')
    worker.open(running)
    expect(await worker.exit()).toEqual({ code: 0, signal: null })
    expect(await result(running)).toEqual({ pid: worker.pid })
    expect(await job(waiting)).toMatchObject({ state: 'queued', attempt: 0 })
    expect(await store.counts()).toMatchObject({ running: 0, workers: 0 })
  })

  test('twice a worker hands its job back at once, and its process ends', async () => {
    const { store, enqueue, job, ...queue } = line(inject('redisUrl'))
    await using worker = new WorkerProcess(queue)
    const id = await enqueue('hold')
    await worker.until('job.started', id)
    worker.signal('SIGINT')
    await worker.until('worker.draining')
    worker.signal('SIGTERM')
    expect(await worker.exit()).toEqual({ code: 0, signal: null })
    expect(await job(id)).toMatchObject({ state: 'queued', attempt: 0 })
    expect(await store.counts()).toMatchObject({ workers: 0 })
  })
})

describe('on SIGKILL', () => {
  test('the jobs of a worker run again on another one, as their next attempt', async () => {
    const { store: _store, enqueue, result, ...queue } = line(inject('redisUrl'))
    await using killed = new WorkerProcess({ ...queue, leaseMs: LEASE_MS, concurrency: 5 })
    await using other = new WorkerProcess({ ...queue, leaseMs: LEASE_MS, concurrency: 5 })
    await Promise.all([killed.until('worker.joined'), other.until('worker.joined')])
    const ids = await Promise.all(Array.from({ length: 10 }, () => enqueue('hold')))
    const held = (worker: WorkerProcess) => worker.told.filter(({ name }) => name === 'job.started').length
    while (held(killed) + held(other) < 10) await Promise.race([killed.untilNext(), other.untilNext()])
    const orphans = killed.told
      .filter(({ name }) => name === 'job.started')
      .map(({ event }) => event.id as string)
    expect(orphans).toHaveLength(5)

    killed.signal('SIGKILL')
    await killed.exit()
    for (const id of ids.filter((one) => !orphans.includes(one))) other.open(id)
    for (const id of orphans) {
      expect(await other.until('job.started', id)).toMatchObject({ attempt: 2 })
      other.open(id)
    }
    for (const id of ids) {
      await other.until('job.succeeded', id)
      expect(await result(id)).toEqual({ pid: other.pid })
    }
  })
})

/**
 * A worker of one slot that died while a job kept its loop to itself, and jobs behind that were held already. Whether it
 * claims ahead depends on how short its jobs were on this machine just now, so it is tried until it does.
 */
async function deadWithHeld(areDelayed: boolean) {
  for (let round = 1; ; round++) {
    const { store, enqueue: _enqueue, job, result: _result, ...queue } = line(inject('redisUrl'))
    const before = Array.from({ length: 499 }, newJobId)
    const blocking = newJobId()
    const behind = Array.from({ length: 300 }, newJobId)
    const runAt = areDelayed ? Date.now() + 1_000 : undefined
    await store.enqueue([...before.map((id) => spin(id, 0, runAt)), spin(blocking, 60_000, runAt)])
    await store.enqueue(behind.map((id) => spin(id, 0, runAt)))
    await using killed = new WorkerProcess({ ...queue, leaseMs: LEASE_MS })
    await killed.until('job.started', blocking)
    killed.signal('SIGKILL')
    await killed.exit()
    const states = await Promise.all(behind.map(async (id) => (await job(id))?.state))
    const held = behind.filter((_, n) => states[n] === 'running')
    await store.cancel({ id: blocking, by: null, reason: null, ttlMs: 60_000 })
    if (held.length > 1 || round === 10) return { queue, job, before, behind, held }
  }
}

describe('a worker that dies while it holds jobs that it has not begun', () => {
  test.each([
    { came: 'from the line', areDelayed: false },
    { came: 'when they were due, all at once', areDelayed: true },
  ])(
    'loses none that came $came: each runs once elsewhere, and its death counts as one attempt',
    async ({ areDelayed }) => {
      const { queue, job, before, behind, held } = await deadWithHeld(areDelayed)
      expect(held.length).toBeGreaterThan(1) // than it has slots
      await using heir = new WorkerProcess({ ...queue, leaseMs: LEASE_MS })
      for (const id of behind) await heir.until('job.succeeded', id)
      for (const id of held) expect(await job(id)).toMatchObject({ state: 'succeeded', attempt: 2 })
      const started = heir.told.flatMap(({ name, event }) =>
        name === 'job.started' ? [String(event.id)] : [],
      )
      const again = started.filter((id) => !behind.includes(id)) // had ended, and were not settled yet
      expect(again.every((id) => before.includes(id))).toBe(true)
      expect(again.length).toBeLessThanOrEqual(300)
      expect(started.filter((id) => behind.includes(id)).toSorted()).toEqual(behind)
    },
    120_000,
  )
})

describe('a worker that is frozen for longer than its lease', () => {
  test('loses its job to another one, and cannot overwrite its outcome when it thaws', async () => {
    const { store: _store, enqueue, job, result, ...queue } = line(inject('redisUrl'))
    await using frozen = new WorkerProcess({ ...queue, leaseMs: LEASE_MS })
    const id = await enqueue('hold')
    await frozen.until('job.started', id)
    frozen.signal('SIGSTOP')

    await using other = new WorkerProcess({ ...queue, leaseMs: LEASE_MS })
    await other.until('job.started', id)
    other.open(id)
    await other.until('job.succeeded', id)

    frozen.signal('SIGCONT')
    frozen.open(id)
    await frozen.until('job.lost', id)
    expect(await result(id)).toEqual({ pid: other.pid })
    expect(await job(id)).toMatchObject({ attempt: 2 })
    // It goes on under a new name.
    other.signal('SIGTERM')
    await other.exit()
    const next = await enqueue('spin', 0)
    await frozen.until('job.succeeded', next)
  })
})

describe('a handler that keeps the event loop to itself for longer than the lease', () => {
  test('keeps its job: the lease is renewed beside it', async () => {
    const { store: _store, enqueue, job, result, ...queue } = line(inject('redisUrl'))
    await using busy = new WorkerProcess({ ...queue, leaseMs: LEASE_MS })
    const id = await enqueue('spin', 2.5 * LEASE_MS)
    await busy.until('job.started', id)
    await using other = new WorkerProcess({ ...queue, leaseMs: LEASE_MS }) // looks for the dead all the time
    await other.until('worker.joined')
    await busy.until('job.succeeded', id)
    expect(await result(id)).toEqual({ pid: busy.pid })
    expect(await job(id)).toMatchObject({ attempt: 1 })
    expect(busy.told.map(({ name }) => name)).not.toContain('worker.expired')
    expect(other.told.map(({ name }) => name)).not.toContain('job.started')
  })
})

test('a rejection that a handler left unhandled ends neither the worker nor its process', async () => {
  const { store: _store, enqueue, ...queue } = line(inject('redisUrl'))
  await using worker = new WorkerProcess(queue)
  await worker.until('job.succeeded', await enqueue('litter'))
  expect(await worker.until('worker.error')).toMatchObject({
    error: 'Error: nobody looks',
    during: 'a promise that nobody handles',
  })
  await worker.until('job.succeeded', await enqueue('spin', 0))
})

describe('a Redis that is killed and comes back', () => {
  const KEEPS = ['--appendonly', 'yes', '--appendfsync', 'always']
  let dir: string

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lovage-restart-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  test('finds the outcomes of handlers that ended meanwhile, and the others still running', async () => {
    const first = await startRedis({ dir, args: KEEPS })
    onTestFinished(first.stop)
    const { store: _store, namespace, enqueue, result, job } = line(first.url)
    const gates = new Map<string, ReturnType<typeof gate<string>>>()
    const signals: AbortSignal[] = []
    // A lease that outlives the restart, however long this machine takes for it.
    const worker = createWorker({
      tasks,
      redis: first.url,
      namespace,
      concurrency: 3,
      lease: '60s',
      logLevel: 'silent',
      handlers: {
        greet: ({ name }) => name,
        touch: () => {},
        climb(_input, { job: { id }, signal }) {
          signals.push(signal)
          const top = gate<string>()
          gates.set(id, top)
          return top.promise
        },
        mail: { send: () => {} },
      },
    })
    const watcher = new Watcher(worker)
    onTestFinished(() => worker.stop({ timeout: 0 }))
    await worker.start()
    const ends = await enqueue('climb')
    const stays = await enqueue('climb')
    await watcher.until('job.started', 2)

    process.kill(first.pid, 'SIGKILL')
    await watcher.until('worker.disconnected')
    gates.get(ends)?.open('during the outage')
    const second = await startRedis({ dir, port: first.port, args: KEEPS })
    onTestFinished(second.stop)

    await watcher.until('worker.rejoined')
    await watcher.untilJob('job.succeeded', ends)
    expect(await result(ends)).toBe('during the outage')
    expect(await job(stays)).toMatchObject({ state: 'running', attempt: 1 })
    gates.get(stays)?.open('afterwards')
    await watcher.untilJob('job.succeeded', stays)
    const next = await enqueue('greet', { name: 'next' })
    await watcher.untilJob('job.succeeded', next)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
    expect(watcher.all('job.lost')).toEqual([])
    expect(worker.health().state).toBe('running')
  })
})
