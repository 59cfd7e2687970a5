/**
 * The engine: what a queue, a router and nobody else calls. It knows tasks by name, checks inputs, encodes values,
 * keeps owners apart, and turns stored records into jobs and notices. The store below it only keeps.
 */
import { type Clock, systemClock } from './clock.ts'
import { encode, encodedBytes } from './codec.ts'
import { consumeHere } from './consume.ts'
import type { ConsumedOf, ConsumeOptions } from './consumer.ts'
import { Consumers } from './consumers.ts'
import { type Cursor, START } from './cursor.ts'
import { durationMs } from './duration.ts'
import { isLovageError, LovageError } from './errors.ts'
import { Events, type QueueEvents } from './events.ts'
import { type Batch, followJob, type JobFollow, oneByOne, readFeed } from './feed.ts'
import type { CancelOutcome, JobRef } from './handle.ts'
import { Hub, type Listener } from './hub.ts'
import { enqueuedAtOf, newJobId } from './id.ts'
import { type Inspection, inspectionOf, type InspectOptions, runningLimit } from './inspect.ts'
import type { Job } from './job.ts'
import { isSaid } from './log.ts'
import { JOB_NOTICE_TYPES, type Notice } from './notice.ts'
import type { NoticesOptions, QueueEnqueueOptions } from './queue.ts'
import { parse, type Issue } from './schema.ts'
import { jobOf, sharedNoticeOf, subjectOf } from './snapshot.ts'
import { ENQUEUE_MAX, type JobOptions, type NewJob, type Snapshot, type Store } from './store.ts'
import { type AnyTask, task as defineTask } from './task.ts'
import { type Named, type NamedTask, taskList, type TaskTree } from './tasks.ts'
import { tellEnqueue, tellFollowing } from './telling.ts'

export interface EngineOptions {
  /** How long results are kept, unless the task says otherwise, in ms. Default 24 h. */
  resultTtlMs?: number
  /** Largest input, encoded, in bytes. Default 1 MiB. */
  maxPayloadBytes?: number
  /**
   * Takes every name of a task as it is, with no schema and all defaults where no definition is there for it: for
   * operators' tools, which know names alone. Default false.
   */
  acceptsUnknownTasks?: boolean
  clock?: Clock
  /** Between 0 and 1; for the jitter of reconnects. */
  random?: () => number
  /** Hears once, after the first use, what an operator should know about the store's settings. Default `console.warn`. */
  onWarning?: (message: string) => void
}

/** Which jobs a caller may touch. Absent: whatever task, whosever it is. */
export interface Scope {
  task?: string | undefined
  owner?: string | undefined
}

/** Whose notices of which jobs. */
export type FeedOptions = NoticesOptions & Partial<Listener> & { owner?: string | undefined }

const UNSAID = JOB_NOTICE_TYPES.filter((type) => !isSaid(type))

const DEFAULT_RESULT_TTL_MS = 86_400_000
const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576

export class Engine {
  readonly store: Store
  /** Every task with the keys that lead to it: what a router is laid out by. */
  readonly tasks: readonly NamedTask[]
  /** What happens here, for logs, metrics and tests. */
  readonly events = new Events<QueueEvents>('queue.error')
  readonly #tasks: ReadonlyMap<string, AnyTask>
  readonly consumers: Consumers
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #resultTtlMs: number
  readonly #shortestTtlMs: number
  readonly #maxPayloadBytes: number
  readonly #acceptsUnknownTasks: boolean
  readonly #warn: (message: string) => void
  #isChecked = false

  constructor(tasks: TaskTree, store: Store, options: EngineOptions = {}) {
    this.store = store
    this.tasks = taskList(tasks)
    this.#tasks = new Map(this.tasks.map(({ name, task }) => [name, task]))
    this.#clock = options.clock ?? systemClock
    this.#resultTtlMs = options.resultTtlMs ?? DEFAULT_RESULT_TTL_MS
    this.#shortestTtlMs = Math.min(
      this.#resultTtlMs,
      ...[...this.#tasks.keys()].map((name) => this.ttlMs(name)),
    )
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES
    this.#acceptsUnknownTasks = options.acceptsUnknownTasks ?? false
    this.#warn = options.onWarning ?? console.warn
    const { random = Math.random } = options
    this.#hub = new Hub(store, this.#clock, random)
    this.consumers = new Consumers(store, this.#hub, this.#clock, random)
  }

  /** @throws LovageError `TASK_UNKNOWN` */
  task(name: string): AnyTask {
    const task = this.#tasks.get(name)
    if (task !== undefined) return task
    if (this.#acceptsUnknownTasks) return defineTask({ name })
    throw new LovageError('TASK_UNKNOWN', { task: name, known: [...this.#tasks.keys()] })
  }

  /** How long the results of a task are kept, in ms. */
  ttlMs(name: string): number {
    return this.#tasks.get(name)?.resultTtlMs ?? this.#resultTtlMs
  }

  enqueue(name: string, input: unknown, options: QueueEnqueueOptions = {}): Promise<JobRef> {
    return tellEnqueue(this.events, name, 1, this.#enqueue(name, input, options))
  }

  async #enqueue(name: string, input: unknown, options: QueueEnqueueOptions): Promise<JobRef> {
    const task = this.task(name)
    this.#checkOnce()
    // Where the schema answers at once nothing is awaited here, so that the calls of one tick reach the store together.
    const checking = parse(task.input, input)
    const checked = checking instanceof Promise ? await checking : checking
    if (!checked.ok) throw new LovageError('INPUT_INVALID', { task: name, issues: checked.issues })
    const job = this.#newJob(name, task, input, options)
    const [enqueued] = await this.store.enqueue([job])
    return { id: job.id, task: name, cursor: (enqueued as { cursor: Cursor }).cursor }
  }

  enqueueMany(
    name: string,
    inputs: readonly unknown[],
    options: Omit<QueueEnqueueOptions, 'id'> = {},
  ): Promise<JobRef[]> {
    return tellEnqueue(this.events, name, inputs.length, this.#enqueueMany(name, inputs, options))
  }

  async #enqueueMany(
    name: string,
    inputs: readonly unknown[],
    options: Omit<QueueEnqueueOptions, 'id'>,
  ): Promise<JobRef[]> {
    const task = this.task(name)
    this.#checkOnce()
    const issues: Issue[] = []
    for (const [index, input] of inputs.entries()) {
      const checking = parse(task.input, input)
      const checked = checking instanceof Promise ? await checking : checking
      if (!checked.ok) issues.push(...checked.issues.map((issue) => at(index, issue)))
    }
    if (issues.length > 0) throw new LovageError('INPUT_INVALID', { task: name, issues })
    const jobs = inputs.map((input) => this.#newJob(name, task, input, options))
    const refs: JobRef[] = []
    for (let from = 0; from < jobs.length; from += ENQUEUE_MAX) {
      const group = jobs.slice(from, from + ENQUEUE_MAX)
      const enqueued = await this.store.enqueue(group)
      group.forEach(({ id }, index) => {
        refs.push({ id, task: name, cursor: (enqueued[index] as { cursor: Cursor }).cursor })
      })
    }
    return refs
  }

  async get(id: string, scope: Scope = {}): Promise<Job> {
    return jobOf(await this.snapshot(id, scope))
  }

  /** @throws LovageError `NOT_FOUND` also for a job outside the scope: strangers learn nothing. */
  async snapshot(id: string, scope: Scope): Promise<Snapshot> {
    this.#checkOnce()
    const snapshot = await this.store.get(id)
    if (snapshot === null) throw this.#absent(id, scope.task)
    const { task, owner } = subjectOf(snapshot)
    const foreign =
      (scope.task !== undefined && scope.task !== task) ||
      (scope.owner !== undefined && scope.owner !== owner)
    if (foreign) throw new LovageError('NOT_FOUND', { id })
    return snapshot
  }

  async cancel(
    id: string,
    { by, reason, ...scope }: Scope & { by: string | null; reason: string | null },
  ): Promise<CancelOutcome> {
    const { task } = subjectOf(await this.snapshot(id, scope))
    const reply = await this.store.cancel({ id, by, reason, ttlMs: this.ttlMs(task) })
    switch (reply.outcome) {
      case 'cancelled':
        return { outcome: 'cancelled' }
      case 'ended':
        return reply
      case 'missing':
        throw this.#absent(id, task)
      default:
        return reply satisfies never
    }
  }

  /** One job's notices: after `from`, or from a snapshot on. Ends after the terminal notice. */
  follow(id: string, options: Scope & JobFollow): AsyncGenerator<Notice, void, undefined> {
    return oneByOne(this.#follow(id, options), options.signal)
  }

  /** The same in the batches that came together, for who only hands them on: what is in them is shared. */
  followInBatches(id: string, options: Scope & JobFollow): AsyncGenerator<Batch, void, undefined> {
    return this.#follow(id, { ...options, toNotice: sharedNoticeOf })
  }

  /** The notices of many jobs. Goes on until the signal is aborted or the loop is left. */
  feed(options: FeedOptions): AsyncGenerator<Notice, void, undefined> {
    const { signal = new AbortController().signal } = options
    return oneByOne(this.#feed({ ...options, signal }), signal)
  }

  /** The same in the batches that came together, for who only hands them on: what is in them is shared. */
  feedInBatches(options: FeedOptions): AsyncGenerator<Batch, void, undefined> {
    const { signal = new AbortController().signal } = options
    return this.#feed({ ...options, signal, toNotice: sharedNoticeOf })
  }

  #follow(
    id: string,
    { owner, task, logs = true, ...listening }: Scope & JobFollow,
  ): AsyncGenerator<Batch, void, undefined> {
    // The owner stands at every notice, too: an id that was forgotten may be enqueued anew, by somebody else.
    const match = { jobId: id, owner, types: logs ? undefined : new Set(UNSAID) }
    const notices = followJob(this.#hub, this.store, () => this.snapshot(id, { owner, task }), {
      ...listening,
      match,
      logs,
    })
    return tellFollowing(this.events, this.#clock, { of: 'job', id }, notices)
  }

  #feed({
    tasks,
    types,
    logs = true,
    from,
    owner,
    ...listening
  }: FeedOptions & Pick<JobFollow, 'signal' | 'toNotice'>): AsyncGenerator<Batch, void, undefined> {
    this.#checkOnce()
    for (const name of tasks ?? []) this.task(name)
    const notices = readFeed(this.#hub, this.store, {
      ...listening,
      match: {
        tasks: tasks === undefined ? undefined : new Set(tasks),
        types: types === undefined && logs ? undefined : new Set(types ?? UNSAID),
        owner,
      },
      from: from === 'start' ? START : from,
    })
    return tellFollowing(this.events, this.#clock, { of: 'feed' }, notices)
  }

  async inspect(options: InspectOptions = {}): Promise<Inspection> {
    const running = runningLimit(options)
    const [seen, counts] = await Promise.all([this.store.inspect({ running }), this.store.counts()])
    return inspectionOf(seen, counts)
  }

  /** A consumer beside the store. */
  consume(name: string, options: ConsumeOptions): AsyncGenerator<ConsumedOf<Named>, void, undefined> {
    this.#checkOnce()
    for (const task of options.tasks ?? []) this.task(task)
    return consumeHere(this.consumers, name, options)
  }

  async close(): Promise<void> {
    this.consumers.close()
    this.#hub.close()
    await this.store.close()
  }

  /** Nobody waits for it: what it finds is advice, and a store that cannot be reached is told to whoever calls it. */
  #checkOnce(): void {
    if (this.#isChecked) return
    this.#isChecked = true
    this.store.check().then(
      (warnings) => warnings.forEach((warning) => this.#warn(warning)),
      (error: unknown) => {
        if (isLovageError(error, 'STORE_UNSUPPORTED')) this.#warn(error.message)
        else this.#isChecked = false // not reached: the next use looks again
      },
    )
  }

  #newJob(name: string, task: AnyTask, input: unknown, options: QueueEnqueueOptions): NewJob {
    const encoded = encode(input)
    const bytes = encodedBytes(encoded)
    if (bytes > this.#maxPayloadBytes) {
      throw new LovageError('PAYLOAD_TOO_LARGE', { bytes, maxBytes: this.#maxPayloadBytes })
    }
    const id = options.id ?? newJobId()
    if (options.id !== undefined && enqueuedAtOf(options.id) === null) {
      throw new LovageError('OPTION_INVALID', {
        option: 'id',
        seen: options.id,
        expected: 'a UUIDv7, as newJobId() makes',
      })
    }
    return {
      id,
      task: name,
      owner: options.owner ?? null,
      input: encoded,
      options: jobOptions(options),
      delayMs: options.delay === undefined ? 0 : durationMs(options.delay, 'delay'),
      announce: task.notices.includes('queued'),
    }
  }

  /**
   * An absent job is unknown, or it ended so long ago that its result was dropped. Ids tell their age, so the two can
   * be told apart without keeping a tombstone for every job there ever was.
   */
  #absent(id: string, task: string | undefined): LovageError {
    const enqueuedAt = enqueuedAtOf(id)
    const keptMs = task === undefined ? this.#shortestTtlMs : this.ttlMs(task)
    return enqueuedAt !== null && enqueuedAt + keptMs < this.#clock.now()
      ? new LovageError('RESULT_EXPIRED', { id, keptMs })
      : new LovageError('NOT_FOUND', { id })
  }
}

function jobOptions({ attempts, timeLimit }: QueueEnqueueOptions): JobOptions {
  const options: JobOptions = {}
  if (attempts !== undefined) {
    if (!Number.isInteger(attempts) || attempts < 1) {
      throw new LovageError('OPTION_INVALID', {
        option: 'attempts',
        seen: String(attempts),
        expected: 'a whole number from 1',
      })
    }
    options.attempts = attempts
  }
  if (timeLimit !== undefined) options.timeLimitMs = durationMs(timeLimit, 'timeLimit')
  return options
}

/** An issue of one of many inputs, its path led by the input's place: `[3].texts`. */
function at(index: number, { path, message }: Issue): Issue {
  const rest = path === '' || path.startsWith('[') ? path : `.${path}`
  return { path: `[${index}]${rest}`, message }
}
