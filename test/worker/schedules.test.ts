/** Schedules beside their tasks: declared, reconciled, fired. */
import { defineTasks, type ScheduleTiming, task, type TaskSchedule } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Faults, faultyStore } from './faulty-store.ts'
import { gate } from './harness.ts'
import { life } from './life.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const withSchedules = (...schedule: TaskSchedule<undefined>[]) =>
  defineTasks({ retrain: task({ schedule }), other: task() })
const idle = { retrain: () => {}, other: () => {} }

const names = async (t: { queue: { schedules: { list(): Promise<{ name: string }[]> } } }) =>
  (await t.queue.schedules.list()).map(({ name }) => name)

describe('a worker that starts', () => {
  test('adds what its tasks declare, changes what has changed, and takes away what is gone', async () => {
    const t = life(withSchedules({ every: '1h' }))
    await t.start(idle, { tasks: withSchedules({ every: '1h' }, { name: 'nightly', cron: '0 3 * * *' }) })
    expect(await names(t)).toEqual(['nightly', 'retrain'])
    const before = await t.queue.schedules.list()
    await t.clock.advance(60_000)
    await t.start(idle, { tasks: withSchedules({ every: '1h' }, { name: 'nightly', cron: '0 3 * * *' }) })
    expect(await t.queue.schedules.list()).toEqual(before)
    await t.start(idle, { tasks: withSchedules({ every: '2h' }) })
    expect(await t.queue.schedules.list()).toMatchObject([
      { name: 'retrain', everyMs: 2 * HOUR, source: 'code' },
    ])
    await t.start(idle, { tasks: withSchedules() })
    expect(await names(t)).toEqual([])
  })

  test('leaves alone what users added, and what others declare for tasks that it does not know', async () => {
    const t = life(withSchedules({ every: '1h' }))
    await t.queue.schedules.add('by hand', t.queue.retrain.call(), { every: '1h' })
    await t.start(idle)
    const service = defineTasks({ bill: task({ schedule: { every: '1d' } }) })
    await t.start({ bill: () => {} }, { tasks: service })
    await t.start(idle, { tasks: withSchedules() })
    expect(await names(t)).toEqual(['bill', 'by hand'])
  })

  test('refuses input that the schema refuses, at once or when it starts', async () => {
    const wrong = { every: '1h', input: 'x' as never } as const
    expect(() => task({ input: z.number(), schedule: wrong })).toThrow('is not valid')
    const slow = z.number().refine(async (n) => n > 0, 'too small')
    const tasks = defineTasks({ slow: task({ input: slow, schedule: { every: '1h', input: -1 } }) })
    const t = life(tasks)
    await expect(t.start({ slow: () => {} })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(await names(t)).toEqual([])
  })

  test('cannot be made with a calendar that has no such day', async () => {
    const t = life(defineTasks({ a: task() }))
    const tasks = defineTasks({ never: task({ schedule: { cron: '0 0 30 2 *' } }) })
    await expect(t.start({ never: () => {} }, { tasks })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})

describe('a tick', () => {
  /** In a queue of its own, as services that share a store have. */
  const timed = (schedule: ScheduleTiming) =>
    defineTasks({
      report: task({
        input: z.string(),
        queue: 'reports',
        schedule: { ...schedule, input: 'daily' } as never,
      }),
    })

  test('is fired once, however many workers there are, with the input that was declared', async () => {
    const t = life(timed({ every: '1m' }))
    const inputs: string[] = []
    for (let n = 0; n < 5; n++) await t.start({ report: (input) => void inputs.push(input) })
    await t.clock.advance(3 * MINUTE)
    expect(inputs).toEqual(['daily', 'daily', 'daily'])
  })

  test('goes by the clock of its zone, on the nights too on which clocks are turned', async () => {
    const night = async (day: string) => {
      const t = life(timed({ cron: '30 2 * * *', tz: 'Europe/Berlin' }), Date.parse(`${day}T00:00:00Z`))
      const at: string[] = []
      await t.start({ report: () => void at.push(new Date(t.clock.now()).toISOString()) })
      await t.clock.advance(3 * HOUR)
      return at
    }
    expect(await night('2026-03-28')).toEqual(['2026-03-28T01:30:00.000Z'])
    expect(await night('2026-03-29')).toEqual(['2026-03-29T01:00:00.000Z']) // half past two was left out
    expect(await night('2026-03-30')).toEqual(['2026-03-30T00:30:00.000Z'])
    expect(await night('2026-10-25')).toEqual(['2026-10-25T00:30:00.000Z']) // and here it came twice
    expect(await night('2026-10-26')).toEqual(['2026-10-26T01:30:00.000Z'])
  })

  test('passes while the job of an earlier one runs, or replaces it, or stands beside it', async () => {
    const long = (overlap: 'skip' | 'replace' | 'allow') =>
      defineTasks({ report: task({ timeLimit: '1d', schedule: { every: '1h', overlap } }) })
    for (const [overlap, starts] of [
      ['skip', 1],
      ['replace', 3],
      ['allow', 3],
    ] as const) {
      const t = life(long(overlap))
      const end = gate()
      let running = 0
      let started = 0
      await t.start({
        report: async (_input, { signal }) => {
          started += 1
          running += 1
          signal.addEventListener('abort', () => (running -= 1))
          await end.promise
        },
      })
      for (let n = 0; n < 3; n++) await t.clock.advance(HOUR)
      expect([overlap, started, running]).toEqual([overlap, starts, overlap === 'allow' ? 3 : 1])
      end.open()
    }
  })

  test('for which nobody was there is made up for once, or not, or as often as it was missed', async () => {
    for (const [missed, runs] of [
      ['skip', 0],
      ['once', 1],
      ['all', 5],
    ] as const) {
      const t = life(timed({ every: '1h', missed, overlap: 'allow' }))
      const first = await t.start({ report: () => {} })
      await first.stop()
      await t.clock.advance(5 * HOUR + 120_000)
      let count = 0
      await t.start({ report: () => void (count += 1) })
      await t.clock.advance(0)
      expect([missed, count]).toEqual([missed, runs])
      await t.clock.advance(HOUR)
      expect([missed, count]).toEqual([missed, runs + 1])
    }
  })

  test('of a task that one worker does not know is fired by it for those that do', async () => {
    const t = life(timed({ every: '1m' }))
    let count = 0
    await t.start({ report: () => void (count += 1) })
    const others = defineTasks({ other: task() })
    for (let n = 0; n < 4; n++) await t.start({ other: () => {} }, { tasks: others })
    await t.clock.advance(10 * MINUTE)
    expect(count).toBe(10)
  })

  test('of a task that nobody knows waits for a worker that does, and is made up for then', async () => {
    const t = life(timed({ every: '1h', missed: 'all', overlap: 'allow' }))
    const first = await t.start({ report: () => {} })
    await first.stop()
    await t.start({ other: () => {} }, { tasks: defineTasks({ other: task() }) })
    await t.clock.advance(3 * HOUR)
    let count = 0
    await t.start({ report: () => void (count += 1) })
    await t.clock.advance(5_000)
    expect(count).toBe(3)
  })

  test('of a task that nobody has known for a day takes its schedule with it, unless a user added that', async () => {
    const t = life(timed({ every: '1h' }))
    const known = await t.start({ report: () => {} })
    await t.queue.schedules.add('by hand', t.queue.report.call('x'), { every: '1h' })
    await known.stop()
    await t.start({ other: () => {} }, { tasks: defineTasks({ other: task() }) })
    await t.clock.advance(DAY)
    expect(await names(t)).toEqual(['by hand', 'report'])
    await t.clock.advance(2 * HOUR)
    expect(await names(t)).toEqual(['by hand'])
    await t.start({ report: () => {} })
    expect(await names(t)).toEqual(['by hand', 'report'])
  })
})

test('a worker that comes back after trouble puts back what is gone, and changes nothing', async () => {
  const tasks = withSchedules({ every: '1h' }, { name: 'nightly', cron: '0 3 * * *' })
  const t = life(tasks)
  const faults = new Faults()
  await t.start(idle, { store: faultyStore(t.store, faults, t.clock) })
  await t.queue.schedules.remove('nightly')
  await t.queue.schedules.add('retrain', t.queue.retrain.call(), { every: '2h' })
  faults.goDown()
  await t.queue.other.enqueue()
  await t.clock.advance(20_000)
  faults.comeBack()
  await t.clock.advance(20_000)
  expect(await t.queue.schedules.list()).toMatchObject([
    { name: 'nightly' },
    { name: 'retrain', everyMs: 2 * HOUR },
  ])
})
