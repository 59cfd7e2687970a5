/** The queue: the typed face of the engine, one entry for each task, beside the calls that concern all of them. */
import { type Clock, systemClock } from './clock.ts'
import { groupCalls } from './consume.ts'
import type { GroupInfo } from './consumer-store.ts'
import type { ConsumedOf, ConsumeOptions } from './consumer.ts'
import type { DeadNotice } from './consumers.ts'
import type { Cursor } from './cursor.ts'
import type { Duration } from './duration.ts'
import { Engine, type EngineOptions } from './engine.ts'
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
import type { JobNoticeType, JobOf, Notice, NoticeOf } from './notice.ts'
import type { Counts, Store } from './store.ts'
import type { Task, TaskTypes } from './task.ts'
import { type Named, taskList, type TasksOf, type TaskTree } from './tasks.ts'

export interface EnqueueOptions {
  /** The job's id, a UUIDv7 of your own making (`newJobId()`): enqueuing it twice makes one job. Default: a new one. */
  id?: string
  /** Earliest start, counted from now. Default: at once. */
  delay?: Duration
  /** Attempts in all. Default: as the task says. */
  attempts?: number
  /** How long one attempt may run. Default: as the task says. */
  timeLimit?: Duration
}

/** At the queue itself a job may be given to an owner; at the server the router does that. */
export interface QueueEnqueueOptions extends EnqueueOptions {
  owner?: string
}

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
   * @throws LovageError `INPUT_INVALID`, `NOT_SERIALIZABLE`, `PAYLOAD_TOO_LARGE`, `OPTION_INVALID`, `STORE_UNAVAILABLE`
   */
  enqueue(...args: EnqueueArgs<T, Options>): Promise<JobHandle<T, Name>>
  /**
   * Many jobs at once, in order, in groups of up to 500: each group is enqueued whole or not at all. Beside the store
   * all inputs are checked before the first group is sent; a client has each group checked by the server.
   */
  enqueueMany(inputs: readonly T['input'][], options?: Omit<Options, 'id'>): Promise<JobHandle<T, Name>[]>
  /** @throws LovageError `NOT_FOUND` also when the job is one of another task. */
  get(id: string): Promise<Job<T, Name>>
  cancel(id: string, reason?: string): Promise<CancelOutcome>
  result(id: string, options?: ResultOptions): Promise<T['output']>
  /** The notices of all jobs of this task. Goes on until the loop is left or the signal aborted. */
  notices(options?: Omit<NoticesOptions, 'tasks'>): AsyncGenerator<Notice<T, Name>, void, undefined>
}

/** The calls for each task of a tree, in the same nesting. */
export type CallsOf<Tree, Options, Prefix extends string = ''> = {
  readonly [K in keyof Tree & string]: Tree[K] extends Task<infer T>
    ? TaskCalls<T, T['name'] extends string ? T['name'] : `${Prefix}${K}`, Options>
    : CallsOf<Tree[K], Options, `${Prefix}${K}.`>
}

/** The calls that concern all tasks. */
export interface AllCalls<Tasks extends Named> {
  get(id: string): Promise<JobOf<Tasks>>
  cancel(id: string, reason?: string): Promise<CancelOutcome>
  notices(options?: NoticesOptions<Tasks>): AsyncGenerator<NoticeOf<Tasks>, void, undefined>
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
}

export type Queue<Tree extends TaskTree = TaskTree> = CallsOf<Tree, QueueEnqueueOptions> &
  AllCalls<TasksOf<Tree>> & {
    /** Without `owner` the group of whoever consumes beside the store. */
    deleteGroup(name: string, options?: { owner?: string | null }): Promise<boolean>
    deadNotices(name: string, options?: { owner?: string | null; limit?: number }): Promise<DeadNotice[]>
    counts(): Promise<Counts>
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
  store: Store,
  options: EngineOptions & { clock?: Clock } = {},
): Queue<Tree> {
  const engine = new Engine(tasks, store, options)
  const clock = options.clock ?? systemClock
  const source = (task: string | undefined): JobSource => ({
    get: (id) => engine.get(id, { task }),
    cancel: (id, reason) => engine.cancel(id, { task, by: null, reason }),
    follow: (id, from, signal, logs) => engine.follow(id, { task, from, signal, logs }),
  })
  const calls: Record<string, unknown> = {}
  for (const { name, keys } of taskList(tasks)) {
    const own = source(name)
    const handle = (ref: JobRef): JobHandle => createHandle(own, ref, clock)
    const taskCalls: TaskCalls<TaskTypes, string> = {
      enqueue: async (input, enqueueOptions) => handle(await engine.enqueue(name, input, enqueueOptions)),
      enqueueMany: async (inputs, enqueueOptions) =>
        (await engine.enqueueMany(name, inputs, enqueueOptions)).map(handle),
      get: own.get,
      cancel: (id, reason) => own.cancel(id, reason ?? null),
      result: (id, resultOptions) => waitForResult(own, id, clock, resultOptions),
      notices: (feedOptions) => engine.feed({ ...feedOptions, tasks: [name] }),
    }
    place(calls, keys, taskCalls)
  }
  const all = source(undefined)
  return Object.assign(calls, {
    get: all.get,
    cancel: (id: string, reason?: string) => all.cancel(id, reason ?? null),
    notices: (feedOptions?: NoticesOptions) => engine.feed(feedOptions ?? {}),
    consume: (name: string, consumeOptions: ConsumeOptions = {}) => engine.consume(name, consumeOptions),
    ...groupCalls(engine.consumers),
    attach: (ref: { id: string; task: string; cursor?: Cursor }) => {
      engine.task(ref.task)
      return createHandle(source(ref.task), { ...ref, cursor: ref.cursor ?? '' }, clock)
    },
    counts: () => store.counts(),
    inspect: (options?: InspectOptions) => engine.inspect(options),
    on: engine.events.on.bind(engine.events),
    close: () => engine.close(),
    '~engine': engine,
  }) as unknown as Queue<Tree>
}

function place(into: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const last = keys.length - 1
  let level = into
  for (const key of keys.slice(0, last)) level = (level[key] ??= {}) as Record<string, unknown>
  level[keys[last] as string] = value
}
