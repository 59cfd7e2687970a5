/** The queue: the typed face of the engine, one entry for each task, beside the calls that concern all of them. */
import { type Clock, systemClock } from './clock.ts'
import { groupCalls } from './consume.ts'
import type { GroupInfo } from './consumer-store.ts'
import type { ConsumedOf, ConsumeOptions } from './consumer.ts'
import type { DeadNotice } from './consumers.ts'
import type { Cursor } from './cursor.ts'
import { Engine } from './engine.ts'
import type { EngineOptions } from './engine-options.ts'
import type { FlowEnqueueOptions, FlowOwnOptions, QueueEnqueueOptions } from './enqueue-options.ts'
import {
  discardAllFailed,
  discardFailed,
  type FailedFilter,
  type FailedJob,
  type FailedListOptions,
  listFailed,
  retryAllFailed,
  retryFailed,
} from './failed-jobs.ts'
import {
  callOf,
  type Flow,
  type FlowOptions,
  type FlowTypes,
  GROUP,
  type GroupTypes,
  type Step,
  stepOf,
  type StepOptions,
} from './flow-calls.ts'
import type { QueueEvents } from './events.ts'
import {
  type CancelOutcome,
  createHandle,
  type JobHandle,
  type JobRef,
  type JobSource,
  type ResultOptions,
  waitForResult,
} from './handle.ts'
import type { Inspection, InspectOptions } from './inspect.ts'
import type { Job } from './job.ts'
import { cancelMany, type JobFilter, type JobPage, listJobs, type ListOptions } from './listing.ts'
import type { JobNoticeType, JobOf, Notice, NoticeOf } from './notice.ts'
import {
  limitQueue,
  pauseTarget,
  type PauseTarget,
  type Schedules,
  schedulesOf,
  triggerSchedule,
} from './operations.ts'
import type { QueueDepth } from './queue-depth.ts'
import type { AnyStore } from './partitions/partition.ts'
import type { Counts } from './store.ts'
import { SharedTimer } from './shared-timer.ts'
import type { Task, TaskTypes } from './task.ts'
import type { LimitOptions } from './task-rules.ts'
import { type Named, taskList, type TasksOf, type TaskTree } from './tasks.ts'

export interface NoticesOptions<Tasks extends Named = Named> {
  /** Only these tasks. Default: all. */
  tasks?: readonly Tasks['name'][]
  /** Only these types. Default: all. */
  types?: readonly JobNoticeType[]
  /** Whether `log` and `chunk` are wanted, which may be many, where no types are named. Default true. */
  logs?: boolean
  /** Where to begin: a cursor, `'start'` for the oldest that is kept. Default: what comes from now on. */
  from?: Cursor | 'start'
  signal?: AbortSignal
}

type EnqueueArgs<T extends TaskTypes, Options> = undefined extends T['input']
  ? [input?: T['input'], options?: Options]
  : [input: T['input'], options?: Options]

/** What can be done with one task. `Options` differ between the queue and a client. */
export interface TaskCalls<T extends TaskTypes, Name extends string, Options = QueueEnqueueOptions> {
  /**
   * Puts one job in line and returns its handle.
   *
   * @throws LovageError `INPUT_INVALID`, `NOT_SERIALIZABLE`, `PAYLOAD_TOO_LARGE`, `OPTION_INVALID`, `STORE_UNAVAILABLE`,
   * `NOT_REPLICATED`
   */
  enqueue(...args: EnqueueArgs<T, Options>): Promise<JobHandle<T, Name>>
  /**
   * Many jobs at once, in order, in groups of up to 500: each group is enqueued whole or not at all. Beside the store
   * all inputs are checked before the first group is sent; a client has each group checked by the server.
   */
  enqueueMany(
    inputs: readonly T['input'][],
    options?: Omit<Options, 'id' | 'idempotencyKey'>,
  ): Promise<JobHandle<T, Name>[]>
  /** @throws LovageError `NOT_FOUND` also when the job is one of another task. */
  get(id: string): Promise<Job<T, Name>>
  cancel(id: string, reason?: string): Promise<CancelOutcome>
  result(id: string, options?: ResultOptions): Promise<T['output']>
  /** The notices of all jobs of this task. Goes on until the loop is left or the signal aborted. */
  notices(options?: Omit<NoticesOptions, 'tasks'>): AsyncGenerator<Notice<T, Name>, void, undefined>
  /** Jobs of this task by tag, key and state, a page at a time. */
  list(options?: Omit<ListOptions, 'task' | OwnerKey<Options>>): Promise<JobPage<Job<T, Name>>>
  /** The newest job of a task with `rememberLast`; `null` when there was none, or its outcome is no longer kept. */
  last(options?: OwnerOf<Options>): Promise<JobHandle<T, Name> | null>
  /** A job of this task as data, for flows and schedules. Nothing is enqueued. */
  call(...args: EnqueueArgs<T, FlowOptions<Options>>): Flow<T, Name>
  /** The same, with what stands before it in a chain as its input. */
  step(options?: StepOptions<Options>): Step<T, Name>
}

/** The owner, where a caller may name one. */
type OwnerOf<Options> = Pick<Options, Extract<keyof Options, 'owner'>>

/** The calls for each task of a tree, in the same nesting. */
export type CallsOf<Tree, Options, Prefix extends string = ''> = {
  readonly [K in keyof Tree & string]: Tree[K] extends Task<infer T>
    ? TaskCalls<T, T['name'] extends string ? T['name'] : `${Prefix}${K}`, Options>
    : CallsOf<Tree[K], Options, `${Prefix}${K}.`>
}

/** What cannot be said where owners are given by the server. */
type OwnerKey<Options> = 'owner' extends keyof Options ? never : 'owner'

/** The jobs that failed for good, as long as they are kept: the newest 10,000 of the last seven days. */
export interface FailedCalls<Tasks extends Named = Named, Options = QueueEnqueueOptions> {
  /** Newest first. */
  list(options?: Omit<FailedListOptions, OwnerKey<Options>>): Promise<JobPage<FailedJob<JobOf<Tasks>>>>
  /** A new job with the same input and options, and all its attempts. @throws LovageError `NOT_FOUND` */
  retry(id: string): Promise<JobHandle>
  retryAll(filter?: Omit<FailedFilter, OwnerKey<Options>>): Promise<{ retried: number }>
  /** Forgets it; its outcome stays as long as that is kept. @throws LovageError `NOT_FOUND` */
  discard(id: string): Promise<void>
  discardAll(filter?: Omit<FailedFilter, OwnerKey<Options>>): Promise<{ discarded: number }>
}

/** The calls that concern all tasks. */
export interface AllCalls<Tasks extends Named, Options = QueueEnqueueOptions> {
  get(id: string): Promise<JobOf<Tasks>>
  cancel(id: string, reason?: string): Promise<CancelOutcome>
  notices(options?: NoticesOptions<Tasks>): AsyncGenerator<NoticeOf<Tasks>, void, undefined>
  /**
   * Enqueues a whole flow at once, or nothing of it; at most 500 jobs. The handle is that of its last job, or of its
   * group: it tells how many parts are there, its result is the flow's, and to cancel it is to cancel them all.
   *
   * @throws LovageError `INPUT_INVALID`, `OPTION_INVALID`, `PAYLOAD_TOO_LARGE`
   */
  enqueueFlow<T extends TaskTypes, Name extends string>(
    flow: Flow<T, Name, unknown>,
    options?: FlowOwnOptions & OwnerOf<Options>,
  ): Promise<JobHandle<FlowTypes<T>, Name>>
  /** Jobs by tag, key, state and task, a page at a time. */
  list(options?: Omit<ListOptions, OwnerKey<Options>>): Promise<JobPage<JobOf<Tasks>>>
  /** Cancels all that the filter finds. Give at least one of tag, task, key and state. */
  cancelMany(filter: Omit<JobFilter, OwnerKey<Options>>, reason?: string): Promise<{ cancelled: number }>
  readonly failed: FailedCalls<Tasks, Options>
  /**
   * The notices of a named group, shared with all others who consume under this name: each goes to one of them, and
   * again, to whoever is there, until it is acked. The group goes on where it was, whoever comes and goes.
   *
   * @throws LovageError `OPTION_INVALID`, `TOO_MANY_GROUPS`, `GROUP_DELETED`, `CURSOR_INVALID`
   * @example for await (const n of jobs.consume('mailer', { tasks: ['invoice'] })) { …; await n.ack() }
   */
  consume<const Name extends Tasks['name'] = Tasks['name'], const Type extends JobNoticeType = JobNoticeType>(
    name: string,
    options?: ConsumeOptions<Name, Type>,
  ): AsyncGenerator<ConsumedOf<Extract<Tasks, { name: Name }>, Type>, void, undefined>
  /** The consumer groups, and how far each is. */
  groups(): Promise<GroupInfo[]>
  /** Deletes a group with its dead letters; loops of its members end with `GROUP_DELETED`. `false`: there was none. */
  deleteGroup(name: string): Promise<boolean>
  /** The newest notices that nobody of a group acked in as many deliveries as allowed, oldest first. Default 100. */
  deadNotices(name: string, options?: { limit?: number }): Promise<DeadNotice[]>
  /** A handle again from what `toJSON` gave, or from an id and a task's name: then it starts with a snapshot. */
  attach<Name extends Tasks['name']>(ref: {
    id: string
    task: Name
    cursor?: Cursor
  }): JobHandle<Extract<Tasks, { name: Name }>['types'], Name>
  attach(ref: {
    id: string
    task: typeof GROUP
    cursor?: Cursor
  }): JobHandle<GroupTypes<unknown>, typeof GROUP>
}

export type Queue<Tree extends TaskTree = TaskTree> = CallsOf<Tree, QueueEnqueueOptions> &
  AllCalls<TasksOf<Tree>> & {
    /** Without `owner` the group of whoever consumes beside the store. */
    deleteGroup(name: string, options?: { owner?: string | null }): Promise<boolean>
    deadNotices(name: string, options?: { owner?: string | null; limit?: number }): Promise<DeadNotice[]>
    counts(): Promise<Counts>
    /** The queues in which jobs wait, by name. */
    depths(): Promise<QueueDepth[]>
    /** Cancels every job of a task that has not begun: those that are queued, scheduled, or wait for others. */
    purge(target: { task: string }, reason?: string): Promise<{ cancelled: number }>
    /** Nothing of a queue, a task or a key starts until it is resumed; what runs goes on. Whether that changed anything. */
    pause(target: PauseTarget): Promise<boolean>
    resume(target: PauseTarget): Promise<boolean>
    paused(): Promise<PauseTarget[]>
    /** Limits all jobs of a queue together, for all workers, from now on; `null` takes the limit away. */
    limit(target: { queue: string }, limit: LimitOptions | null): Promise<void>
    readonly schedules: Schedules & {
      /** Enqueues the job of a schedule now, beside its ticks. @throws LovageError `OPTION_INVALID` */
      trigger(name: string): Promise<JobHandle>
    }
    /**
     * Who works, on what, and how fast: for operators, and for whatever scales workers.
     *
     * @throws LovageError `OPTION_INVALID`, `STORE_UNAVAILABLE`
     */
    inspect(options?: InspectOptions): Promise<Inspection>
    /** Calls back for each event of this kind, until the returned function is called. */
    on<E extends keyof QueueEvents>(event: E, listener: (event: QueueEvents[E]) => void): () => void
    /** Ends every loop that follows, and closes the store. */
    close(): Promise<void>
    /** What routers are built on. */
    readonly '~engine': Engine
  }

/** The queue over a store. `createQueue` of `@lovage/redis` opens the store as well. */
export function queueOver<const Tree extends TaskTree>(
  tasks: Tree,
  store: AnyStore,
  options: EngineOptions & { clock?: Clock } = {},
): Queue<Tree> {
  const engine = new Engine(tasks, store, options)
  const clock = new SharedTimer(options.clock ?? systemClock)
  const source = (task: string | undefined): JobSource => ({
    get: (id) => engine.get(id, { task }),
    cancel: (id, reason) => engine.cancel(id, { task, by: null, reason }),
    ending: (id, born, stop) => engine.ending(id, born, stop),
    follow: (id, from, signal, logs, born) => engine.follow(id, { task, from, signal, logs, born }),
  })
  const calls: Record<string, unknown> = {}
  for (const { name, keys } of taskList(tasks)) {
    const own = source(name)
    /** Of a job that was enqueued while the feed was read so. */
    const born = (ref: JobRef, reading: number): JobHandle => {
      const { cursor } = ref
      return createHandle(own, ref, clock, cursor === '' ? undefined : { cursor, reading })
    }
    const taskCalls: TaskCalls<TaskTypes, string> = {
      enqueue: (input, enqueueOptions) => {
        const { reading } = engine
        return engine.enqueueAs(name, input, enqueueOptions, (ref) => born(ref, reading))
      },
      enqueueMany: async (inputs, enqueueOptions) => {
        const { reading } = engine
        const refs = await engine.enqueueMany(name, inputs, enqueueOptions)
        return refs.map((ref) => born(ref, reading))
      },
      get: own.get,
      cancel: (id, reason) => own.cancel(id, reason ?? null),
      result: (id, resultOptions) => waitForResult(own, id, clock, resultOptions),
      notices: (feedOptions) => engine.feed({ ...feedOptions, tasks: [name] }),
      list: (listOptions) => listJobs(engine, { ...listOptions, task: name }),
      last: async (lastOptions) => {
        const ref = await engine.last(name, lastOptions?.owner)
        return ref && createHandle(own, ref, clock)
      },
      call: (input, callOptions) => callOf(name, input, callOptions),
      step: (stepOptions) => stepOf(name, stepOptions),
    }
    place(calls, keys, taskCalls)
  }
  const all = source(undefined)
  const anyHandle = (ref: JobRef): JobHandle => createHandle(all, ref, clock)
  return Object.assign(calls, {
    get: all.get,
    cancel: (id: string, reason?: string) => all.cancel(id, reason ?? null),
    notices: (feedOptions?: NoticesOptions) => engine.feed(feedOptions ?? {}),
    enqueueFlow: async (flow: Flow, flowOptions?: FlowEnqueueOptions) =>
      anyHandle(await engine.enqueueFlow(flow, flowOptions)),
    list: (listOptions?: ListOptions) => listJobs(engine, listOptions),
    cancelMany: (filter: JobFilter, reason?: string) =>
      cancelMany(engine, filter, { by: null, reason: reason ?? null }),
    failed: {
      list: (listOptions?: FailedListOptions) => listFailed(engine, listOptions),
      retry: async (id: string) => anyHandle(await retryFailed(engine, id)),
      retryAll: (filter?: FailedFilter) => retryAllFailed(engine, filter),
      discard: (id: string) => discardFailed(engine, id),
      discardAll: (filter?: FailedFilter) => discardAllFailed(engine, filter),
    },
    purge: async ({ task }: { task: string }, reason?: string) => {
      const states = ['queued', 'scheduled', 'waiting'] as const
      let cancelled = 0
      for (const state of states)
        cancelled += (await cancelMany(engine, { task, state }, { by: null, reason: reason ?? 'purged' }))
          .cancelled
      return { cancelled }
    },
    pause: (target: PauseTarget) => store.pause(pauseTarget(engine, target)),
    resume: (target: PauseTarget) => store.resume(pauseTarget(engine, target)),
    paused: () => store.paused(),
    limit: (target: { queue: string }, limit: LimitOptions | null) => limitQueue(engine, target, limit),
    schedules: {
      ...schedulesOf(engine),
      trigger: async (name: string) => anyHandle(await triggerSchedule(engine, name)),
    },
    consume: (name: string, consumeOptions: ConsumeOptions = {}) => engine.consume(name, consumeOptions),
    ...groupCalls(engine.consumers),
    attach: (ref: { id: string; task: string; cursor?: Cursor }) => {
      if (ref.task !== GROUP) engine.task(ref.task)
      return createHandle(source(ref.task), { ...ref, cursor: ref.cursor ?? '' }, clock)
    },
    counts: () => store.counts(),
    depths: () => store.depths(),
    inspect: (options?: InspectOptions) => engine.inspect(options),
    on: engine.events.on.bind(engine.events),
    close: async () => {
      await engine.close()
      clock.close()
    },
    '~engine': engine,
  }) as unknown as Queue<Tree>
}

function place(into: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const last = keys.length - 1
  let level = into
  for (const key of keys.slice(0, last)) level = (level[key] ??= {}) as Record<string, unknown>
  level[keys[last] as string] = value
}
