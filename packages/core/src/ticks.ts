/** Firing: which jobs a due schedule makes, and when it is due next. */
import { nextTick, ticksUntil } from './calendar.ts'
import type { FireRequest, StoredSchedule, Tick } from './schedule.ts'
import { readPlan, type SchedulePlan } from './schedule-plan.ts'
import type { NewJob } from './store.ts'

/** A tick that is older than this was missed: a store asks again every few seconds, as long as any worker is there. */
const MISSED_AFTER_MS = 60_000
/** What is made up for after a long absence is bounded. */
const MAX_MISSED = 100

/**
 * @param newId Makes the ids of the jobs.
 * @throws LovageError `VERSION_UNSUPPORTED` when the schedule is of a newer version
 */
export function fireRequest({ schedule, now }: Tick, newId: () => string): FireRequest {
  const plan = readPlan(schedule.spec)
  const { name, nextAt: at } = schedule
  const jobs = Array.from({ length: jobsDue(plan, at, now) }, () => tickJob(schedule, plan, newId()))
  return { name, at, nextAt: nextTick(plan.timing, Math.max(at, now)), jobs }
}

/** How many jobs the ticks from `at` on come to. */
function jobsDue({ timing, missed }: SchedulePlan, at: number, now: number): number {
  const ticks = ticksUntil(timing, at, now, MAX_MISSED)
  switch (missed) {
    case 'all':
      return ticks.length
    case 'once':
      return 1
    case 'skip':
      return (ticks.at(-1) as number) + MISSED_AFTER_MS > now ? 1 : 0
  }
}

/** One job of a schedule. */
export function tickJob({ job }: StoredSchedule, plan: SchedulePlan, id: string): NewJob {
  const { announce, isLast, together, expiresMs, unique } = plan
  return {
    ...job,
    id,
    delayMs: 0,
    announce,
    ...(isLast && { isLast }),
    ...(together && { together }),
    ...(expiresMs !== undefined && { expiresMs }),
    ...(unique !== undefined && unique.length > 0 && { unique }),
  }
}
