/** The rhythm of a worker: how few steps it makes, and what it waits for between them. */
import type { StepRequest } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { type Bench, bench, climbing, gate } from './harness.ts'

/** `[settled, claims]` of each step from the n-th on. */
const stepsFrom = (t: Bench, from: number): [settled: number, claim: number][] =>
  t.faults
    .of('step')
    .slice(from)
    .map(([{ settle, claim }]: [StepRequest]) => [settle.length, claim])

/** What the worker waits for, wait by wait. */
const waits = (t: Bench): ('work' | 'cancels')[] =>
  t.faults.of('wait').map(([, { work }]) => (work ? 'work' : 'cancels'))

describe('a step', () => {
  test('settles what has ended together, and claims for every free slot', async () => {
    const t = bench()
    for (let n = 0; n < 250; n++) await t.enqueue('touch')
    const { watcher } = await t.started({}, { concurrency: 100 })
    await watcher.until('job.succeeded', 250)
    expect(stepsFrom(t, 0)).toEqual([
      [0, 100],
      [100, 100],
      [100, 100],
      [50, 100],
    ])
  })

  test('claims at most 100 at once, and the next one claims the rest', async () => {
    const t = bench()
    for (let n = 0; n < 250; n++) await t.enqueue('climb')
    const { worker } = await t.started({ climb: () => gate<string>().promise }, { concurrency: 230 })
    await t.clock.advance(0)
    expect(stepsFrom(t, 0)).toEqual([
      [0, 100],
      [0, 100],
      [0, 30],
    ])
    expect(t.faults.count('wait')).toBe(0) // nobody had to tell it that there is more
    expect(worker.health()).toMatchObject({ running: 230, slots: 230 })
  })

  test('carries at most 100 outcomes', async () => {
    const t = bench()
    const gates = Array.from({ length: 130 }, () => gate<string>())
    let next = 0
    for (const _ of gates) await t.enqueue('climb')
    const { watcher } = await t.started({ climb: () => gates[next++]!.promise }, { concurrency: 130 })
    await watcher.until('job.started', 130)
    await t.clock.advance(0)
    const before = t.faults.count('step')
    for (const { open } of gates) open('up')
    await watcher.until('job.succeeded', 130)
    expect(stepsFrom(t, before).map(([settled]) => settled)).toEqual([100, 30])
  })

  test('carries at most about 8 MiB of results', async () => {
    const t = bench()
    const { watcher } = await t.started({ climb: () => 'x'.repeat(1024 * 1024 - 10) }, { concurrency: 20 })
    await t.clock.advance(0)
    const before = t.faults.count('step')
    await t.store.enqueue(
      Array.from({ length: 20 }, (_, n) => ({
        id: `job-${n}`,
        task: 'climb',
        owner: null,
        input: { json: 'null' },
        options: {},
        delayMs: 0,
        announce: false,
      })),
    )
    await watcher.until('job.succeeded', 20)
    expect(stepsFrom(t, before).map(([settled]) => settled)).toEqual([0, 9, 9, 2])
  })

  test('is never made while another one is under way, and one follows for what came meanwhile', async () => {
    const t = bench()
    const { watcher } = await t.started()
    await t.clock.advance(0)
    const answered = gate()
    let underWay = 0
    let most = 0
    const through = t.faults.through.bind(t.faults)
    t.faults.through = async (act, args, call) => {
      if (act !== 'step') return through(act, args, call)
      most = Math.max(most, (underWay += 1))
      const answer = await through(act, args, call)
      await answered.promise
      underWay -= 1
      return answer
    }
    const first = await t.enqueue('touch')
    await t.clock.advance(0)
    const second = await t.enqueue('touch')
    await t.clock.advance(0)
    answered.open()
    await Promise.all([watcher.untilJob('job.succeeded', first), watcher.untilJob('job.succeeded', second)])
    expect(most).toBe(1)
  })

  test('is made when a delayed job is due, without anybody waking the worker', async () => {
    const t = bench()
    const later = await t.enqueue('greet', {}, { delayMs: 90_000 })
    const sooner = await t.enqueue('greet', {}, { delayMs: 30_000 })
    const { watcher } = await t.started()
    await t.clock.advance(29_999)
    expect(watcher.all('job.received')).toEqual([])
    await t.clock.advance(1)
    await watcher.untilJob('job.succeeded', sooner)
    await t.clock.advance(60_000)
    await watcher.untilJob('job.succeeded', later)
  })

  test('is made for a delayed job that is due even while all slots are taken, so that others can have it', async () => {
    const t = bench()
    await climbing(t, { concurrency: 1 })
    await t.enqueue('greet', {}, { delayMs: 90_000 })
    await t.clock.advance(60_000) // some step has told the worker of it meanwhile
    expect(await t.store.counts()).toMatchObject({ scheduled: 1, queued: 0 })
    await t.clock.advance(30_000)
    expect(await t.store.counts()).toMatchObject({ scheduled: 0, queued: 1 })
  })

  test.each([
    ['an idle', 2],
    ['a full', 1],
  ])('of %s worker is made every 30 s: a sign of life', async (_what, concurrency) => {
    const t = bench()
    const { worker } = await climbing(t, { concurrency })
    await t.clock.advance(25)
    const before = t.faults.count('step')
    await t.clock.advance(300_000)
    expect(t.faults.count('step') - before).toBeGreaterThanOrEqual(9)
    expect(t.faults.count('step') - before).toBeLessThanOrEqual(10)
    expect(t.clock.now() - worker.health().lastStepAt!).toBeLessThanOrEqual(30_000)
  })

  test('names the tasks whose start is announced', async () => {
    const t = bench()
    const { watcher } = await t.started()
    const announced = await t.enqueue('climb')
    const quiet = await t.enqueue('touch')
    await Promise.all([
      watcher.untilJob('job.succeeded', announced),
      watcher.untilJob('job.succeeded', quiet),
    ])
    expect((await t.notices(announced)).map(({ type }) => type)).toEqual(['started', 'succeeded'])
    expect((await t.notices(quiet)).map(({ type }) => type)).toEqual(['succeeded'])
  })
})

describe('a worker waits', () => {
  test('for work while slots are free and the line is empty', async () => {
    const t = bench()
    const { watcher } = await t.started({ climb: () => gate<string>().promise }, { concurrency: 2 })
    await t.enqueue('climb')
    await watcher.until('job.started')
    await t.clock.advance(100)
    expect(new Set(waits(t))).toEqual(new Set(['work']))
  })

  test('for cancels alone once all slots have been taken for 25 ms', async () => {
    const t = bench()
    const { watcher } = await t.started({ climb: () => gate<string>().promise }, { concurrency: 1 })
    await t.enqueue('climb')
    await watcher.until('job.started')
    await t.clock.advance(0)
    const before = waits(t).length
    await t.clock.advance(24)
    expect(waits(t).slice(before)).toEqual([])
    await t.clock.advance(1)
    expect(waits(t).slice(before)).toEqual(['cancels'])
  })

  test('for nothing while jobs are shorter than that', async () => {
    const t = bench()
    let step = gate<string>()
    const { watcher } = await t.started({ climb: () => step.promise }, { concurrency: 1 })
    await t.clock.advance(0)
    const before = waits(t).length
    for (let n = 0; n < 4; n++) await t.enqueue('climb')
    for (let n = 1; n <= 3; n++) {
      await watcher.until('job.started', n)
      await t.clock.advance(20)
      const done = step
      step = gate<string>()
      done.open('up')
    }
    await watcher.until('job.started', 4)
    expect(waits(t).slice(before)).toEqual([])
  })

  test('for work again as soon as a slot is free and nothing is in line', async () => {
    const t = bench()
    const top = gate<string>()
    const { watcher } = await t.started({ climb: () => top.promise }, { concurrency: 1 })
    const id = await t.enqueue('climb')
    await watcher.until('job.started')
    await t.clock.advance(0)
    await t.clock.advance(25)
    top.open('up')
    await watcher.untilJob('job.succeeded', id)
    await t.clock.advance(0)
    expect(waits(t).slice(-2)).toEqual(['cancels', 'work'])
    await watcher.untilJob('job.succeeded', await t.enqueue('greet', {}))
  })

  test('on one wait at a time', async () => {
    const t = bench()
    let underWay = 0
    let most = 0
    const through = t.faults.through.bind(t.faults)
    t.faults.through = async (act, args, call) => {
      if (act !== 'wait') return through(act, args, call)
      most = Math.max(most, (underWay += 1))
      return through(act, args, call).finally(() => (underWay -= 1))
    }
    const gates = Array.from({ length: 20 }, () => gate<string>())
    let next = 0
    const { watcher } = await t.started({ climb: () => gates[next++]!.promise }, { concurrency: 2 })
    for (const [n, { open }] of gates.entries()) {
      await t.enqueue('climb')
      await watcher.until('job.started', n + 1)
      await t.clock.advance(n % 3 === 0 ? 30 : 0)
      if (n > 0) gates[n - 1]!.open('up')
      if (n === gates.length - 1) open('up')
      await t.clock.advance(n % 2 === 0 ? 26 : 0)
    }
    await watcher.until('job.succeeded', 20)
    expect(most).toBe(1)
  })

  test('does not keep a wake-up that another worker needs: what a full worker cannot run, an idle one does', async () => {
    const t = bench()
    const full = await t.started({ climb: () => gate<string>().promise }, { concurrency: 1, name: 'full' })
    await t.enqueue('climb')
    await full.watcher.until('job.started')
    await t.clock.advance(30)
    const idle = await t.started({}, { name: 'idle' })
    await t.clock.advance(0)
    for (let n = 1; n <= 5; n++) {
      await t.enqueue('greet', {})
      await idle.watcher.until('job.succeeded', n)
    }
  })
})
