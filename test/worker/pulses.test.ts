/** What a worker says of itself while it works, and that it is silent while nothing changes. */
import { queueOver } from '@lovage/core'
import { expect, test } from 'vitest'
import { bench, climbing } from './harness.ts'
import { tasks as contract } from './tasks.ts'

const PULSE_MS = 5_000

/** What operators see by now. */
const seen = ({ store }: ReturnType<typeof bench>) => queueOver(contract, store).inspect()

test('a worker says what it is when it joins', async () => {
  const t = bench()
  const { worker } = await t.started({}, { concurrency: 3, name: 'red' })
  const { workers } = await seen(t)
  expect(workers).toMatchObject([
    {
      session: worker.health().session,
      info: {
        name: 'red',
        pid: process.pid,
        slots: 3,
        startedAt: t.clock.now(),
        tasks: ['greet', 'touch', 'climb', 'mail.send'],
      },
    },
  ])
})

test('how it does is known at once, then every few seconds as long as something changes', async () => {
  const t = bench()
  const { id, top, watcher } = await climbing(t)
  await t.clock.advance(PULSE_MS)
  const during = await seen(t)
  expect(during.workers).toMatchObject([{ running: 1, load: { used: 1, unsettled: 0, abandoned: 0 } }])
  expect(during.running).toMatchObject([{ id, worker: during.workers[0]!.info!.name, ageMs: PULSE_MS }])
  top.open('there')
  await watcher.untilJob('job.succeeded', id)
  await t.clock.advance(PULSE_MS)
  const after = await seen(t)
  expect(after.workers).toMatchObject([{ running: 0, load: { used: 0 } }])
  const climb = after.tasks.find(({ task }) => task === 'climb')!
  expect(climb).toMatchObject({ workers: 1, recent: { succeeded: 1 }, total: { succeeded: 1 } })
  expect(climb.recent.runMs).toMatchObject({ max: PULSE_MS, mean: PULSE_MS })
})

test('an idle worker is silent, once it has said that what was of late is history', async () => {
  const t = bench()
  const { watcher } = await t.started()
  await watcher.untilJob('job.succeeded', await t.enqueue('touch'))
  await t.clock.advance(180_000)
  const { tasks } = await seen(t)
  expect(tasks.find(({ task }) => task === 'touch')).toMatchObject({
    recent: { succeeded: 0, perSecond: 0, runMs: null },
    total: { succeeded: 1, runMs: { p50: 0 } },
  })
  const said = t.faults.count('pulse')
  expect(said).toBe(3) // joined, one job, none any more
  await t.clock.advance(3_600_000)
  expect(t.faults.count('pulse')).toBe(said)
})

test('what ended within about a minute is of late, and counts for each second of it', async () => {
  const t = bench()
  const { watcher } = await t.started()
  for (let second = 0; second < 120; second++) {
    await watcher.untilJob('job.succeeded', await t.enqueue('touch'))
    await t.clock.advance(1_000)
  }
  const touch = (await seen(t)).tasks.find(({ task }) => task === 'touch')!
  expect(touch.total.succeeded).toBe(120)
  expect(touch.recent.succeeded).toBeGreaterThanOrEqual(60)
  expect(touch.recent.succeeded).toBeLessThanOrEqual(70)
  expect(touch.recent.perSecond).toBeCloseTo(1, 1)
})

test('every end is counted as what it was', async () => {
  const t = bench()
  let tries = 0
  const { watcher } = await t.started({
    touch: () => {
      tries += 1
      if (tries === 1) throw new Error('once')
    },
    greet: () => 1 as unknown as string,
    climb: (_input, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  })
  const touched = await t.enqueue('touch')
  await watcher.untilJob('job.retrying', touched)
  await t.clock.advance(60_000)
  await watcher.untilJob('job.succeeded', touched)
  await watcher.untilJob('job.failed', await t.enqueue('greet', { name: 'Ada' }))
  const climb = await t.enqueue('climb')
  await watcher.untilJob('job.started', climb)
  await t.store.cancel({ id: climb, by: null, reason: null, ttlMs: 1_000 })
  await watcher.untilJob('job.cancelled', climb)
  await t.clock.advance(PULSE_MS)
  const totals = Object.fromEntries((await seen(t)).tasks.map(({ task, total }) => [task, total]))
  const none = { succeeded: 0, failed: 0, retrying: 0, cancelled: 0, lost: 0 }
  expect(totals['touch']).toMatchObject({ ...none, succeeded: 1, retrying: 1 })
  expect(totals['greet']).toMatchObject({ ...none, failed: 1 })
  expect(totals['climb']).toMatchObject({ ...none, cancelled: 1, runMs: null })
  expect(totals['mail.send']).toMatchObject({ ...none, runMs: null })
})

test('a pulse that the store does not take disturbs nobody, and what it said is said again', async () => {
  const t = bench()
  const { watcher } = await t.started()
  t.faults.plan('pulse', 'refused')
  await watcher.untilJob('job.succeeded', await t.enqueue('touch'))
  await t.clock.advance(2 * PULSE_MS)
  expect((await seen(t)).tasks.find(({ task }) => task === 'touch')).toMatchObject({
    recent: { succeeded: 1 },
  })
  expect(watcher.told.map(({ name }) => name)).not.toContain('worker.disconnected')
})
