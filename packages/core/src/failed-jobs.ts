/** The jobs that failed for good: looked at, run again, or forgotten. */
import type { Engine } from './engine.ts'
import { isWithin, type Scope } from './scope.ts'
import { LovageError } from './errors.ts'
import type { JobRef } from './handle.ts'
import { enqueuedAtOf, newJobId } from './id.ts'
import type { Job } from './job.ts'
import { found, type JobPage, listJobs } from './listing.ts'
import { refused } from './refused.ts'
import { subjectOf } from './snapshot.ts'
import { STEP_MAX } from './store.ts'

export interface FailedFilter {
  task?: string
  owner?: string
}

export interface FailedListOptions extends FailedFilter {
  limit?: number
  after?: string
}

export type FailedJob<J = Job> = Extract<J, { state: 'failed' }>

/** Newest first. */
export async function listFailed(
  engine: Engine,
  options: FailedListOptions = {},
): Promise<JobPage<FailedJob>> {
  return (await listJobs(engine, { ...options, state: 'failed' })) as JobPage<FailedJob>
}

/**
 * @param newId Under which the caller may ask again: that is the same new job, whether he heard of it or not. Where a
 * store is partitioned the new job has it but for its end, which leads to where the failed one is.
 * @throws LovageError `NOT_FOUND` when it is not among the failed ones that are kept, or not within the scope;
 * `OPTION_INVALID` when `newId` is no UUIDv7
 */
export async function retryFailed(
  engine: Engine,
  id: string,
  scope: Scope = {},
  newId: string = newJobId(),
): Promise<JobRef> {
  if (enqueuedAtOf(newId) === null) refused('newId', newId, 'a UUIDv7, as newJobId() makes')
  const { task } = subjectOf(await engine.snapshot(id, scope))
  const beside = engine.idBeside(id, newId)
  const retried = await engine.store.retry([{ id, newId: beside }])
  if (retried.length === 0 && !(await isRunOf(engine, beside, { ...scope, task })))
    throw new LovageError('NOT_FOUND', { id, among: 'failed' })
  return { id: beside, task, cursor: '' }
}

/** Whether a job of this id is there already, which only whoever asked before can have made. */
async function isRunOf(engine: Engine, newId: string, scope: Scope): Promise<boolean> {
  const snapshot = await engine.store.get(newId)
  if (snapshot === null) return false
  const { task, owner } = subjectOf(snapshot)
  return isWithin(scope, task, owner)
}

/** @throws LovageError `NOT_FOUND` */
export async function discardFailed(engine: Engine, id: string, scope: Scope = {}): Promise<void> {
  await engine.snapshot(id, scope)
  const discarded = await engine.store.discard([id])
  if (discarded.length === 0) throw new LovageError('NOT_FOUND', { id, among: 'failed' })
}

export async function retryAllFailed(
  engine: Engine,
  filter: FailedFilter = {},
): Promise<{ retried: number }> {
  const done = await eachGroup(engine, filter, (ids) =>
    engine.store.retry(ids.map((id) => ({ id, newId: engine.idBeside(id, newJobId()) }))),
  )
  return { retried: done }
}

export async function discardAllFailed(
  engine: Engine,
  filter: FailedFilter = {},
): Promise<{ discarded: number }> {
  return { discarded: await eachGroup(engine, filter, (ids) => engine.store.discard(ids)) }
}

async function eachGroup(
  engine: Engine,
  filter: FailedFilter,
  act: (ids: readonly string[]) => Promise<readonly string[]>,
): Promise<number> {
  if (filter.task !== undefined) engine.task(filter.task)
  let count = 0
  let ids: string[] = []
  const flush = async (): Promise<void> => {
    if (ids.length > 0) count += (await act(ids)).length
    ids = []
  }
  for await (const snapshot of found(engine, { state: 'failed' }, filter)) {
    ids.push(subjectOf(snapshot).id)
    if (ids.length === STEP_MAX) await flush()
  }
  await flush()
  return count
}
