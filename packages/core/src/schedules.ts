/** Schedules on their way into the store: those that tasks declare, and those that users add. */
import { nextTick } from './calendar.ts'
import { LovageError } from './errors.ts'
import { newJob, type Terms } from './new-job.ts'
import { refused } from './refused.ts'
import type { StoredSchedule } from './schedule.ts'
import { overlapRule, type Rhythm, scheduleName, type SchedulePlan } from './schedule-plan.ts'
import { parse } from './schema.ts'
import type { NewJob } from './store.ts'
import type { AnyTask } from './task.ts'

/** @throws LovageError `OPTION_INVALID` for a schedule that is never due */
export function storedSchedule(
  name: string,
  source: StoredSchedule['source'],
  job: NewJob,
  rhythm: Rhythm,
  { ttlMs, clock }: Terms,
): StoredSchedule {
  const { task, owner, input, options, announce, isLast, together, expiresMs, unique = [] } = job
  const nextAt = nextTick(rhythm.timing, clock.now())
  if (nextAt === null) refused('schedule.cron', rhythm.timing.cron, 'one that is ever due')
  const plan: SchedulePlan = {
    v: 1,
    ...rhythm,
    announce,
    ...(isLast && { isLast }),
    ...(together && { together }),
    ...(expiresMs !== undefined && { expiresMs }),
    unique: [...overlapRule(scheduleName(name), rhythm.overlap, ttlMs), ...unique],
  }
  return { name, job: { task, owner, input, options }, spec: JSON.stringify(plan), source, nextAt }
}

/**
 * The schedules that stand beside a task.
 *
 * @throws LovageError `INPUT_INVALID`, `OPTION_INVALID`
 */
export async function declaredSchedules(task: AnyTask, terms: Terms): Promise<StoredSchedule[]> {
  const stored: StoredSchedule[] = []
  for (const { name, input, rhythm } of task.schedules ?? []) {
    const checked = await parse(task.input, input)
    if (!checked.ok)
      throw new LovageError('INPUT_INVALID', { task: task.name as string, issues: checked.issues })
    stored.push(
      storedSchedule(name ?? (task.name as string), 'code', newJob(task, input, {}, terms), rhythm, terms),
    )
  }
  return stored
}

/**
 * What can be said about declared schedules before anything is connected: two of one name, a calendar that has no such
 * day.
 *
 * @throws LovageError `OPTION_INVALID`
 */
export function checkSchedules(tasks: Iterable<AnyTask>, now: number): void {
  const names = new Set<string>()
  for (const task of tasks) {
    for (const { name = task.name as string, rhythm } of task.schedules ?? []) {
      if (names.has(name)) refused('schedule.name', name, 'a name for each schedule, and no name twice')
      names.add(name)
      if (nextTick(rhythm.timing, now) === null)
        refused('schedule.cron', rhythm.timing.cron, 'one that is ever due')
    }
  }
}
