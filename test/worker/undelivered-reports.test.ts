/** Reports that do not arrive: kept, overtaken, or dropped with their job. */
import { expect, test } from 'vitest'
import { bench, gate } from './harness.ts'
import { type Progress, reporting, told } from './reporting.ts'

test('reports that could not be delivered are delivered later, the newest of them', async () => {
  const t = bench()
  const { id, progress } = await reporting(t)
  t.faults.plan('progress', 'refused')
  progress({ step: 1 })
  await t.clock.advance(0)
  expect(await told(t, id)).toEqual([])
  progress({ step: 2 })
  await t.clock.advance(1_000)
  expect(await told(t, id)).toEqual(['progress 2'])
})

test('a report that fails while a newer one waits is forgotten', async () => {
  const t = bench()
  const failing = gate()
  const { id, progress } = await reporting(t)
  const through = t.faults.through.bind(t.faults)
  t.faults.through = async (act, args, call) => {
    if (act !== 'progress' || t.faults.count('progress') > 0) return through(act, args, call)
    t.faults.plan('progress', 'refused')
    try {
      return await through(act, args, call)
    } finally {
      await failing.promise
    }
  }
  progress({ step: 1 })
  await t.clock.advance(0)
  progress({ step: 2 })
  failing.open()
  await t.clock.advance(0)
  await t.clock.advance(1_000)
  expect(await told(t, id)).toEqual(['progress 2'])
})

test('reports that were made while the store was gone go out when it is back', async () => {
  const t = bench()
  const { id, watcher, progress } = await reporting(t)
  t.faults.goDown()
  await watcher.until('worker.disconnected')
  progress({ step: 1 })
  await t.clock.advance(2_000)
  progress({ step: 2 })
  await t.clock.advance(0)
  t.faults.comeBack()
  await t.clock.advance(5_000)
  await watcher.until('worker.rejoined')
  expect(await told(t, id)).toEqual(['progress 2'])
})

test('a report that could not be delivered comes with the outcome', async () => {
  const t = bench()
  const { id, watcher, top, progress } = await reporting(t)
  t.faults.plan('progress', 'refused')
  progress({ step: 1 })
  await t.clock.advance(0)
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['progress 1', 'succeeded'])
})

test('the store says that the hold is gone when it gets a report: the handler is told', async () => {
  const t = bench()
  const signals: AbortSignal[] = []
  const reporters: Progress[] = []
  const { worker, watcher } = await t.started({
    climb: (_input, { progress, signal }) => {
      reporters.push(progress)
      signals.push(signal)
      return gate<string>().promise
    },
  })
  const id = await t.enqueue('climb')
  await watcher.until('job.started')
  await t.store.leave(worker.health().session!) // as if somebody had reaped it
  reporters[0]?.({ step: 1 })
  await watcher.untilJob('job.lost', id)
  expect(signals[0]?.reason).toEqual({ type: 'lease_lost' })
})
