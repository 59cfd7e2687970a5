/** Progress reports: at once, then at a bounded rate, the last one before the outcome. */
import { decode, defineTasks, type Schema, task } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { bench, gate } from './harness.ts'
import { type Progress, reporting, told } from './reporting.ts'
import { Watcher } from './watcher.ts'

test('a first report goes out at once', async () => {
  const t = bench()
  const { id, progress } = await reporting(t)
  progress({ step: 1 })
  await t.clock.advance(0)
  expect(await told(t, id)).toEqual(['progress 1'])
  expect(await t.job(id)).toMatchObject({ state: 'running', progress: { json: '{"step":1}' } })
})

test('later ones go out at most every 100 ms, and the newest wins', async () => {
  const t = bench()
  const { id, progress } = await reporting(t)
  progress({ step: 1 })
  await t.clock.advance(0)
  for (let step = 2; step <= 50; step++) progress({ step })
  await t.clock.advance(99)
  expect(await told(t, id)).toEqual(['progress 1'])
  await t.clock.advance(1)
  expect(await told(t, id)).toEqual(['progress 1', 'progress 50'])
})

test('a report after a quiet time goes out at once again', async () => {
  const t = bench()
  const { id, progress } = await reporting(t)
  progress({ step: 1 })
  await t.clock.advance(5_000)
  progress({ step: 2 })
  await t.clock.advance(0)
  expect(await told(t, id)).toEqual(['progress 1', 'progress 2'])
})

test('what has not gone out when the handler ends comes just before the outcome', async () => {
  const t = bench()
  const { id, watcher, top, progress } = await reporting(t)
  progress({ step: 1 })
  await t.clock.advance(0)
  progress({ step: 2 })
  progress({ step: 3 })
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['progress 1', 'progress 3', 'succeeded'])
})

test('a report in the same turn as the end is neither lost nor told twice', async () => {
  const t = bench()
  const { watcher } = await t.started({
    climb: (_input, { progress }) => {
      progress({ step: 1 })
      return 'there'
    },
  })
  const id = await t.enqueue('climb')
  await watcher.untilJob('job.succeeded', id)
  await t.clock.advance(1_000)
  expect(await told(t, id)).toEqual(['progress 1', 'succeeded'])
})

test('a report that is under way when the handler ends is told once', async () => {
  const t = bench()
  const answered = gate()
  const { id, watcher, top, progress } = await reporting(t)
  const through = t.faults.through.bind(t.faults)
  t.faults.through = async (act, args, call) => {
    const answer = await through(act, args, call)
    if (act === 'progress') await answered.promise
    return answer
  }
  progress({ step: 1 })
  await t.clock.advance(0)
  top.open('done')
  await t.clock.advance(0)
  expect(t.faults.count('progress')).toBe(1)
  expect(await t.job(id)).toMatchObject({ state: 'running' })
  answered.open()
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['progress 1', 'succeeded'])
})

test('the reports of all jobs that are due go out in one call', async () => {
  const t = bench()
  const reporters: Progress[] = []
  const { watcher } = await t.started({
    climb: (_input, { progress }) => {
      reporters.push(progress)
      return gate<string>().promise
    },
  })
  for (let n = 0; n < 5; n++) await t.enqueue('climb')
  await watcher.until('job.started', 5)
  for (const progress of reporters) progress({ step: 1 })
  await t.clock.advance(0)
  expect(t.faults.of('progress').map(([, reports]) => reports.length)).toEqual([5])
})

test('more than a hundred reports go out in several calls, one at a time', async () => {
  const t = bench()
  const reporters: Progress[] = []
  const { watcher } = await t.started(
    {
      climb: (_input, { progress }) => {
        reporters.push(progress)
        return gate<string>().promise
      },
    },
    { concurrency: 150 },
  )
  for (let n = 0; n < 150; n++) await t.enqueue('climb')
  await watcher.until('job.started', 150)
  for (const progress of reporters) progress({ step: 1 })
  await t.clock.advance(0)
  expect(t.faults.of('progress').map(([, reports]) => reports.length)).toEqual([100, 50])
})

test('what the schema refuses is dropped, with one warning for each attempt', async () => {
  const t = bench()
  const { id, watcher, top, progress } = await reporting(t)
  progress({ step: 'one' } as unknown as { step: number })
  progress({ step: 'two' } as unknown as { step: number })
  progress({ step: 3 })
  await t.clock.advance(0)
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  expect(watcher.all('job.report_refused')).toMatchObject([
    { id, why: expect.stringMatching(/^step: /) as string },
  ])
  expect(await told(t, id)).toEqual(['progress 3', 'succeeded'])
})

test('a report of a task that has none is dropped with a warning', async () => {
  const t = bench()
  const { watcher } = await t.started({ touch: (_input, { progress }) => progress(1 as never) })
  const id = await t.enqueue('touch')
  await watcher.untilJob('job.succeeded', id)
  expect(watcher.all('job.report_refused')).toMatchObject([{ id, why: 'the task has no progress schema' }])
})

test('a report above 64 KiB is dropped with a warning', async () => {
  const t = bench()
  const wide = defineTasks({ wide: task({ progress: z.string() }) })
  const worker = createWorker({
    tasks: wide,
    store: t.store,
    clock: t.clock,
    logLevel: 'silent',
    handlers: {
      wide: (_input, { progress }) => {
        progress('x'.repeat(65_534))
        progress('x'.repeat(65_535))
      },
    },
  })
  const watcher = new Watcher(worker)
  await worker.start()
  const id = await t.enqueue('wide')
  await watcher.untilJob('job.succeeded', id)
  await worker.stop()
  expect(watcher.all('job.report_refused')).toMatchObject([
    { why: 'it has 65537 bytes; at most 65536 are allowed' },
  ])
  const [notice] = await t.notices(id)
  expect((decode(notice!.data!) as string).length).toBe(65_534)
})

test('a schema that takes its time keeps the order, and the last report still comes before the outcome', async () => {
  const t = bench()
  const checks: (() => void)[] = []
  const step: Schema<{ step: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        new Promise((resolve) => checks.push(() => resolve({ value: value as { step: number } }))),
    },
  }
  const slow = defineTasks({ slow: task({ progress: step }) })
  const worker = createWorker({
    tasks: slow,
    store: t.store,
    clock: t.clock,
    logLevel: 'silent',
    handlers: {
      slow: (_input, { progress }) => {
        for (const n of [1, 2, 3]) progress({ step: n })
      },
    },
  })
  const watcher = new Watcher(worker)
  await worker.start()
  const id = await t.enqueue('slow')
  await watcher.until('job.started')
  await t.clock.advance(0)
  expect(await t.job(id)).toMatchObject({ state: 'running' })
  checks.shift()?.()
  await t.clock.advance(0)
  checks.shift()?.()
  await watcher.untilJob('job.succeeded', id)
  await worker.stop()
  expect(checks).toEqual([]) // 2 was overtaken by 3 while 1 was being checked
  expect(await told(t, id)).toEqual(['progress 1', 'progress 3', 'succeeded'])
})

test('nothing more of a cancelled job goes out', async () => {
  const t = bench()
  const { id, watcher, progress } = await reporting(t)
  progress({ step: 1 })
  await t.clock.advance(0)
  progress({ step: 2 })
  await t.store.cancel({ id, by: null, reason: null, ttlMs: 60_000 })
  await watcher.untilJob('job.cancelled', id)
  progress({ step: 3 })
  await t.clock.advance(1_000)
  expect(t.faults.count('progress')).toBe(1)
})

test('a report after the end is dropped', async () => {
  const t = bench()
  const { id, watcher, top, progress } = await reporting(t)
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  progress({ step: 9 })
  await t.clock.advance(1_000)
  expect(t.faults.count('progress')).toBe(0)
})

test('a schema that never answers costs the report, and not the outcome', async () => {
  const t = bench()
  const never: Schema<number> = {
    '~standard': { version: 1, vendor: 'test', validate: () => new Promise(() => {}) },
  }
  const silent = defineTasks({ silent: task({ progress: never }) })
  const worker = createWorker({
    tasks: silent,
    store: t.store,
    clock: t.clock,
    logLevel: 'silent',
    handlers: { silent: (_input, { progress }) => progress(1) },
  })
  const watcher = new Watcher(worker)
  await worker.start()
  const id = await t.enqueue('silent')
  await watcher.until('job.started')
  await t.clock.advance(0)
  await t.clock.advance(5_000)
  await watcher.untilJob('job.succeeded', id)
  expect(worker.health()).toMatchObject({ running: 0, abandoned: 0 })
  await worker.stop()
})
