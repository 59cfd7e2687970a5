// A worker of a queue that is partitioned: it serves all of them, fairly, and one that is away holds up nobody else.
import { defineTasks, newJobId, queueOver, type Store, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { partitionedStore } from '@lovage/core/partitions'
import { createWorker, type WorkerOptions } from '@lovage/worker'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { ManualClock } from '../kit/manual-clock.ts'
import { Faults, faultyStore } from './faulty-store.ts'
import { Watcher } from './watcher.ts'

const tasks = defineTasks({
  hold: task({ input: z.number(), output: z.number() }),
  mail: task({ input: z.string(), key: (tenant) => tenant, ordered: true, perKey: { concurrency: 1 } }),
  limited: task({ input: z.number(), concurrency: 2 }),
  report: task({ schedule: { every: '1h' } }),
})

type Options = Partial<WorkerOptions<typeof tasks>>

/** Of two partitions, unless there shall be more. */
function setUp({ count = 2, change = (store: Store) => store } = {}) {
  const clock = new ManualClock(Date.now())
  const inner = Array.from({ length: count }, () => createMemoryStore({ clock }))
  const faults = inner.map(() => new Faults())
  const store = partitionedStore(inner.map((one, index) => faultyStore(change(one), faults[index]!, clock)))
  const queue = queueOver(tasks, partitionedStore(inner), { clock, random: () => 0.5 })
  /** Jobs that run, in the order in which they began, until they are let go. */
  const running: { n: number; end: () => void }[] = []
  const hold = (n: number): Promise<number> =>
    new Promise((resolve) => {
      const one = {
        n,
        end: () => {
          running.splice(running.indexOf(one), 1)
          resolve(n)
        },
      }
      running.push(one)
    })
  const start = async (options: Options = {}) => {
    const worker = createWorker({
      tasks,
      store,
      clock,
      random: () => 0.5,
      logLevel: 'silent',
      handlers: { hold, mail: () => {}, limited: async (n) => void (await hold(n)), report: () => {} },
      ...options,
    })
    onTestFinished(async () => {
      for (const one of faults) one.comeBack()
      await worker.stop({ timeout: 0 })
    })
    const watcher = new Watcher(worker)
    await worker.start()
    return { worker, watcher }
  }
  /** Puts so many jobs into a partition: their numbers say which. */
  const put = async (index: number, jobs: number): Promise<void> => {
    for (let left = jobs; left > 0;) {
      const id = newJobId()
      if (store.indexOf(id) !== index) continue
      await queue.hold.enqueue(index, { id })
      left -= 1
    }
  }
  const of = (index: number): number => running.filter(({ n }) => n === index).length
  return { clock, inner, faults, store, queue, start, put, running, of }
}

describe('slots', () => {
  test('are shared alike while there is more work than slots, however much each partition has', async () => {
    const t = setUp({ count: 3 })
    await t.put(0, 200)
    await t.put(1, 20)
    await t.put(2, 20)
    await t.start({ concurrency: 7 })
    for (let ended = 0; ended < 40; ended++) {
      await vi.waitFor(() => expect(t.running).toHaveLength(7))
      for (const index of [0, 1, 2]) expect(t.of(index)).toBeGreaterThanOrEqual(2)
      t.running[(ended * 3) % 7]!.end()
    }
  })

  test('of which there is one go from one partition to the next', async () => {
    const t = setUp({ count: 3 })
    for (const index of [0, 1, 2]) await t.put(index, 5)
    await t.start({ concurrency: 1 })
    const order: number[] = []
    while (order.length < 15) {
      await vi.waitFor(() => expect(t.running).toHaveLength(1))
      order.push(t.running[0]!.n)
      t.running[0]!.end()
    }
    for (let round = 0; round < 5; round++)
      expect(new Set(order.slice(3 * round, 3 * round + 3))).toEqual(new Set([0, 1, 2]))
  })

  test('are all for one partition while the others have nothing, and the next free one is for who comes then', async () => {
    const t = setUp()
    await t.put(0, 50)
    await t.start({ concurrency: 4 })
    await vi.waitFor(() => expect(t.of(0)).toBe(4))
    await t.put(1, 2)
    t.running[0]!.end()
    await vi.waitFor(() => expect([t.of(0), t.of(1)]).toEqual([3, 1]))
    t.running.find(({ n }) => n === 0)!.end()
    await vi.waitFor(() => expect([t.of(0), t.of(1)]).toEqual([2, 2]))
    for (const one of t.running.filter(({ n }) => n === 1)) one.end()
    await vi.waitFor(() => expect([t.of(0), t.of(1)]).toEqual([4, 0]))
  })

  test('that nobody needs cost no steps: a worker without work looks at each partition, and then listens', async () => {
    const t = setUp()
    await t.start()
    await vi.waitFor(() => expect(t.faults.map((faults) => faults.count('wait'))).toEqual([1, 1]))
    const steps = t.faults.map((faults) => faults.count('step'))
    await t.put(1, 3)
    await vi.waitFor(() => expect(t.of(1)).toBe(3))
    expect(t.faults[0]!.count('step')).toBe(steps[0])
    expect(t.faults[1]!.count('step')).toBeLessThanOrEqual(steps[1]! + 3)
  })
})

describe('a partition that is away', () => {
  test('holds up its own jobs alone; when it is back they are run, and none is lost or run twice', async () => {
    const t = setUp()
    const { worker, watcher } = await t.start({ concurrency: 4 })
    t.faults[1]!.goDown()
    await t.put(1, 3)
    await t.put(0, 3)
    await vi.waitFor(() => expect(t.of(0)).toBe(3))
    await watcher.until('worker.disconnected')
    expect(worker.health()).toMatchObject({ state: 'running', ready: true })
    while (t.running.length > 0) t.running[0]!.end()
    await watcher.until('job.succeeded', 3)
    t.faults[0]!.goDown()
    await watcher.until('worker.disconnected', 2)
    expect(worker.health()).toMatchObject({ state: 'reconnecting', ready: false })
    for (const faults of t.faults) faults.comeBack()
    await vi.waitFor(async () => {
      await t.clock.advance(500)
      expect(t.of(1)).toBe(3)
    })
    while (t.running.length > 0) t.running[0]!.end()
    await watcher.until('job.succeeded', 6)
    expect(watcher.all('job.received')).toHaveLength(6)
    expect(await t.queue.counts()).toMatchObject({ queued: 0, running: 0, workers: 1 })
  })

  test('as the worker starts is waited for, while the jobs of the others are run', async () => {
    const t = setUp()
    t.faults[0]!.goDown()
    await t.put(1, 2)
    await t.put(0, 2)
    const starting = t.start({ concurrency: 2 })
    await vi.waitFor(() => expect(t.of(1)).toBe(2))
    t.faults[0]!.comeBack()
    while (t.running.length > 0) t.running[0]!.end()
    await vi.waitFor(async () => {
      await t.clock.advance(500)
      expect(t.of(0)).toBe(2)
    })
    const { worker } = await starting
    expect(worker.health()).toMatchObject({ state: 'running', running: 2 })
  })
})

describe('a worker of partitions', () => {
  test('runs the jobs of a key in their order, and those of a limited task within its limit', async () => {
    const t = setUp({ count: 3 })
    const order: string[] = []
    const mail = (tenant: string): void => void order.push(tenant)
    await t.start({
      concurrency: 10,
      handlers: { hold: (n) => n, mail, limited: () => {}, report: () => {} },
    })
    const handles = []
    for (let n = 0; n < 60; n++)
      handles.push(await t.queue.mail.enqueue(`tenant ${n % 6}`, { tags: [`${n}`], metadata: { n } }))
    await vi.waitFor(async () => expect(await t.queue.counts()).toMatchObject({ queued: 0, running: 0 }))
    const jobs = await Promise.all(handles.map(({ id }) => t.queue.get(id)))
    for (let tenant = 0; tenant < 6; tenant++) {
      const own = jobs.filter((_, n) => n % 6 === tenant)
      const times = own.map((job) => ('startedAt' in job ? job.startedAt : Number.NaN))
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    }
    expect(order).toHaveLength(60)

    const held = setUp({ count: 3 })
    for (let n = 0; n < 12; n++) await held.queue.limited.enqueue(n)
    const { watcher } = await held.start({ concurrency: 10 })
    for (let ended = 0; ended < 12; ended++) {
      await vi.waitFor(() => expect(held.running).toHaveLength(Math.min(2, 12 - ended)))
      held.running[0]!.end()
      await watcher.until('job.succeeded', ended + 1)
    }
  })

  test('cancels, reports and stops in all of them', async () => {
    const t = setUp()
    await t.put(0, 2)
    await t.put(1, 2)
    const { worker, watcher } = await t.start({ concurrency: 4 })
    await vi.waitFor(() => expect([t.of(0), t.of(1)]).toEqual([2, 2]))
    const { jobs } = await t.queue.list({ state: 'running' })
    for (const { id } of jobs.slice(0, 2)) expect(await t.queue.cancel(id)).toEqual({ outcome: 'cancelled' })
    await vi.waitFor(async () => {
      await t.clock.advance(25) // all slots are taken: only then cancels alone are listened to
      expect(watcher.all('job.cancelled')).toHaveLength(2)
    })
    expect(await t.queue.inspect()).toMatchObject({
      workers: [{ running: 2, load: {} }],
      running: [{ worker: worker.health().session && expect.any(String) }, {}],
      tasks: expect.arrayContaining([expect.objectContaining({ task: 'hold', workers: 1 })]),
    })
    const stopping = worker.stop({ timeout: '1m' })
    while (t.running.length > 0) t.running[0]!.end()
    await stopping
    expect(watcher.all('job.succeeded')).toHaveLength(2)
    expect(await t.queue.counts()).toMatchObject({ running: 0, workers: 0 })
  })

  test('whose process is gone is taken over from in all of them', async () => {
    const t = setUp()
    await t.put(0, 2)
    await t.put(1, 2)
    const dead = await t.start({ concurrency: 4, lease: '6s', name: 'dead' })
    await vi.waitFor(() => expect(t.running).toHaveLength(4))
    for (const faults of t.faults) faults.goDown()
    const other = createWorker({
      tasks,
      store: partitionedStore(t.inner),
      clock: t.clock,
      logLevel: 'silent',
      concurrency: 4,
      lease: '6s',
      handlers: { hold: (n) => n, mail: () => {}, limited: () => {}, report: () => {} },
    })
    onTestFinished(() => other.stop({ timeout: 0 }))
    const watcher = new Watcher(other)
    await other.start()
    await vi.waitFor(async () => {
      await t.clock.advance(500)
      expect(watcher.all('job.succeeded')).toHaveLength(4)
    })
    expect(dead.watcher.all('job.succeeded')).toEqual([])
    expect(await t.queue.counts()).toMatchObject({ queued: 0, running: 0 })
  })

  test('fires a schedule once, in its own partition, and its job is found by its id', async () => {
    const t = setUp({ count: 3 })
    const watchers = [await t.start(), await t.start()].map(({ watcher }) => watcher)
    expect(await t.queue.schedules.list()).toHaveLength(1)
    const ended = () => watchers.flatMap((watcher) => watcher.all('job.succeeded'))
    for (const ticks of [1, 2]) {
      const [schedule] = await t.queue.schedules.list()
      await t.clock.advance(schedule!.nextAt - t.clock.now())
      await vi.waitFor(async () => {
        await t.clock.advance(100)
        expect(ended()).toHaveLength(ticks)
      })
    }
    for (const { task: name, id } of ended()) {
      expect(name).toBe('report')
      expect(await t.queue.get(id)).toMatchObject({ state: 'succeeded' })
    }
  })
})
