/**
 * When a schedule is due next. The calendar is croner's: no dependencies, and right where clocks are turned (a time that
 * is left out runs at the end of the gap, one that comes twice runs once).
 */
import { Cron } from 'croner'
import { refused } from './refused.ts'
import type { Timing } from './schedule-plan.ts'

/** Parsing costs more than asking, and schedules are few. */
const parsed = new Map<string, Cron>()
const MAX_PARSED = 1_000

/**
 * The first tick after a moment, in Unix ms; `null` when there is none any more. `every` counts from the beginning of
 * 1970, so that all processes agree on it.
 *
 * @throws LovageError `OPTION_INVALID` for a cron expression or a time zone that cannot be
 */
export function nextTick(timing: Timing, afterMs: number): number | null {
  if (timing.cron === undefined) return (Math.floor(afterMs / timing.everyMs) + 1) * timing.everyMs
  const next = cronOf(timing.cron, timing.tz).nextRun(new Date(afterMs))
  return next === null || next === undefined ? null : next.getTime()
}

/** The ticks from `at`, which is one, up to `now`: the newest `most` of them, oldest first. */
export function ticksUntil(timing: Timing, at: number, now: number, most: number): number[] {
  if (timing.cron === undefined) {
    const count = Math.floor((now - at) / timing.everyMs) + 1
    const first = Math.max(0, count - most)
    return Array.from({ length: count - first }, (_, n) => at + (first + n) * timing.everyMs)
  }
  // Further and further back from now: a tick each second that nobody looked at for a month would else be counted all along.
  for (let backMs = most * FINEST_MS; ; backMs *= 8) {
    const from = Math.max(at, now - backMs)
    const ticks = ticksBetween(timing, from, now)
    if (from === at || ticks.length >= most) return ticks.slice(-most)
  }
}

/** The finest that a cron expression can say. */
const FINEST_MS = 1_000

function ticksBetween(timing: Timing, from: number, to: number): number[] {
  const ticks: number[] = []
  for (let tick = nextTick(timing, from - 1); tick !== null && tick <= to; tick = nextTick(timing, tick))
    ticks.push(tick)
  return ticks
}

function cronOf(expression: string, tz: string): Cron {
  const key = `${tz} ${expression}`
  let cron = parsed.get(key)
  if (cron === undefined) {
    cron = parse(expression, tz)
    if (parsed.size >= MAX_PARSED) parsed.clear()
    parsed.set(key, cron)
  }
  return cron
}

function parse(expression: string, tz: string): Cron {
  let cron: Cron
  try {
    cron = new Cron(expression, { timezone: 'UTC' })
  } catch {
    return refused('schedule.cron', expression, "a cron expression such as '0 3 * * *'")
  }
  if (cron.nextRun(new Date(0)) === null && !/\s/.test(expression.trim()))
    refused('schedule.cron', expression, "a cron expression such as '0 3 * * *', not a moment")
  try {
    const zoned = new Cron(expression, { timezone: tz })
    zoned.nextRun()
    return zoned
  } catch {
    return refused('schedule.tz', tz, "a time zone such as 'Europe/Berlin'")
  }
}
