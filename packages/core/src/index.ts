export { type Growth, type Backoff, backoffMs, type RetryOptions, type RetryPolicy } from './backoff.ts'
export { type Clock, sleep, systemClock } from './clock.ts'
export { decode, encode, type Encoded, encodedBytes } from './codec.ts'
export {
  byOwnerAndName,
  type ConsumerStore,
  DEAD_MAX,
  type Delivered,
  type Delivery,
  type GroupInfo,
  type GroupRef,
  type GroupRules,
  MEMBER_TTL_MS,
  type OpenGroupRequest,
  type PullReply,
  type PullRequest,
  SCAN_MAX,
  WINDOW_MAX,
} from './consumer-store.ts'
export { ackWaitMsOf, groupOf, memberRequest, newMember } from './consume.ts'
export {
  type AckOutcome,
  type ConsumedOf,
  consumeFrom,
  type ConsumeOptions,
  type ConsumerParts,
  type ConsumerSource,
} from './consumer.ts'
export type { DeadNotice } from './consumers.ts'
export type { DeliveredNotice } from './delivery.ts'
export { compareCursors, type Cursor, parseCursor, START, streamId } from './cursor.ts'
export { type Duration, durationMs } from './duration.ts'
export {
  type AnyLovageError,
  type ErrorCode,
  type ErrorDetails,
  isLovageError,
  LovageError,
} from './errors.ts'
export { Events, type Following, type QueueEvents } from './events.ts'
export type { BoundTask, HandlerOf, Handlers, JobContext } from './handler.ts'
export { Engine, type EngineOptions, type FeedOptions, type Scope } from './engine.ts'
export type { Batch } from './feed.ts'
export { newestProgress } from './subscriber.ts'
export {
  type CancelOutcome,
  createHandle,
  type FollowOptions,
  type JobHandle,
  type JobRef,
  type JobSource,
  type ResultOptions,
  waitForResult,
} from './handle.ts'
export { Histogram, type HistogramData } from './histogram.ts'
export { enqueuedAtOf, newJobId } from './id.ts'
export {
  type Ended,
  type Inspectable,
  type Inspection,
  type InspectOptions,
  type Latency,
  type Pulse,
  RUNNING_MAX,
  type RunningJob,
  type StoredInspection,
  type StoredRun,
  type StoredSession,
  type Tally,
  type TaskStats,
  type WorkerInfo,
  type WorkerView,
} from './inspect.ts'
export { type Failure, type FinalState, isFinal, type Job, type JobState, type LiveState } from './job.ts'
export {
  createLog,
  isSaid,
  type JobLog,
  type LineFields,
  type LineLevel,
  type LogLine,
  type Said,
  SAID_KEPT_BYTES,
  type SaidPart,
  type SaidReport,
  type SaidStore,
} from './log.ts'
export {
  type FeedNotice,
  isTerminal,
  JOB_NOTICE_TYPES,
  type JobNotice,
  type JobNoticeType,
  type JobOf,
  type Notice,
  type NoticeOf,
} from './notice.ts'
export {
  type AllCalls,
  type CallsOf,
  type EnqueueOptions,
  type NoticesOptions,
  type Queue,
  type QueueEnqueueOptions,
  queueOver,
  type TaskCalls,
} from './queue.ts'
export { type Issue, parse, type Parsed, type Schema } from './schema.ts'
export { type AbortReason, Discard, isDiscard, isRetry, Retry } from './signals.ts'
export { ENQUEUE_MAX, STEP_MAX } from './store.ts'
export type {
  CancelReply,
  CancelRequest,
  Claimed,
  Counts,
  Enqueued,
  Held,
  Hold,
  JobOptions,
  JobRecord,
  JoinRequest,
  NewJob,
  Outcome,
  Page,
  ProgressReport,
  Settlement,
  Snapshot,
  StepReply,
  StepRequest,
  Store,
  StoredNotice,
  Wake,
} from './store.ts'
export { streamBounds, type StreamBounds } from './stream-bounds.ts'
export {
  type AnyTask,
  type ExtraNotice,
  type Isolation,
  isRunnable,
  type RunnableTask,
  type Task,
  task,
  type TaskOptions,
  type TaskTypes,
  type TypesOf,
} from './task.ts'
export {
  defineTasks,
  isTask,
  type Named,
  type NamedTask,
  RESERVED,
  taskList,
  type TasksOf,
  type TaskTree,
} from './tasks.ts'
export { VERSION } from './version.ts'
