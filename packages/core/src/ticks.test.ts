import { describe, expect, test } from 'vitest'
import type { StoredSchedule } from './schedule.ts'
import type { Missed, SchedulePlan, Timing } from './schedule-plan.ts'
import { newJobId } from './id.ts'
import { fireRequest } from './ticks.ts'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 21, 12)

function schedule(plan: Partial<SchedulePlan>, nextAt: number): StoredSchedule {
  const spec: SchedulePlan = {
    v: 1,
    timing: { everyMs: HOUR },
    overlap: 'allow',
    missed: 'once',
    announce: false,
    ...plan,
  }
  const job = { task: 'report', owner: null, input: { json: '7' }, options: { priority: 3 } }
  return { name: 'hourly', job, spec: JSON.stringify(spec), source: 'code', nextAt }
}

const fired = (missed: Missed, lateMs: number, timing: Timing = { everyMs: HOUR }) => {
  const { jobs, nextAt } = fireRequest(
    { schedule: schedule({ missed, timing }, NOON), now: NOON + lateMs },
    newJobId,
  )
  return [jobs.length, nextAt]
}

describe('a tick that is fired in time', () => {
  test('makes one job, whatever is done about missed ones, and says when the next one is', () => {
    for (const missed of ['skip', 'once', 'all'] as const) expect(fired(missed, 10)).toEqual([1, NOON + HOUR])
  })

  test('makes the job of the schedule, with all that the plan says, under a new id each time', () => {
    const unique = [{ type: 'alone', name: 'x', onBusy: 'return' }] as const
    const due = {
      schedule: schedule({ announce: true, isLast: true, expiresMs: 5, unique }, NOON),
      now: NOON,
    }
    const [first, second] = [fireRequest(due, newJobId), fireRequest(due, newJobId)]
    expect(first).toMatchObject({ name: 'hourly', at: NOON })
    expect(first.jobs).toEqual([
      {
        id: expect.any(String),
        task: 'report',
        owner: null,
        input: { json: '7' },
        options: { priority: 3 },
        delayMs: 0,
        announce: true,
        isLast: true,
        expiresMs: 5,
        unique,
      },
    ])
    expect(second.jobs[0]!.id).not.toBe(first.jobs[0]!.id)
  })
})

describe('ticks that were missed', () => {
  test('are let go, or made up for once, or one by one', () => {
    const late = 5 * HOUR + 120_000
    expect(fired('skip', late)).toEqual([0, NOON + 6 * HOUR])
    expect(fired('once', late)).toEqual([1, NOON + 6 * HOUR])
    expect(fired('all', late)).toEqual([6, NOON + 6 * HOUR])
  })

  test('do not take the one with them that is due now', () => {
    expect(fired('skip', 5 * HOUR + 1_000)).toEqual([1, NOON + 6 * HOUR])
  })

  test('are made up for by a hundred jobs at most', () => {
    expect(fired('all', 1_000 * HOUR)).toEqual([100, NOON + 1_001 * HOUR])
  })

  test('are counted by the calendar, too', () => {
    const timing: Timing = { cron: '0 * * * *', tz: 'Europe/Berlin' }
    expect(fired('all', 2 * HOUR + 120_000, timing)).toEqual([3, NOON + 3 * HOUR])
  })
})

test('a plan of a newer version is left to newer workers', () => {
  const newer = { ...schedule({}, NOON), spec: JSON.stringify({ v: 2 }) }
  expect(() => fireRequest({ schedule: newer, now: NOON }, newJobId)).toThrow('version 2')
})
