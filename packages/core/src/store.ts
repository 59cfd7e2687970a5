/**
 * The seam. A store keeps one queue: its live jobs, the results, and the feed of notices.
 *
 * Each method is one atomic act: a state change, its result and its notice are written together or not at all.
 * Everything that decides (policies, schemas, owners, encoding) lives above; a store decides nothing twice.
 * `memory/` is the executable specification; the conformance suite and the model test hold the others to it.
 *
 * A *session* is one worker's presence. Its lease is renewed by `extend`; whoever extends also *reaps* the sessions
 * whose lease ran out: their jobs go back to the line, with one more attempt counted. A *hold* names one execution:
 * a job, as claimed at one moment by one session. A settlement or report whose hold is no longer true is *lost*: it
 * writes nothing. That is the fence.
 */
import type { Encoded } from './codec.ts'
import type { ConsumerStore } from './consumer-store.ts'
import type { Cursor } from './cursor.ts'
import type { Replication } from './durability.ts'
import type { AttemptRecord, Failure, FinalState } from './job.ts'
import type { LimitRule, PauseTarget } from './limits.ts'
import type { FlowPlace, FlowProgress } from './flow.ts'
import type { Inspectable, WorkerInfo } from './inspect.ts'
import type { SaidStore } from './log.ts'
import type { JobNoticeType } from './notice.ts'
import type { FireReply, FireRequest, StoredSchedule, Tick } from './schedule.ts'
import type { ShownOptions } from './shown-options.ts'
import type { Traceparent } from './trace.ts'
import type { Unique } from './unique.ts'

/** Jobs that one `enqueue` takes, all of them or none: it keeps others waiting for about a millisecond then. */
export const ENQUEUE_MAX = 500
/** Settlements, claims and reports, of each, that one call takes: at a hundred the round trip is paid off. */
export const STEP_MAX = 100

/** What a queue keeps of a job while it lives. */
export interface JobRecord {
  id: string
  task: string
  owner: string | null
  input: Encoded
  options: JobOptions
}

/** What one job has otherwise than its task says, and where it stands. Absent: as the task says, a plain job. */
export interface JobOptions {
  attempts?: number
  timeLimitMs?: number
  /** The queue whose workers may claim it. Absent: `default`. */
  queue?: string
  /** 1 to 100, higher ones first in their line. Absent: none. After `PRIORITY_RUN` jobs with a priority in a row the
   * next one is one without, if any waits. */
  priority?: number
  /**
   * The lane that it waits in: the task's own (`''`), or one for each key. Lanes of a queue and its plain line take
   * turns: next is the one that was served longest ago, among those that no limit or pause closes. Absent: the
   * plain line. Ordered jobs of a key have a lane beside the others of that key.
   */
  lane?: string
  /** Of jobs with a key: the next one of the lane starts only when this one has ended, its retries included. */
  ordered?: true
  /** Of jobs that the store itself may have to end (they expire, are replaced, or belong to a flow): how long that outcome is kept. */
  ttlMs?: number
  tags?: readonly string[]
  /** JSON of what the user keeps with the job. */
  metadata?: string
  /** The failed job that this one is a new run of. */
  retryOf?: string
  /** Where it was enqueued, in a trace. */
  trace?: Traceparent
}

/** Jobs with a priority that may pass the head of those without in a row: it bounds what a priority costs others. */
export const PRIORITY_RUN = 3

export interface NewJob extends JobRecord {
  /** Earliest start, counted from the store's clock. 0: at once. */
  delayMs: number
  /** Earliest start by the store's clock, Unix ms, in place of `delayMs`; one that is past is at once. */
  runAt?: number
  /** Whether a `queued` notice is written. */
  announce: boolean
  /** It ends as `expired`, with a notice, unless an attempt has begun in so many ms from now on. */
  expiresMs?: number
  /** Checked in this order; the first one that finds another job decides. */
  unique?: readonly Unique[]
  /** Whether `last` shall find it. */
  isLast?: true
  /** Its id was made for this one call, so that no store can know it: it need not be looked for, but by who sends it twice. */
  isNew?: boolean
  /** All jobs of its task have to be in one place: a limit or a rule concerns them as a whole. For partitioned stores. */
  together?: true
  /** Its place in a tree of jobs. Parents come before their children in one call. */
  flow?: FlowPlace
}

export interface Enqueued {
  /**
   * `exists`: a job of this id, or one that a `Unique` found, lives or has ended, and stands for this one (a debounced
   * one with this one's input); no new job was made. `rejected`: a `Unique` found one that must not have company.
   */
  outcome: 'enqueued' | 'exists' | 'rejected'
  /** Of the job that there is now: this one, or the one that was found. */
  id: string
  /** The tail as the call found it: a place before every notice of this job. */
  cursor: Cursor
}

/** A job as the store knows it, with the place in the feed up to which that is true. */
export type Snapshot = { cursor: Cursor } & (
  | ({ state: 'scheduled' | 'retrying'; runAt: number } & Living)
  | ({ state: 'queued' } & Living)
  /** For jobs that give it its input. */
  | ({ state: 'waiting'; flow: FlowProgress } & Living)
  | ({ state: 'running'; startedAt: number; worker: string; progress?: Encoded } & Living)
  | ({ state: FinalState } & Outcome)
)

interface Living {
  job: JobRecord
  attempt: number
  /** Attempts that failed or were lost before; absent when there were none. */
  history?: AttemptRecord[]
}

/** How a job ended: the document that stands in for the record once that is gone. */
export interface Outcome {
  state: FinalState
  id: string
  task: string
  owner: string | null
  attempt: number
  /** Of the attempt it ended in; absent when it ended while it waited. */
  startedAt?: number
  finishedAt: number
  /** Of `succeeded`. */
  result?: Encoded
  /** Of `failed`. */
  error?: Failure
  /** Of `cancelled`. */
  by?: string | null
  reason?: string | null
  /** The session of the attempt that it failed in, or that came after others. */
  worker?: string
  /** Attempts before the one that it ended in; absent when there were none. */
  history?: AttemptRecord[]
  /** What was asked for it; absent when that was nothing. */
  options?: ShownOptions
  /** Of the attempt it ended in, else where it was enqueued; absent where nobody traces. */
  trace?: Traceparent
}

/** One record of the feed. */
export interface StoredNotice {
  cursor: Cursor
  /** Another program wrote it. It has no number: its cursor has that of the record before it. */
  foreign?: true
  type: JobNoticeType
  jobId: string
  task: string
  owner: string | null
  at: number
  /** As in `Outcome`; `log` and `chunk` have none. */
  trace?: Traceparent
  /** Of `started`, `log`, `chunk`, `retrying`, `succeeded`, `failed`. */
  attempt?: number
  /**
   * Of `progress`, `log`, `chunk` and `succeeded`; absent from `succeeded` when the result is too large to be copied:
   * then `get` has it.
   */
  data?: Encoded
  /** Of `log` and `chunk`: as in `SaidPart`. */
  first?: number
  dropped?: number
  /** Of `retrying` and `failed`; without a stack. */
  error?: Failure
  /** Of `retrying`. */
  runAt?: number
  /** Of `cancelled`. */
  by?: string | null
  reason?: string | null
}

/** One execution of a job: the fence. */
export interface Hold {
  id: string
  /** Store time of the claim, Unix ms. */
  claimedAt: number
}

/** Names what a notice of a held job must say. */
export interface Held extends Hold {
  task: string
  owner: string | null
  attempt: number
  trace?: Traceparent | undefined
}

export interface Claimed extends JobRecord, Hold {
  /** 1 for the first execution; more after retries and lost workers. */
  attempt: number
}

export type Settlement = Held & {
  /** The last report, when followers have not had it yet: written just before the outcome. */
  progress?: Encoded
  /** Of the claim: what is shown of them goes with the outcome. */
  options?: JobOptions
} & (
    | { to: 'succeeded'; result: Encoded; ttlMs: number }
    | { to: 'failed'; error: Failure; ttlMs: number }
    | { to: 'retrying'; error: Failure; delayMs: number }
  )

export interface StepRequest {
  session: string
  /** At most `STEP_MAX`. */
  settle: readonly Settlement[]
  /** How many jobs may be claimed, at most `STEP_MAX`. */
  claim: number
  /** The queues to claim from: the first one as long as it gives anything, then the next. */
  queues: readonly string[]
  /** Cancelled jobs of this session whose handlers have ended now, or were given up: until then they count as running
   * where a limit asks. */
  release?: readonly string[]
  /** Holds to be compared with the store; those that are no longer true come back as lost. */
  verify?: readonly Hold[]
  /** Tasks whose claims write a `started` notice. */
  announce?: ReadonlySet<string>
  /** The session runs nothing. If it then claims nothing either, the store may hand it a job with what ends its next
   * wait, until its next step. */
  isIdle?: boolean
}

export interface StepReply {
  /** `false`: the session was reaped or never joined. Nothing was claimed, and all its holds are lost. */
  alive: boolean
  /** Ids that were fenced out: of settlements first, a second one of the same id among them, then of verified holds. */
  lost: string[]
  claimed: Claimed[]
  /** ms until the next thing is due: a delayed job, an expiry, a limit that opens, a schedule. `null`: nothing.
   * Where a rate limit is concerned it may be earlier; and a step that claimed all it asked for may leave that limit out. */
  nextDueMs: number | null
  /** Schedules that are due, for this session to `fire`. Should it not, others get them `TICK_LEASE_MS` later.
   * At most `STEP_MAX`. */
  ticks: Tick[]
}

/** How long one session has for firing a schedule before another one is asked. */
export const TICK_LEASE_MS = 5_000

export interface JoinRequest {
  session: string
  leaseMs: number
  /** The session that this one takes over from, after a step whose fate is unknown: held jobs move to the new
   * session, claims that the worker never heard of go back to the line, and the old one can claim no more. */
  replaces?: { session: string; holds: readonly Hold[] }
  /** What the worker is: kept until the session ends. */
  info?: WorkerInfo
}

export interface ProgressReport extends Held {
  data: Encoded
}

export interface CancelRequest {
  id: string
  by: string | null
  reason: string | null
  /** How long the outcome is kept; with 0 nothing is, and the notice is written all the same. */
  ttlMs: number
}

export type CancelReply =
  /** `cursor`: the place of its notice. */
  | { outcome: 'cancelled'; cursor: Cursor }
  /** It had ended before, in this state; nothing was written. */
  | { outcome: 'ended'; state: FinalState }
  | { outcome: 'missing' }

/** What ended a wait. All empty: its time ran out, or it was aborted. */
export interface Wake {
  /** There may be work: step. */
  work: boolean
  /** Jobs of this session that were cancelled. */
  cancelled: { id: string; by: string | null; reason: string | null }[]
  /** Jobs that this session holds now, without a step: only after one that was `isIdle`. */
  handed?: Claimed[]
}

export interface Page {
  /** Records after the cursor, oldest first, at most `limit`. */
  notices: StoredNotice[]
  /** Records between the cursor and the first one here that were trimmed. Where the store has lost what stood before
   * the cursor it is not known how many, but at least 1. */
  missed: number
  /** Where this page ends; the next one starts after it. */
  cursor: Cursor
  /** Nothing stood behind this page when it was read. */
  end: boolean
}

export interface Counts {
  queued: number
  waiting: number
  scheduled: number
  retrying: number
  running: number
  /** Sessions whose lease runs. */
  workers: number
}

/** Which jobs to look for. */
export type Search =
  /** Oldest first. Those that have ended are found as long as their outcome is kept. */
  | { tag: string }
  /** `failed`: those that are kept for a retry, newest first. `scheduled`, `retrying`: by due time. Others in no order. */
  | { state: 'queued' | 'waiting' | 'scheduled' | 'retrying' | 'running' | 'failed' }

export interface Found {
  ids: string[]
  /** Where the next page begins; `null`: this was the last one. */
  next: string | null
}

export interface Store extends Inspectable, SaidStore {
  /** What errors and log lines call it: `Redis at localhost:6379`, `memory`. */
  readonly name: string
  /** The groups of durable consumers. */
  readonly consumers: ConsumerStore

  /**
   * Puts jobs in line, in order, all or none. Repeating a call changes nothing. At most `ENQUEUE_MAX`.
   *
   * @param replication Resolves only when so many replicas have them as well; a store without any has nothing to wait for.
   * @throws LovageError `NOT_REPLICATED`: they are in line, and may be lost with the primary
   */
  enqueue(jobs: readonly NewJob[], replication?: Replication): Promise<Enqueued[]>
  /** `null`: unknown, or its outcome is no longer kept. That of a job that `find` answers as failed is. */
  get(id: string): Promise<Snapshot | null>
  /** Ends a live job, and with it the jobs that it waits for. A running one is fenced at once, and its session's `wait` is told. Where limits ask it counts as
   * running until that session says `release`, or ends. */
  cancel(request: CancelRequest): Promise<CancelReply>
  /** Ids a page at a time; a page may hold fewer than `limit`, even none, before the last one. A job that changes
   * meanwhile may be missed or come twice. */
  find(search: Search, options: { limit: number; after?: string | undefined }): Promise<Found>
  /** The newest job of a task and an owner that was enqueued with `isLast`, as long as it or its outcome is kept. */
  last(task: string, owner: string | null): Promise<string | null>
  /**
   * Makes new jobs of failed ones: same record, attempts from the beginning, at the end of the line. Those that are not
   * kept any more are passed over. Answers the ids, of the failed ones, that were. At most `STEP_MAX`.
   */
  retry(pairs: readonly { id: string; newId: string }[]): Promise<string[]>
  /** Forgets failed jobs; their outcomes stay as long as they are kept. Answers the ids that were. At most `STEP_MAX`. */
  discard(ids: readonly string[]): Promise<string[]>

  /** Sets or takes away (`limit: null`) limits, for all workers from now on. What runs already counts. */
  limit(rules: readonly LimitRule[]): Promise<void>
  /** Nothing of the target is claimed until it is resumed; what runs goes on. Answers whether that changed anything. */
  pause(target: PauseTarget): Promise<boolean>
  resume(target: PauseTarget): Promise<boolean>
  paused(): Promise<PauseTarget[]>

  /**
   * Adds a schedule, or changes the one of this name if anything but `nextAt` differs; otherwise nothing happens, so
   * that a deploy of many processes changes it once.
   */
  putSchedule(schedule: StoredSchedule): Promise<'added' | 'changed' | 'same'>
  removeSchedule(name: string): Promise<boolean>
  /** By name. */
  schedules(): Promise<StoredSchedule[]>
  /** Enqueues the jobs of one tick and sets the next one, if nobody has done so before. */
  fire(request: FireRequest): Promise<FireReply>

  /** Starts a session. Answers the holds of `replaces` that are no longer true. Repeating a call changes nothing. */
  join(request: JoinRequest): Promise<{ lost: string[] }>
  /**
   * Renews a session's lease, then reaps: one that comes late, but before anybody missed it, has lost nothing. A lease
   * ends at the very ms. `alive: false`: the session itself was reaped. `reaped` counts sessions.
   */
  extend(session: string, leaseMs: number): Promise<{ alive: boolean; reaped: number }>
  /**
   * Settles and releases, then does what is due, then claims from the head of the lines. Due are delayed jobs (by due
   * time, then by id: they go to the end of their line; ordered ones that have failed go to its head), limits that open, expiries
   * and schedules. A job that goes back after its worker was lost goes to the head, oldest first: of its line, or of
   * its task's lane where a limit or a pause sends it there.
   */
  step(request: StepRequest): Promise<StepReply>
  /** Writes reports of running jobs with their notices. At most `STEP_MAX`. */
  progress(session: string, reports: readonly ProgressReport[]): Promise<{ lost: string[] }>
  /** Puts jobs that a session holds and has not begun back to the head of their lines, with no attempt counted. Passes
   * over holds that are no longer true. */
  handBack(session: string, holds: readonly Hold[]): Promise<void>
  /** Ends a session: its jobs go back to the head of the line at once, with no attempt counted. */
  leave(session: string): Promise<{ returned: number }>
  /**
   * Blocks until there may be work (when `work` is set), a job of the session is cancelled, the signal is aborted or
   * `timeoutMs` have passed. It may speak of work without need, and never misses any. One wait at a time for each
   * session. Rejects when the store cannot be reached.
   */
  wait(session: string, options: { work: boolean; timeoutMs: number; signal: AbortSignal }): Promise<Wake>
  /**
   * Keeps a session's lease alive without needing the caller's event loop, where the store can.
   * Calls `onLost` once when the session was reaped. The returned function stops it.
   */
  keepAlive(session: string, options: { leaseMs: number; onLost: () => void }): () => Promise<void>

  /** The place after the newest record: what is written from now on comes after it. */
  tail(): Promise<Cursor>
  /** Reads the feed. */
  range(after: Cursor, limit: number): Promise<Page>
  /** The feed as it is written, from just after `after`, in batches; ends when the signal is aborted. Rejects when
   * the store cannot be reached: the reader goes on from the last cursor that it saw. Ends by itself where the store may
   * have lost something, of the feed or of jobs that were not in it yet: then the reader begins anew at the tail, and
   * whoever follows looks for himself. */
  live(after: Cursor, signal: AbortSignal): AsyncIterable<readonly StoredNotice[]>

  counts(): Promise<Counts>
  /** What an operator should know about this store's settings, in plain words; empty when all is well.
   * @throws LovageError `STORE_UNSUPPORTED`, `STORE_UNAVAILABLE` */
  check(): Promise<string[]>
  close(): Promise<void>
}
