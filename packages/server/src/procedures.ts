/** The procedures of a jobs router, as types: what a bare tRPC client and `createJobsClient` see of a queue. */
import type {
  CancelOutcome,
  Cursor,
  Duration,
  ErrorCode,
  ErrorDetails,
  FailedJob,
  FlowNode,
  Job,
  JobNoticeType,
  JobOf,
  JobPage,
  JobRef,
  JobState,
  Metadata,
  Named,
  Notice,
  NoticeOf,
  Task,
  TaskTypes,
  TasksOf,
  Traceparent,
} from '@lovage/core'
import type { ConsumerProcedures } from './consumer-procedures.ts'
import type { TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from '@trpc/server'

/** What `enqueue` answers: the job as data, and in its type all that is known of the task. */
export interface Ticket<T extends TaskTypes = TaskTypes, Name extends string = string> extends JobRef<Name> {
  /** Only types, never a value. */
  readonly '~types'?: T
}

/** The options of one enqueued job, as they travel. What a task limits, a caller may only limit further. */
export interface EnqueueWireOptions {
  /** Earliest start, counted from now. At most a year. */
  delay?: Duration | undefined
  /** Earliest start, within a year. */
  runAt?: Date | undefined
  /** It ends as `expired` if no worker has started it within this. */
  expiresIn?: Duration | undefined
  /** At most that of the task, unless the router says otherwise. */
  priority?: number | undefined
  /** At most as many as the task has. */
  attempts?: number | undefined
  /** At most what the task has. */
  timeLimit?: Duration | undefined
  tags?: readonly string[] | undefined
  /** Plain JSON, at most 4 KiB. */
  metadata?: Metadata | undefined
  /** A W3C traceparent: the trace that it belongs to. */
  trace?: Traceparent | undefined
}

/** What stands for one job alone. */
interface OneJobWire {
  id?: string | undefined
  idempotencyKey?: string | { key: string; window: Duration } | undefined
}

/** Which of the caller's jobs of a task. */
interface TaskFilterWire {
  tag?: string | undefined
  key?: string | undefined
  state?: JobState | undefined
}

/** Which of the caller's jobs. */
interface FilterWire extends TaskFilterWire {
  task?: string | undefined
}

interface PageWire {
  limit?: number | undefined
  after?: string | undefined
}

/** Where a subscription begins. `lastEventId`, which tRPC sends when it reconnects, wins over `from`. */
interface Place {
  from?: Cursor | 'start' | undefined
  lastEventId?: Cursor | null | undefined
}

type EnqueueWire<T extends TaskTypes> = undefined extends T['input']
  ? (EnqueueWireOptions & OneJobWire & { input?: T['input'] }) | undefined
  : EnqueueWireOptions & OneJobWire & { input: T['input'] }

/**
 * With `id` one job, up to its end, of which nothing but `logs` can be left out; without it all jobs of the task.
 * `logs`: whether `log` and `chunk` are wanted, where no types are named. Default true.
 */
type NoticesWire =
  | (Place & {
      id?: string | undefined
      types?: readonly JobNoticeType[] | undefined
      logs?: boolean | undefined
    })
  | undefined

type AllNoticesWire<Names> = (NonNullable<NoticesWire> & { tasks?: readonly Names[] | undefined }) | undefined

/** Each yielded value carries its cursor as tRPC's event id, so that every client resumes by itself. */
type Tracked<N> = AsyncIterable<{ id: Cursor; data: N }>

/** What an error of these procedures carries beyond tRPC's own: `error.data.lovage`. */
export type LovageErrorData = { [C in ErrorCode]: { code: C; details: ErrorDetails[C] } }[ErrorCode]

/** The user's own error shape with ours in it. */
export type WithLovage<Shape> = Shape & { data: { lovage?: LovageErrorData } }

export interface Def<Input, Output, Shape> {
  input: Input
  output: Output
  meta: unknown
  errorShape: Shape
}

// Aliases, not interfaces: only an alias fits tRPC's router record, which has an index signature.

interface RetryWire {
  id: string
  newId?: string | undefined
}

/** The procedures of one task. */
export type TaskProcedures<T extends TaskTypes, Name extends string, Shape> = {
  enqueue: TRPCMutationProcedure<Def<EnqueueWire<T>, Ticket<T, Name>, Shape>>
  /** At most 500 inputs: all are enqueued, or none. */
  enqueueMany: TRPCMutationProcedure<
    Def<EnqueueWireOptions & { inputs: readonly T['input'][] }, Ticket<T, Name>[], Shape>
  >
  get: TRPCQueryProcedure<Def<{ id: string }, Job<T, Name>, Shape>>
  cancel: TRPCMutationProcedure<Def<{ id: string; reason?: string | null | undefined }, CancelOutcome, Shape>>
  notices: TRPCSubscriptionProcedure<Def<NoticesWire, Tracked<Notice<T, Name>>, Shape>>
  list: TRPCQueryProcedure<Def<(TaskFilterWire & PageWire) | undefined, JobPage<Job<T, Name>>, Shape>>
  /** A failed job again, as a new one; under a `newId` of the caller's making, a UUIDv7, he may ask twice. */
  retry: TRPCMutationProcedure<Def<RetryWire, Ticket<T, Name>, Shape>>
  /** The caller's newest job, of a task with `rememberLast`. */
  last: TRPCQueryProcedure<Def<Record<never, never> | undefined, Ticket<T, Name> | null, Shape>>
}

/** The procedures that concern all tasks. */
export type AllProcedures<Tasks extends Named, Shape> = {
  get: TRPCQueryProcedure<Def<{ id: string }, JobOf<Tasks>, Shape>>
  cancel: TRPCMutationProcedure<Def<{ id: string; reason?: string | null | undefined }, CancelOutcome, Shape>>
  notices: TRPCSubscriptionProcedure<Def<AllNoticesWire<Tasks['name']>, Tracked<NoticeOf<Tasks>>, Shape>>
  retry: TRPCMutationProcedure<Def<RetryWire, JobRef, Shape>>
  list: TRPCQueryProcedure<Def<(FilterWire & PageWire) | undefined, JobPage<JobOf<Tasks>>, Shape>>
  cancelMany: TRPCMutationProcedure<
    Def<FilterWire & { reason?: string | null | undefined }, { cancelled: number }, Shape>
  >
  /** What `chain`, `group` and `chord` gave; tasks are named by the keys that lead to them, after those in `at`. */
  enqueueFlow: TRPCMutationProcedure<
    Def<
      {
        flow: FlowNode
        at?: string | undefined
        idempotencyKey?: OneJobWire['idempotencyKey']
        trace?: Traceparent | undefined
      },
      JobRef,
      Shape
    >
  >
  failed: FailedProcedures<Tasks, Shape>
} & ConsumerProcedures<Tasks, Shape>

/** The procedures for the caller's jobs that failed for good. */
type FailedProcedures<Tasks extends Named, Shape> = {
  list: TRPCQueryProcedure<
    Def<(PageWire & { task?: string | undefined }) | undefined, JobPage<FailedJob<JobOf<Tasks>>>, Shape>
  >
  retry: TRPCMutationProcedure<Def<{ id: string }, JobRef, Shape>>
  retryAll: TRPCMutationProcedure<Def<{ task?: string | undefined } | undefined, { retried: number }, Shape>>
  discard: TRPCMutationProcedure<Def<{ id: string }, void, Shape>>
  discardAll: TRPCMutationProcedure<
    Def<{ task?: string | undefined } | undefined, { discarded: number }, Shape>
  >
}

/** The procedures of each task of a tree, in the same nesting. */
export type TreeProcedures<Tree, Shape, Prefix extends string = ''> = {
  [K in keyof Tree & string]: Tree[K] extends Task<infer T>
    ? TaskProcedures<T, T['name'] extends string ? T['name'] : `${Prefix}${K}`, Shape>
    : TreeProcedures<Tree[K], Shape, `${Prefix}${K}.`>
}

/** The record of a jobs router. */
export type JobsRecord<Tree, Shape> = TreeProcedures<Tree, Shape> & AllProcedures<TasksOf<Tree>, Shape>
