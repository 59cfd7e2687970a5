export { anyOf } from './any-of.ts'
export {
  type Backoff,
  backoffMs,
  type Growth,
  retryDelayMs,
  type RetryOptions,
  type RetryPolicy,
} from './backoff.ts'
export { type Clock, sleep, systemClock } from './clock.ts'
export { decode, encode, type Encoded, encodedBytes } from './codec.ts'
export { decodeStored, SEALED } from './stored-value.ts'
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
export { groupOf, memberRequest } from './consume.ts'
export type { AckOutcome, ConsumedOf, ConsumeOptions } from './consumer.ts'
export type { DeadNotice } from './consumers.ts'
export { Deadlines } from './deadlines.ts'
export { FreshMap } from './fresh-map.ts'
export type { DeliveredNotice } from './delivery.ts'
export { checkCursor, compareCursors, type Cursor, parseCursor, seqOf, START, streamId } from './cursor.ts'
export { type Durability, type Replication } from './durability.ts'
export { type Duration, durationMs } from './duration.ts'
export {
  type AnyLovageError,
  type ErrorCode,
  type ErrorDetails,
  isLovageError,
  LovageError,
} from './errors.ts'
export { Events, type Following, type QueueEvents } from './events.ts'
export type { BoundTask, HandlerOf, Handlers, JobContext, RunsItself } from './handler.ts'
export { Engine, type FeedOptions } from './engine.ts'
export type { EngineOptions } from './engine-options.ts'
export type { Scope } from './scope.ts'
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
export { numberIn } from './number-in.ts'
export {
  type AttemptRecord,
  type Failure,
  type FinalState,
  HISTORY_MAX,
  isFinal,
  type Job,
  type JobState,
  type LiveState,
  type Metadata,
} from './job.ts'
export type { ChildView, PoolView } from './pool-view.ts'
export type { QueueDepth, QueueView } from './queue-depth.ts'
export { type Retention, type RetentionOptions, retentionOf } from './retention.ts'
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
export type { EnqueueOptions, QueueEnqueueOptions } from './enqueue-options.ts'
export {
  discardAllFailed,
  discardFailed,
  type FailedFilter,
  type FailedJob,
  type FailedListOptions,
  listFailed,
  retryAllFailed,
  retryFailed,
} from './failed-jobs.ts'
export {
  FLOW_EXPIRED,
  FLOW_FAILED,
  type FlowPlace,
  type FlowProgress,
  type KeptPart,
  type Part,
} from './flow.ts'
export {
  callOf,
  chain,
  chord,
  type Flow,
  type FlowNode,
  type FlowOptions,
  type FlowTypes,
  GROUP,
  group,
  type GroupTypes,
  keep,
  type Step,
  stepOf,
  type StepOptions,
} from './flow-calls.ts'
export { joinParts, mergedMeta } from './join-parts.ts'
export type { Limit, LimitRule, PauseTarget } from './limits.ts'
export { cancelMany, type JobFilter, type JobPage, listJobs, type ListOptions } from './listing.ts'
export type { Terms } from './new-job.ts'
export { pauseTarget, type Schedule, type Schedules, schedulesOf, triggerSchedule } from './operations.ts'
export {
  type AllCalls,
  type CallsOf,
  type FailedCalls,
  type NoticesOptions,
  type Queue,
  queueOver,
  type TaskCalls,
} from './queue.ts'
export {
  type AnyStore,
  type JobStore,
  type Partition,
  type PartitionedStore,
  partitionsOf,
} from './partitions/partition.ts'
export { refused } from './refused.ts'
export { type FireReply, type FireRequest, type StoredSchedule, type Tick } from './schedule.ts'
export {
  type Missed,
  type Overlap,
  readPlan,
  type SchedulePlan,
  type ScheduleTiming,
  type TaskSchedule,
} from './schedule-plan.ts'
export { checkSchedules, declaredSchedules } from './schedules.ts'
export { type Issue, parse, type Parsed, type Schema } from './schema.ts'
export { SHOWN_OPTIONS, shownOf, type ShownOptions } from './shown-options.ts'
export { type AbortReason, Discard, isDiscard, isRetry, Retry } from './signals.ts'
export { ENQUEUE_MAX, PRIORITY_RUN, STEP_MAX, TICK_LEASE_MS } from './store.ts'
export type {
  CancelReply,
  CancelRequest,
  Claimed,
  Counts,
  Enqueued,
  Found,
  Held,
  Hold,
  JobOptions,
  JobRecord,
  JoinRequest,
  NewJob,
  Outcome,
  Page,
  ProgressReport,
  Search,
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
  type DeclaredSchedule,
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
export {
  type Debounce,
  DEFAULT_QUEUE,
  type LimitOptions,
  limitOf,
  queueName,
  type RateLimit,
  type RuleOptions,
  type Singleton,
  type TaskRules,
} from './task-rules.ts'
export { fireRequest } from './ticks.ts'
export {
  type AttemptSpan,
  isTraceparent,
  type TracedAttempt,
  type TracedEnqueue,
  type Traceparent,
  traceparentOf,
  type Tracing,
  type WithTrace,
} from './trace.ts'
export { OVER } from './over.ts'
export type { Unique } from './unique.ts'
export { VERSION } from './version.ts'
export { type Placed, Unordered } from './unordered.ts'
