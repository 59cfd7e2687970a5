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
import type { Inspectable, WorkerInfo } from './inspect.ts'
import type { Failure, FinalState } from './job.ts'
import type { SaidStore } from './log.ts'
import type { JobNoticeType } from './notice.ts'

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

/** What one job has otherwise than its task says. Absent: as the task says. */
export interface JobOptions {
  attempts?: number
  timeLimitMs?: number
}

export interface NewJob extends JobRecord {
  /** Earliest start, counted from the store's clock. 0: at once. */
  delayMs: number
  /** Whether a `queued` notice is written. */
  announce: boolean
}

export interface Enqueued {
  /** `exists`: a job of this id lives or has ended; nothing was written. */
  outcome: 'enqueued' | 'exists'
  /** The tail as the call found it: a place before every notice of this job. */
  cursor: Cursor
}

/** A job as the store knows it, with the place in the feed up to which that is true. */
export type Snapshot = { cursor: Cursor } & (
  | { state: 'scheduled' | 'retrying'; job: JobRecord; attempt: number; runAt: number }
  | { state: 'queued'; job: JobRecord; attempt: number }
  | { state: 'running'; job: JobRecord; attempt: number; startedAt: number; progress?: Encoded }
  | ({ state: FinalState } & Outcome)
)

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
}

/** One record of the feed. */
export interface StoredNotice {
  cursor: Cursor
  type: JobNoticeType
  jobId: string
  task: string
  owner: string | null
  at: number
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
}

export interface Claimed extends JobRecord, Hold {
  /** 1 for the first execution; more after retries and lost workers. */
  attempt: number
}

export type Settlement = Held & {
  /** The last report, when followers have not had it yet: written just before the outcome. */
  progress?: Encoded
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
  /** Holds to be compared with the store; those that are no longer true come back as lost. */
  verify?: readonly Hold[]
  /** Tasks whose claims write a `started` notice. */
  announce?: ReadonlySet<string>
}

export interface StepReply {
  /** `false`: the session was reaped or never joined. Nothing was claimed, and all its holds are lost. */
  alive: boolean
  /** Ids that were fenced out: of settlements first, a second one of the same id among them, then of verified holds. */
  lost: string[]
  claimed: Claimed[]
  /** ms until the next delayed job is due; `null` when none waits. */
  nextDueMs: number | null
}

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
}

export interface Page {
  /** Records after the cursor, oldest first, at most `limit`. */
  notices: StoredNotice[]
  /** Records between the cursor and the first one here that were trimmed. */
  missed: number
  /** Where this page ends; the next one starts after it. */
  cursor: Cursor
  /** Nothing stood behind this page when it was read. */
  end: boolean
}

export interface Counts {
  queued: number
  scheduled: number
  retrying: number
  running: number
  /** Sessions whose lease runs. */
  workers: number
}

export interface Store extends Inspectable, SaidStore {
  /** What errors and log lines call it: `Redis at localhost:6379`, `memory`. */
  readonly name: string
  /** The groups of durable consumers. */
  readonly consumers: ConsumerStore

  /** Puts jobs in line, in order, all or none. Repeating a call changes nothing. At most `ENQUEUE_MAX`. */
  enqueue(jobs: readonly NewJob[]): Promise<Enqueued[]>
  /** `null`: unknown, or its outcome is no longer kept. */
  get(id: string): Promise<Snapshot | null>
  /** Ends a live job. A running one is fenced at once, and its session's `wait` is told. */
  cancel(request: CancelRequest): Promise<CancelReply>

  /** Starts a session. Answers the holds of `replaces` that are no longer true. Repeating a call changes nothing. */
  join(request: JoinRequest): Promise<{ lost: string[] }>
  /**
   * Renews a session's lease, then reaps: one that comes late, but before anybody missed it, has lost nothing. A lease
   * ends at the very ms. `alive: false`: the session itself was reaped. `reaped` counts sessions.
   */
  extend(session: string, leaseMs: number): Promise<{ alive: boolean; reaped: number }>
  /**
   * Settles, then promotes what is due to the end of the line (by its due time, then by id), then claims from the head.
   * A job that goes back to the line after its worker was lost goes to the head, oldest first.
   */
  step(request: StepRequest): Promise<StepReply>
  /** Writes reports of running jobs with their notices. At most `STEP_MAX`. */
  progress(session: string, reports: readonly ProgressReport[]): Promise<{ lost: string[] }>
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
   * the store cannot be reached: the reader goes on from the last cursor that it saw. */
  live(after: Cursor, signal: AbortSignal): AsyncIterable<readonly StoredNotice[]>

  counts(): Promise<Counts>
  /** What an operator should know about this store's settings, in plain words; empty when all is well.
   * @throws LovageError `STORE_UNSUPPORTED`, `STORE_UNAVAILABLE` */
  check(): Promise<string[]>
  close(): Promise<void>
}
