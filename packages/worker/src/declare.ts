/**
 * What a worker tells the store of its tasks: their limits and their schedules; of a partitioned one each partition, of
 * those that it keeps.
 *
 * The worker that starts last is believed. Whatever it no longer declares of a task that it knows is taken away; what
 * others declare of tasks that it does not know is left alone.
 */
import {
  type AnyTask,
  type Clock,
  declaredSchedules,
  type LimitRule,
  type Limit,
  type Partition,
  type StoredSchedule,
} from '@lovage/core'

export interface Declared {
  tasks: ReadonlyMap<string, { task: AnyTask }>
  queueLimits: ReadonlyMap<string, Limit | null>
  clock: Clock
  resultTtlMs: number
  /** As large as a result may be. */
  maxResultBytes: number
}

/**
 * @param isFirst Whether the worker starts. When it comes back after trouble it only puts back what is gone: it may be an
 * old one amid a deploy.
 */
export async function declare(partition: Partition, declared: Declared, isFirst: boolean): Promise<void> {
  const { store } = partition
  await store.limit(partition.shareOf(limitsOf(declared)))
  const schedules = (await schedulesOf(declared)).filter((schedule) => partition.keeps(schedule))
  const known = await store.schedules()
  const names = new Set(known.map(({ name }) => name))
  for (const schedule of schedules)
    if (isFirst || !names.has(schedule.name)) await store.putSchedule(schedule)
  if (!isFirst) return
  const wanted = new Set(schedules.map(({ name }) => name))
  for (const { name, source, job } of known) {
    if (source === 'code' && declared.tasks.has(job.task) && !wanted.has(name))
      await store.removeSchedule(name)
  }
}

/** Of every task, those without limits too: it may have had some before. */
function limitsOf({ tasks, queueLimits }: Declared): LimitRule[] {
  const ofTasks = [...tasks].flatMap(([name, { task }]): LimitRule[] => [
    { of: 'task', name, limit: task.rules?.limit ?? null },
    { of: 'key', name, limit: task.rules?.perKey ?? null },
  ])
  return [...ofTasks, ...[...queueLimits].map(([name, limit]): LimitRule => ({ of: 'queue', name, limit }))]
}

async function schedulesOf({
  tasks,
  clock,
  resultTtlMs,
  maxResultBytes,
}: Declared): Promise<StoredSchedule[]> {
  const schedules: StoredSchedule[] = []
  for (const { task } of tasks.values()) {
    const ttlMs = task.resultTtlMs ?? resultTtlMs
    schedules.push(...(await declaredSchedules(task, { ttlMs, maxPayloadBytes: maxResultBytes, clock })))
  }
  return schedules
}
