import { expect, test } from 'vitest'
import { inspectionOf, type Pulse } from './inspect.ts'

test('two workers are one table: their counts are added and their durations merged', () => {
  const pulse = (bucket: number, count: number): Pulse => {
    const ended = { succeeded: count, failed: 0, retrying: 0, cancelled: 0, lost: 0 }
    const tally = { ...ended, run: { sum: bucket * count, max: bucket, buckets: [bucket, count] } }
    return {
      used: 0,
      unsettled: 0,
      abandoned: 0,
      rssBytes: 1,
      windowMs: 60_000,
      tasks: { score: { recent: tally, total: tally } },
    }
  }
  const session = (name: string, said: Pulse, at: number) => ({
    session: name,
    leaseUntil: 200_000,
    running: 0,
    info: null,
    pulse: { at, pulse: said },
  })
  const sessions = [session('s1', pulse(10, 90), 100_000), session('s2', pulse(30, 10), 100_000)]
  const counts = { waiting: 0, queued: 0, scheduled: 0, retrying: 0, running: 0, workers: 2 }
  const { tasks } = inspectionOf({ at: 100_001, sessions, running: [] }, counts, [])
  expect(tasks).toMatchObject([
    {
      task: 'score',
      recent: {
        succeeded: 100,
        perSecond: 100 / 60,
        runMs: { p50: 10, p90: 10, p99: 30, max: 30, mean: 12 },
      },
    },
  ])
  // One that has not spoken for longer than its minute has nothing to say about this one.
  const late = [session('s1', pulse(10, 90), 39_000), sessions[1]!]
  expect(inspectionOf({ at: 100_001, sessions: late, running: [] }, counts, []).tasks).toMatchObject([
    { recent: { succeeded: 10 }, total: { succeeded: 100 } },
  ])
})

test('a queue is there while somebody waits in it or serves it, with the slots of all who do', () => {
  const info = { name: 'a', host: 'h', pid: 1, version: '1', tasks: [], slots: 4, startedAt: 0 }
  const serving = (session: string, ...queues: string[]) => ({
    session,
    leaseUntil: 9,
    running: 0,
    info: { ...info, queues },
    pulse: null,
  })
  const sessions = [serving('s1', 'default', 'mail'), serving('s2', 'mail')]
  const counts = { waiting: 0, queued: 3, scheduled: 0, retrying: 0, running: 0, workers: 2 }
  const depths = [
    { queue: 'mail', queued: 2, oldestAt: 400 },
    { queue: 'forgotten', queued: 1, oldestAt: null },
  ]
  expect(inspectionOf({ at: 1_000, sessions, running: [] }, counts, depths).queues).toEqual([
    { queue: 'default', queued: 0, oldestMs: null, workers: 1, slots: 4 },
    { queue: 'forgotten', queued: 1, oldestMs: null, workers: 0, slots: 0 },
    { queue: 'mail', queued: 2, oldestMs: 600, workers: 2, slots: 8 },
  ])
})
