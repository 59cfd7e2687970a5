/** What a schedule says about its ticks, as users write it and as stores keep it. */
import { durationMs, type Duration } from './duration.ts'
import { LovageError } from './errors.ts'
import { refused } from './refused.ts'
import type { Unique } from './unique.ts'

/** When a schedule is due. */
export type ScheduleTiming = (
  | {
      /** At every full multiple of this since the beginning of 1970, UTC. At least 1 s. */
      every: Duration
    }
  | {
      /** Minute, hour, day, month, day of the week; with six fields seconds come first. */
      cron: string
      /** Default `UTC`. */
      tz?: string
    }
) & {
  /**
   * What happens at a tick while the job of an earlier one has not ended: another one (`allow`), nothing (`skip`), or
   * the earlier one is cancelled (`replace`). Default `skip`.
   */
  overlap?: Overlap
  /**
   * What happens with ticks for which no worker was there for a minute or more: nothing (`skip`), one job for all of
   * them (`once`), or one for each of the newest hundred (`all`). Default `once`.
   */
  missed?: Missed
}

export type Overlap = 'allow' | 'skip' | 'replace'
export type Missed = 'skip' | 'once' | 'all'

/** A schedule beside its task. */
export type TaskSchedule<Input> = ScheduleTiming & {
  /** Unique in a namespace. Default: the name of the task; a task with several schedules names all but one. */
  name?: string
} & (undefined extends Input ? { input?: Input } : { input: Input })

export type Timing = { everyMs: number; cron?: undefined } | { cron: string; tz: string }

/** The timing with every default filled in. */
export interface Rhythm {
  timing: Timing
  overlap: Overlap
  missed: Missed
}

/** All that is needed to fire a tick, also for a worker that does not know the task. */
export interface SchedulePlan extends Rhythm {
  v: 1
  announce: boolean
  isLast?: true
  together?: true
  expiresMs?: number
  unique?: readonly Unique[]
}

const MAX_NAME_LENGTH = 200
const MIN_EVERY_MS = 1_000
const OVERLAPS: readonly string[] = ['allow', 'skip', 'replace'] satisfies Overlap[]
const MISSED: readonly string[] = ['skip', 'once', 'all'] satisfies Missed[]

/**
 * Checks all but the cron expression itself, which only the calendar can.
 *
 * @throws LovageError `OPTION_INVALID`
 */
export function rhythmOf(timing: ScheduleTiming): Rhythm {
  const {
    every,
    cron,
    tz,
    overlap = 'skip',
    missed = 'once',
  } = timing as Partial<Record<'every' | 'cron' | 'tz' | 'overlap' | 'missed', unknown>>
  if (!OVERLAPS.includes(overlap as Overlap))
    refused('schedule.overlap', overlap, "'allow', 'skip' or 'replace'")
  if (!MISSED.includes(missed as Missed)) refused('schedule.missed', missed, "'skip', 'once' or 'all'")
  return { timing: timingOf(every, cron, tz), overlap: overlap as Overlap, missed: missed as Missed }
}

function timingOf(every: unknown, cron: unknown, tz: unknown): Timing {
  if ((every === undefined) === (cron === undefined))
    refused('schedule', { every, cron }, 'either every or cron')
  if (every !== undefined) {
    if (tz !== undefined) refused('schedule.tz', tz, 'no time zone beside every')
    const everyMs = durationMs(every as Duration, 'schedule.every')
    return everyMs >= MIN_EVERY_MS ? { everyMs } : refused('schedule.every', every, 'at least 1 s')
  }
  if (typeof cron !== 'string') return refused('schedule.cron', cron, "a cron expression such as '0 3 * * *'")
  if (tz !== undefined && typeof tz !== 'string')
    refused('schedule.tz', tz, "a time zone such as 'Europe/Berlin'")
  return { cron, tz: tz ?? 'UTC' }
}

export const scheduleName = (name: string): string =>
  typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH
    ? name
    : refused('schedule.name', name, `a text of 1 to ${MAX_NAME_LENGTH} characters`)

/** @throws LovageError `VERSION_UNSUPPORTED` when a newer version of Lovage wrote it */
export function readPlan(spec: string): SchedulePlan {
  const plan = JSON.parse(spec) as SchedulePlan
  if (plan.v !== 1)
    throw new LovageError('VERSION_UNSUPPORTED', { what: 'The schedule', seen: plan.v, known: 1 })
  return plan
}

/** The rule that keeps a schedule's own jobs apart. */
export function overlapRule(name: string, overlap: Overlap, ttlMs: number): Unique[] {
  const rule = JSON.stringify(['schedule', name])
  switch (overlap) {
    case 'allow':
      return []
    case 'skip':
      return [{ type: 'alone', name: rule, onBusy: 'return' }]
    case 'replace':
      return [{ type: 'alone', name: rule, onBusy: 'replace', ttlMs }]
  }
}
