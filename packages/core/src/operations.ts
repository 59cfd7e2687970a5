/** What operators do with a queue while it runs: hold it up, bound it, and say when it works by itself. */
import type { Engine } from './engine.ts'
import type { Flow } from './flow-calls.ts'
import type { JobRef } from './handle.ts'
import { newJobId } from './id.ts'
import type { PauseTarget } from './limits.ts'
import { newJob } from './new-job.ts'
import { refused } from './refused.ts'
import { parse } from './schema.ts'
import type { StoredSchedule } from './schedule.ts'
import {
  readPlan,
  rhythmOf,
  scheduleName,
  type Missed,
  type Overlap,
  type ScheduleTiming,
} from './schedule-plan.ts'
import { storedSchedule } from './schedules.ts'
import { LovageError } from './errors.ts'
import { keyText, type LimitOptions, limitOf, queueName } from './task-rules.ts'
import { tickJob } from './ticks.ts'
import { decodeStored } from './stored-value.ts'

export type { PauseTarget } from './limits.ts'

/** @throws LovageError `OPTION_INVALID`, `TASK_UNKNOWN` */
export function pauseTarget(engine: Engine, target: PauseTarget): PauseTarget {
  if (typeof target !== 'object' || target === null || !('queue' in target || 'task' in target))
    return refused('target', target, '{ queue }, { task } or { task, key }')
  if ('queue' in target) return { queue: queueName(target.queue) }
  engine.task(target.task)
  if (!('key' in target)) return { task: target.task }
  const key = keyText('key', target.key)
  return key === '' ? refused('key', target.key, 'a key') : { task: target.task, key }
}

/** A limit for all jobs of a queue; those of tasks and keys stand in the tasks. `null` takes it away. */
export async function limitQueue(
  engine: Engine,
  { queue }: { queue: string },
  limit: LimitOptions | null,
): Promise<void> {
  const rule = limit === null ? null : limitOf(limit, '')
  await engine.store.limit([{ of: 'queue', name: queueName(queue), limit: rule }])
}

/** A schedule as users see it. */
export interface Schedule {
  name: string
  task: string
  input: unknown
  /** Unix ms. */
  nextAt: number
  /** `code`: it stands beside its task. `user`: added at run time. */
  source: 'code' | 'user'
  /** In ms; of those that are not by the calendar. */
  everyMs?: number
  cron?: string
  tz?: string
  overlap: Overlap
  missed: Missed
}

/** The schedules of a namespace. */
export interface Schedules {
  /**
   * Adds a schedule that enqueues the call, or changes the one of this name.
   *
   * @example await queue.schedules.add('digest of ada', queue.digest.call({ user: 'ada' }), { cron: '0 7 * * 1' })
   * @throws LovageError `INPUT_INVALID`, `OPTION_INVALID`
   */
  add(name: string, call: Flow, timing: ScheduleTiming): Promise<'added' | 'changed' | 'same'>
  /** Whether there was one. One that stands in code comes back with the next worker that starts. */
  remove(name: string): Promise<boolean>
  /** By name. */
  list(): Promise<Schedule[]>
}

export function schedulesOf(engine: Engine): Schedules {
  const { store } = engine
  return {
    async add(name, { flow: { task: taskName, input, options, after } }, timing) {
      if (taskName === undefined || after !== undefined)
        return refused('call', 'a flow', 'one call, such as queue.report.call(input)')
      const task = engine.task(taskName)
      const checked = await parse(task.input, input)
      if (!checked.ok) throw new LovageError('INPUT_INVALID', { task: taskName, issues: checked.issues })
      const terms = engine.terms(taskName)
      const job = newJob(task, input, options ?? {}, terms)
      if (job.runAt !== undefined) refused('runAt', job.runAt, 'no moment: the schedule says when')
      if (job.delayMs > 0 && job.unique === undefined)
        refused('delay', job.delayMs, 'no delay: the schedule says when')
      return await store.putSchedule(storedSchedule(scheduleName(name), 'user', job, rhythmOf(timing), terms))
    },
    remove: (name) => store.removeSchedule(scheduleName(name)),
    list: async () => (await store.schedules()).map(scheduleView),
  }
}

function scheduleView({ name, job, nextAt, source, spec }: StoredSchedule): Schedule {
  const { timing, overlap, missed } = readPlan(spec)
  const { everyMs, cron, tz } = timing as { everyMs?: number; cron?: string; tz?: string }
  return {
    name,
    task: job.task,
    input: decodeStored(job.input),
    nextAt,
    source,
    ...(everyMs !== undefined && { everyMs }),
    ...(cron !== undefined && tz !== undefined && { cron, tz }),
    overlap,
    missed,
  }
}

/** Enqueues the job of a schedule now, by the schedule's own rules. @throws LovageError `OPTION_INVALID` */
export async function triggerSchedule(engine: Engine, name: string): Promise<JobRef> {
  const schedule = (await engine.store.schedules()).find((other) => other.name === name)
  if (schedule === undefined) return refused('name', name, 'the name of a schedule')
  return await engine.put(tickJob(schedule, readPlan(schedule.spec), newJobId()))
}
