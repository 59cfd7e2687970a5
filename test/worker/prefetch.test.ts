/** Claiming ahead: a worker whose jobs are short holds some ready, and nobody else has to wait for those. */
import { defineTasks, type JobOptions, task } from '@lovage/core'
import { createWorker, type Worker, type WorkerOptions } from '@lovage/worker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { far } from './far-store.ts'
import { faultyStore } from './faulty-store.ts'
import { type Bench, bench, gate } from './harness.ts'
import type { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'

/** More than have to end before a worker believes that jobs are short. */
const MANY = 500
/** What is the default where no task tells of `started`. */
const AHEAD = { concurrency: 1, prefetch: 300 }

const claims = (t: Bench): number[] => t.faults.of('step').map(([{ claim }]) => claim)

const enqueueMany = async (t: Bench, count: number, task = 'touch'): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push(await t.enqueue(task))
  return ids
}

interface Stuck {
  worker: Worker
  watcher: Watcher
  /** Runs in the only slot, until its gate is opened. */
  climb: string
  top: ReturnType<typeof gate<string>>
  /** Came after it, and could run elsewhere. */
  behind: string[]
  /** Those that any worker of the test has run, in order. */
  ran: string[]
  /** Starts another worker. */
  other: () => Promise<Watcher>
}

/** A worker of one slot that knows its jobs for short, has claimed ahead, and came to one that is not. */
async function stuck(
  t: Bench,
  { options = {}, ...given }: { options?: JobOptions } & Partial<WorkerOptions<typeof tasks>> = {},
): Promise<Stuck> {
  const ran: string[] = []
  const top = gate<string>()
  const handlers = {
    touch: (_: unknown, { job }: { job: { id: string } }) => void ran.push(job.id),
    climb: () => top.promise,
  }
  await enqueueMany(t, MANY)
  const climb = await t.enqueue('climb', undefined, options)
  const behind = await enqueueMany(t, 150)
  const { worker, watcher } = await t.started(handlers, { ...AHEAD, ...given })
  await watcher.until('job.succeeded', MANY)
  await watcher.untilJob('job.started', climb)
  await t.clock.advance(0)
  ran.splice(0)
  const other = async (): Promise<Watcher> => (await t.started(handlers, AHEAD)).watcher
  return { worker, watcher, climb, top, behind, ran, other }
}

const running = async (t: Bench, ids: readonly string[]): Promise<string[]> => {
  const states = await Promise.all(ids.map(async (id) => (await t.job(id)).state))
  return ids.filter((_, n) => states[n] === 'running')
}

describe('a worker of one slot', () => {
  test('claims one job at a time as long as it does not know that they are short, and then a hundred', async () => {
    const t = bench()
    await enqueueMany(t, 2_000)
    const { watcher } = await t.started({}, AHEAD)
    await watcher.until('job.succeeded', 2_000)
    expect(claims(t).slice(0, 300)).toEqual(Array.from({ length: 300 }, () => 1))
    expect(Math.max(...claims(t))).toBe(100)
    expect(claims(t).length).toBeLessThan(600)
  })

  test('runs them in order, one at a time', async () => {
    const t = bench()
    const ids = await enqueueMany(t, 1_000)
    const ran: string[] = []
    let running = 0
    const { watcher } = await t.started(
      {
        touch: async (_, { job }) => {
          running += 1
          expect(running).toBe(1)
          ran.push(job.id)
          await Promise.resolve()
          running -= 1
        },
      },
      AHEAD,
    )
    await watcher.until('job.succeeded', 1_000)
    expect(ran).toEqual(ids)
  })

  test.each([
    ['two steps under way', 300, 2],
    ['one, when it claims nothing ahead', 0, 1],
  ])('has at most %s, and settles each job once', async (_, prefetch, most) => {
    const t = bench()
    const distant = far(t.store)
    const ids = await enqueueMany(t, 2_000)
    const { watcher } = await t.started({}, { concurrency: 1, prefetch, store: distant.store })
    await watcher.until('job.succeeded', 2_000)
    expect(distant.most).toBe(most)
    expect(watcher.all('job.succeeded').map(({ id }) => id)).toEqual(ids)
    expect(watcher.all('job.lost')).toEqual([])
  })

  test('claims for its slot alone where the line is short', async () => {
    const t = bench()
    await enqueueMany(t, 1_000)
    const { watcher } = await t.started({}, AHEAD)
    await watcher.until('job.succeeded', 1_000)
    await t.clock.advance(0)
    const before = claims(t).length
    await enqueueMany(t, 3)
    await watcher.until('job.succeeded', 1_003)
    expect(claims(t)[before]).toBe(1)
  })

  test.each([
    ['it is told to', 0, 1],
    ['a job took long now and then', 300, 100],
  ])('claims none ahead where %s', async (_, prefetch, ms) => {
    const t = bench()
    await enqueueMany(t, 1_000)
    let count = 0
    const { watcher } = await t.started(
      { touch: async () => void ((count += 1) % 50 === 0 && (await t.clock.advance(ms))) },
      { concurrency: 1, prefetch },
    )
    await watcher.until('job.succeeded', 1_000)
    expect(Math.max(...claims(t))).toBe(1)
  })

  test.each([
    ['claims ahead by default', {}, 100],
    ['does not where a task allows one attempt', { retry: { attempts: 1 } }, 1],
    ['does not where a task tells of `started`', { notices: ['started'] }, 1],
  ] as const)('%s', async (_, other, most) => {
    const t = bench()
    await enqueueMany(t, 1_000)
    const worker = createWorker({
      tasks: defineTasks({ touch: task(), other: task(other) }),
      store: faultyStore(t.store, t.faults, t.clock),
      clock: t.clock,
      concurrency: 1,
      logLevel: 'silent',
      handlers: { touch: () => {}, other: () => {} },
    })
    onTestFinished(() => worker.stop({ timeout: 0 }))
    const watcher = new Watcher(worker)
    await worker.start()
    await watcher.until('job.succeeded', 1_000)
    expect(Math.max(...claims(t))).toBe(most)
  })

  test('claims no more than it should get through in 10 ms', async () => {
    const t = bench()
    await enqueueMany(t, 1_500)
    const { watcher } = await t.started({ touch: () => t.clock.advance(2) }, AHEAD)
    await watcher.until('job.succeeded', 1_500)
    expect(Math.max(...claims(t))).toBeLessThan(8)
    expect(Math.max(...claims(t))).toBeGreaterThan(1)
  })
})

describe('what is claimed ahead', () => {
  test('goes back to the line when a job takes long, and others run it at once; no attempt is counted', async () => {
    const t = bench()
    const { climb, top, behind, ran, other, watcher } = await stuck(t)
    expect((await running(t, behind)).length).toBeGreaterThan(20)
    await t.clock.advance(50)
    expect(await running(t, [climb, ...behind])).toEqual([climb])
    expect(await t.job(behind[0]!)).toMatchObject({ state: 'queued', attempt: 0 })
    const elsewhere = await other()
    await elsewhere.until('job.succeeded', behind.length)
    expect(ran).toEqual(behind)
    expect(await t.job(behind[0]!)).toMatchObject({ state: 'succeeded', attempt: 1 })
    top.open('up')
    await watcher.untilJob('job.succeeded', climb)
  })

  test('runs here when that job ends in time', async () => {
    const t = bench()
    const { top, behind, ran, watcher } = await stuck(t)
    await t.clock.advance(49)
    top.open('up')
    await watcher.until('job.succeeded', MANY + 1 + behind.length)
    expect(ran).toEqual(behind)
    expect(t.faults.count('handBack')).toBe(0)
  })

  test('is not run when it is cancelled before, and a limit hears that it does not run', async () => {
    const t = bench()
    const { top, behind, ran, watcher } = await stuck(t)
    const [gone] = (await running(t, behind)) as [string]
    await t.clock.advance(25) // until then it does not listen for cancels
    await t.store.cancel({ id: gone, by: null, reason: null, ttlMs: 60_000 })
    await t.clock.advance(0)
    expect(t.faults.of('step').flatMap(([{ release = [] }]) => release)).toEqual([gone])
    top.open('up')
    await watcher.until('job.succeeded', MANY + behind.length)
    expect(ran).toEqual(behind.filter((id) => id !== gone))
  })

  test('is asked about when a wait may have told of a cancel and was not heard', async () => {
    const t = bench()
    const { top, behind, ran, watcher } = await stuck(t)
    const [gone] = (await running(t, behind)) as [string]
    t.faults.plan('wait', 'answer lost')
    await t.clock.advance(25)
    await t.store.cancel({ id: gone, by: null, reason: null, ttlMs: 60_000 })
    await t.clock.advance(0)
    const asked = t.faults.of('step').flatMap(([{ verify = [] }]) => verify)
    expect(asked).toContainEqual(expect.objectContaining({ id: gone }))
    top.open('up')
    await watcher.until('job.succeeded', MANY + behind.length)
    expect(ran).not.toContain(gone)
  })

  test('goes back at once when the worker drains', async () => {
    const t = bench()
    const { worker, climb, top, behind, ran, other } = await stuck(t)
    const stopped = worker.stop()
    await t.clock.advance(0)
    expect(await running(t, [climb, ...behind])).toEqual([climb])
    const elsewhere = await other()
    await elsewhere.until('job.succeeded', behind.length)
    top.open('up')
    await stopped
    expect(ran).toEqual(behind)
    expect(await t.job(climb)).toMatchObject({ state: 'succeeded' })
  })

  test.each(['refused', 'answer lost'] as const)(
    'runs once and only once though the call that gives it back was %s',
    async (fault) => {
      const t = bench()
      const { climb, top, behind, ran, watcher } = await stuck(t)
      t.faults.plan('handBack', fault)
      await t.clock.advance(50)
      await watcher.until('worker.rejoined')
      await t.clock.advance(0)
      expect(await running(t, [climb, ...behind])).toEqual([climb])
      top.open('up')
      await watcher.until('job.succeeded', MANY + 1 + behind.length)
      expect(ran).toEqual(behind)
      expect(watcher.all('job.lost')).toEqual([])
    },
  )

  test('runs once and only once though a step of that time was not answered', async () => {
    const t = bench()
    const { worker, top, behind, ran, watcher } = await stuck(t)
    t.faults.plan('step', 'answer lost')
    top.open('up')
    await watcher.until('worker.rejoined')
    await watcher.until('job.succeeded', MANY + 1 + behind.length)
    expect(ran.toSorted()).toEqual(behind)
    expect(worker.health()).toMatchObject({ state: 'running', running: 0 })
  })

  test('is left alone by a worker that was given up: others have it', async () => {
    const t = bench()
    const { top, behind, ran, other, watcher } = await stuck(t, { lease: '40ms' })
    t.faults.goDown()
    await t.clock.advance(45)
    await t.store.join({ session: 'reaper', leaseMs: 60_000 })
    expect(await t.store.extend('reaper', 60_000)).toMatchObject({ reaped: 1 })
    t.faults.comeBack()
    top.open('up')
    const elsewhere = await other()
    await elsewhere.until('job.succeeded', behind.length)
    expect(ran.toSorted()).toEqual(behind)
    expect(watcher.all('job.received').length).toBeLessThan(MANY + 1 + behind.length)
  })
})

describe('nothing is claimed ahead', () => {
  test('beside a job that has one attempt only, or has been tried before: it is given back at once', async () => {
    const t = bench()
    const { climb, behind } = await stuck(t, { options: { attempts: 1 } })
    expect(t.faults.count('handBack')).toBe(1)
    expect(await running(t, [climb, ...behind])).toEqual([climb])
  })
})
