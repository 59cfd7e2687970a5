import { Cron } from 'croner'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { nextTick, ticksUntil } from './calendar.ts'
import type { Timing } from './schedule-plan.ts'

const at = (text: string): number => Date.parse(text)
const shown = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** The first ticks after a moment. */
function ticks(timing: Timing, from: string, count: number): (string | null)[] {
  const found: (string | null)[] = []
  for (let ms: number | null = at(from); found.length < count && ms !== null;) {
    ms = nextTick(timing, ms)
    found.push(shown(ms))
  }
  return found
}

const berlin = (cron: string): Timing => ({ cron, tz: 'Europe/Berlin' })

describe('the next tick', () => {
  test('of an interval is the next full multiple since 1970, wherever one asks', () => {
    expect(ticks({ everyMs: 3_600_000 }, '2026-11-21T10:59:59.999Z', 2)).toEqual([
      '2026-11-21T11:00:00.000Z',
      '2026-11-21T12:00:00.000Z',
    ])
    expect(ticks({ everyMs: 3_600_000 }, '2026-11-21T11:00:00.000Z', 1)).toEqual(['2026-11-21T12:00:00.000Z'])
  })

  test('of a cron expression is by the clock of its zone', () => {
    expect(ticks({ cron: '0 3 * * *', tz: 'UTC' }, '2026-11-21T03:00:00Z', 1)).toEqual([
      '2026-11-22T03:00:00.000Z',
    ])
    expect(ticks(berlin('0 3 * * *'), '2026-11-21T00:00:00Z', 1)).toEqual(['2026-11-21T02:00:00.000Z'])
    expect(ticks(berlin('0 3 * * *'), '2026-07-21T00:00:00Z', 1)).toEqual(['2026-07-21T01:00:00.000Z'])
    expect(ticks(berlin('*/10 * * * * *'), '2026-07-21T00:00:00Z', 1)).toEqual(['2026-07-21T00:00:10.000Z'])
  })

  test('runs once on the night in which its hour is left out, at the end of the gap', () => {
    expect(ticks(berlin('30 2 * * *'), '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z', // there is no half past two: it is three
      '2026-03-30T00:30:00.000Z',
    ])
  })

  test('runs once on the night in which its hour comes twice', () => {
    expect(ticks(berlin('30 2 * * *'), '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  test('of every half hour comes every half hour, whatever clocks do', () => {
    for (const from of ['2026-10-24T23:10:00Z', '2026-03-28T23:10:00Z']) {
      const found = ticks(berlin('*/30 * * * *'), from, 12).map((text) => at(text as string))
      expect(found.slice(1).map((ms, n) => ms - (found[n] as number))).toEqual(Array(11).fill(1_800_000))
    }
  })
})

describe('the ticks that have passed', () => {
  test('are the newest ones, the first included, oldest first', () => {
    const now = at('2026-11-21T12:30:00Z')
    const hourly: Timing = { everyMs: 3_600_000 }
    const expected = ['2026-11-21T11:00:00.000Z', '2026-11-21T12:00:00.000Z']
    expect(ticksUntil(hourly, at('2026-11-21T03:00:00Z'), now, 2).map(shown)).toEqual(expected)
    expect(
      ticksUntil({ cron: '0 * * * *', tz: 'UTC' }, at('2026-11-21T03:00:00Z'), now, 2).map(shown),
    ).toEqual(expected)
    expect(ticksUntil(hourly, at('2026-11-21T12:00:00Z'), now, 100)).toHaveLength(1)
    expect(ticksUntil(hourly, at('2026-11-21T03:00:00Z'), now, 100)).toHaveLength(10)
  })
})

/** A tick each second that nobody looked at for a year was counted all along: a worker that came back did so for minutes. */
describe('the newest ticks', () => {
  const now = at('2026-11-29T00:00:00Z')
  const DAY_MS = 86_400_000
  test.for([
    ['* * * * * *', 365 * DAY_MS, 1_000, now],
    ['* * * * *', 365 * DAY_MS, 60_000, now],
    ['0 3 * * *', 3_650 * DAY_MS, DAY_MS, now - 21 * 3_600_000],
  ] as const)(
    'of %s, missed for %i ms, are found without a look at each',
    ([cron, missedMs, everyMs, last]) => {
      const next = vi.spyOn(Cron.prototype, 'nextRun')
      onTestFinished(() => next.mockRestore())
      const found = ticksUntil({ cron, tz: 'UTC' }, now - missedMs, now, 100)
      expect(found).toEqual(Array.from({ length: 100 }, (_, n) => last - (99 - n) * everyMs))
      expect(next.mock.calls.length).toBeLessThan(2_000)
    },
  )

  test('are all that there are, where there are fewer', () => {
    const from = at('2026-02-01T00:00:00Z')
    const found = ticksUntil({ cron: '0 0 1 * *', tz: 'UTC' }, from, now, 100)
    expect(found.map(shown)).toEqual(
      Array.from({ length: 10 }, (_, n) => `2026-${String(n + 2).padStart(2, '0')}-01T00:00:00.000Z`),
    )
  })
})
