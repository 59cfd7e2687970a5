/** The words in which the conformance tests speak: jobs, settlements, and what the feed says. */
import {
  type Claimed,
  type Cursor,
  type Encoded,
  type Failure,
  type FlowPlace,
  type Held,
  type NewJob,
  parseCursor,
  type ProgressReport,
  type SaidPart,
  type SaidReport,
  type Settlement,
  START,
  type StepReply,
  type StepRequest,
  type Store,
  type StoredNotice,
} from '@lovage/core'
import type { ManualClock } from '../kit/manual-clock.ts'

export const LEASE_MS = 15_000
export const TTL_MS = 3_600_000

export const encoded = (value: unknown): Encoded => ({ json: JSON.stringify(value) })

export const newJob = (id: string, options: Partial<NewJob> = {}): NewJob => ({
  id,
  task: 'score',
  owner: 'ada',
  input: encoded({ of: id }),
  options: {},
  delayMs: 0,
  announce: false,
  ...options,
})

export const newJobs = (...ids: string[]): NewJob[] => ids.map((id) => newJob(id))

/** Jobs whose ids were made for the call that enqueues them. */
export const freshJobs = (...ids: string[]): NewJob[] => ids.map((id) => newJob(id, { isNew: true }))

/** Jobs whose enqueueing is told: `queued <id>` for each. */
export const announcedJobs = (...ids: string[]): NewJob[] => ids.map((id) => newJob(id, { announce: true }))

/** Jobs that wait in a lane of their task. */
export const inLane = (lane: string, ...ids: string[]): NewJob[] =>
  ids.map((id) => newJob(id, { options: { lane } }))

/** A job that waits for others. */
export const parentOf = (
  id: string,
  children: number,
  {
    gets = 'list',
    isGroup = false,
    ...options
  }: { gets?: Waits['input']; isGroup?: boolean } & Partial<NewJob> = {},
): NewJob => newJob(id, { ...options, flow: { ...options.flow, waits: { children, input: gets, isGroup } } })
type Waits = NonNullable<FlowPlace['waits']>

/** One of those that another one waits for. */
export const childOf = (
  parent: string,
  part: number,
  { onFailure = 'fail', ...job }: { onFailure?: 'fail' | 'keep' } & Partial<NewJob> & { id: string },
): NewJob => newJob(job.id, { ...job, flow: { ...job.flow, parent: { id: parent, part, onFailure } } })

/** What says that an outcome which the store itself writes is kept. */
export const kept = { options: { ttlMs: TTL_MS } }

/** A parent that is one of the parts of another one. */
export const within = (
  parent: string,
  part: number,
  job: NewJob,
  onFailure: 'fail' | 'keep' = 'fail',
): NewJob => ({
  ...job,
  flow: { ...job.flow, parent: { id: parent, part, onFailure } },
})

export const failure: Failure = {
  name: 'TypeError',
  message: 'no such column',
  stack: 'TypeError: no such column\n  at score',
}

const held = ({ id, task, owner, attempt, claimedAt, trace }: Held): Held => ({
  id,
  task,
  owner,
  attempt,
  claimedAt,
  trace,
})
/** Of a job as it was claimed. */
type Ran = Held & Pick<Settlement, 'options'>
const ran = ({ options, ...job }: Ran) => ({ ...held(job), ...(options && { options }) })

export const succeeded = (job: Ran, result: unknown = 'done', ttlMs = TTL_MS): Settlement => ({
  ...ran(job),
  to: 'succeeded',
  result: encoded(result),
  ttlMs,
})

export const failed = (job: Ran, ttlMs = TTL_MS): Settlement => ({
  ...ran(job),
  to: 'failed',
  error: failure,
  ttlMs,
})

export const retrying = (job: Held, delayMs = 1_000): Settlement => ({
  ...held(job),
  to: 'retrying',
  error: failure,
  delayMs,
})

export const report = (job: Held, data: unknown): ProgressReport => ({ ...held(job), data: encoded(data) })

export const saying = (job: Held, ...parts: SaidPart[]): SaidReport => ({
  ...held(job),
  parts,
  keepMs: TTL_MS,
})

export const cancelOf = (id: string, ttlMs = TTL_MS) => ({ id, by: 'ada', reason: 'no longer needed', ttlMs })

/** Starts sessions with a lease of `LEASE_MS`. */
export async function joinAll(store: Store, ...sessions: string[]): Promise<void> {
  for (const session of sessions) await store.join({ session, leaseMs: LEASE_MS })
}

/** Claims from the default queue unless told otherwise. */
export const step = (
  store: Store,
  session: string,
  request: Partial<Omit<StepRequest, 'session'>> = {},
): Promise<StepReply> => store.step({ session, settle: [], claim: 0, queues: ['default'], ...request })

export async function claim(store: Store, session: string, count = 100): Promise<Claimed[]> {
  return (await step(store, session, { claim: count })).claimed
}

/** Claims the one job that is next. */
export async function claimOne(store: Store, session: string): Promise<Claimed> {
  const [job] = await claim(store, session, 1)
  if (job === undefined) throw new Error('Nothing was there to be claimed.')
  return job
}

export const settle = (store: Store, session: string, ...settlements: Settlement[]) =>
  step(store, session, { settle: settlements })

/** Ends every claimed job well, claims anew, and so on, one at a time, until nothing comes: the order of the jobs. */
export async function runAll(
  store: Store,
  session: string,
  queues: readonly string[] = ['default'],
): Promise<string[]> {
  const order: string[] = []
  let settle: Settlement[] = []
  for (;;) {
    const { claimed } = await step(store, session, { settle, claim: 1, queues })
    if (claimed[0] === undefined) return order
    order.push(claimed[0].id)
    settle = [succeeded(claimed[0])]
  }
}

/**
 * Plays an idle worker: steps, and waits for no longer than the step allows while time passes.
 *
 * @param step Answers how long that is; `null`: there is nothing to wait for any more.
 */
export async function sleeps(
  store: Store,
  clock: ManualClock,
  step: () => Promise<number | null>,
): Promise<void> {
  const { signal } = new AbortController()
  for (let dueMs = await step(); dueMs !== null; dueMs = await step()) {
    let isOver = false
    const wait = store.wait('s1', { work: true, timeoutMs: dueMs, signal }).then(() => (isOver = true))
    while (!isOver) await clock.advance(1)
    await wait
  }
}

export const ids = (jobs: readonly { id: string }[]): string[] => jobs.map(({ id }) => id)

export async function stateOf(store: Store, id: string): Promise<string | null> {
  return (await store.get(id))?.state ?? null
}

/** `['a queued', 'b succeeded', 'unknown ']` */
export const statesOf = (store: Store, ...names: string[]): Promise<string[]> =>
  Promise.all(names.map(async (id) => `${id} ${(await stateOf(store, id)) ?? ''}`))

/** The whole feed after a cursor. */
export async function feedAfter(store: Store, after: Cursor = START): Promise<StoredNotice[]> {
  const { notices, end } = await store.range(after, 10_000)
  if (!end) throw new Error('The feed is longer than these tests expect.')
  return notices
}

/** `['queued a', 'succeeded a']` */
export const told = (notices: readonly StoredNotice[]): string[] =>
  notices.map(({ type, jobId }) => `${type} ${jobId}`)

export const seqOf = (cursor: Cursor): number => parseCursor(cursor).seq
