/**
 * The engine: what a queue, a router and nobody else calls. It knows tasks by name, checks inputs, encodes values,
 * keeps owners apart, and turns stored records into jobs and notices. The store below it only keeps.
 */
import type { Birth } from './birth.ts'
import { type Clock, systemClock } from './clock.ts'
import { consumeHere } from './consume.ts'
import type { ConsumedOf, ConsumeOptions } from './consumer.ts'
import { START } from './cursor.ts'
import { type Durability, type Replication, replicationOf } from './durability.ts'
import type { EngineOptions } from './engine-options.ts'
import type { FlowEnqueueOptions, QueueEnqueueOptions } from './enqueue-options.ts'
import { isLovageError, LovageError } from './errors.ts'
import { Events, type QueueEvents } from './events.ts'
import { type Batch, type Follow, oneByOne } from './feed.ts'
import { Feeds } from './feeds.ts'
import type { JobFollow } from './follow-job.ts'
import type { CancelOutcome, JobRef } from './handle.ts'
import { type Flow, GROUP } from './flow-calls.ts'
import { jobsOfFlow } from './flow-jobs.ts'
import { enqueuedAtOf } from './id.ts'
import { type Inspection, inspectionOf, type InspectOptions, runningLimit } from './inspect.ts'
import type { Job } from './job.ts'
import { isSaid } from './log.ts'
import { newJob, type Terms } from './new-job.ts'
import { JOB_NOTICE_TYPES, type JobNoticeType, type Notice } from './notice.ts'
import type { ConsumerCalls } from './partitions/joint-consumers.ts'
import { type AnyStore, idBeside, type JobStore, partitionsOf } from './partitions/partition.ts'
import type { NoticesOptions } from './queue.ts'
import { refused } from './refused.ts'
import { checkSchedules } from './schedules.ts'
import { isWithin, type Scope } from './scope.ts'
import { issueAt, parse, type Issue } from './schema.ts'
import { jobOf, sharedNoticeOf, subjectOf } from './snapshot.ts'
import type { Stop } from './stop.ts'
import { type CancelReply, ENQUEUE_MAX, type Enqueued, type NewJob, type Snapshot } from './store.ts'
import { type AnyTask, task as defineTask } from './task.ts'
import { type Named, type NamedTask, taskList, type TaskTree } from './tasks.ts'
import { DEFAULT_QUEUE } from './task-rules.ts'
import { hearsFollowing, tellEnqueue, tellFollowing } from './telling.ts'
import type { Tracing } from './trace.ts'

const itself = (ref: JobRef): JobRef => ref

const NO_OPTIONS: QueueEnqueueOptions = {} // shared, so that an enqueue without any makes none

/** Whose notices of which jobs. */
export type FeedOptions = NoticesOptions &
  Partial<Pick<Follow, 'signal' | 'isSlow' | 'take'>> & { owner?: string | undefined }

const UNSAID: ReadonlySet<JobNoticeType> = new Set(JOB_NOTICE_TYPES.filter((type) => !isSaid(type)))

const DEFAULT_RESULT_TTL_MS = 86_400_000
const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576

export class Engine {
  readonly store: JobStore
  /** `newId` as it has to be for a job that is kept beside another one. */
  readonly idBeside: (id: string, newId: string) => string
  readonly clock: Clock
  /** Every task with the keys that lead to it: what a router is laid out by. */
  readonly tasks: readonly NamedTask[]
  /** What happens here, for logs, metrics and tests. */
  readonly events = new Events<QueueEvents>('queue.error')
  readonly tracing: Tracing<never> | undefined
  readonly #tasks: ReadonlyMap<string, AnyTask>
  readonly consumers: ConsumerCalls
  readonly #feeds: Feeds
  readonly #resultTtlMs: number
  readonly #shortestTtlMs: number
  readonly #terms: ReadonlyMap<string, Terms>
  readonly #groupTerms: Terms
  readonly #unknownTerms: Terms
  readonly #acceptsUnknownTasks: boolean
  readonly #replicationOf: (durability: Durability | undefined) => Replication | undefined
  readonly #warn: (message: string) => void
  #isChecked = false

  constructor(tasks: TaskTree, store: AnyStore, options: EngineOptions = {}) {
    this.store = store
    this.idBeside = (id, newId) => idBeside(store, id, newId)
    this.tasks = taskList(tasks)
    this.#tasks = new Map(this.tasks.map(({ name, task }) => [name, task]))
    this.clock = options.clock ?? systemClock
    this.#resultTtlMs = options.resultTtlMs ?? DEFAULT_RESULT_TTL_MS
    const kept = [...this.#tasks.keys()].map((name) => this.ttlMs(name)).filter((ms) => ms > 0)
    this.#shortestTtlMs = Math.min(this.#resultTtlMs, ...kept)
    const { clock } = this
    const { maxPayloadBytes = DEFAULT_MAX_PAYLOAD_BYTES } = options
    checkSchedules(this.#tasks.values(), clock.now())
    this.#terms = new Map(
      [...this.#tasks.keys()].map((name) => [name, { ttlMs: this.ttlMs(name), maxPayloadBytes, clock }]),
    )
    this.#groupTerms = { ttlMs: this.#resultTtlMs, maxPayloadBytes, clock }
    this.#unknownTerms = { ...this.#groupTerms, isUnknown: partitionsOf(store).length > 1 }
    this.#acceptsUnknownTasks = options.acceptsUnknownTasks ?? false
    this.tracing = options.tracing
    const replication = replicationOf(options.durability ?? 'accepted')
    this.#replicationOf = (asked) => (asked === undefined ? replication : replicationOf(asked))
    this.#warn = options.onWarning ?? console.warn
    const { random = Math.random } = options
    this.#feeds = new Feeds(store, clock, random)
    this.consumers = this.#feeds.consumers
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

  /** That its jobs go to, unless their callers say otherwise. */
  queueOf(name: string): string {
    return this.#tasks.get(name)?.rules?.queue ?? DEFAULT_QUEUE
  }

  /** What jobs of a task are made by. */
  terms(name: string): Terms {
    return this.#terms.get(name) ?? (name === GROUP ? this.#groupTerms : this.#unknownTerms)
  }

  enqueue(name: string, input: unknown, options?: QueueEnqueueOptions): Promise<JobRef> {
    return this.enqueueAs(name, input, options, itself)
  }

  /** @param made What is wanted of the job. To await a reference and to answer something else would cost a turn. */
  enqueueAs<Made extends JobRef>(
    name: string,
    input: unknown,
    options: QueueEnqueueOptions = NO_OPTIONS,
    made: (ref: JobRef) => Made,
  ): Promise<Made> {
    return tellEnqueue(this, name, 1, options, (traced) => this.#enqueue(name, input, traced, made))
  }

  async #enqueue<Made>(
    name: string,
    input: unknown,
    options: QueueEnqueueOptions,
    made: (ref: JobRef) => Made,
  ): Promise<Made> {
    const task = this.task(name)
    this.#checkOnce()
    // Where the schema answers at once nothing is awaited here, so that the calls of one tick reach the store together.
    const checking = parse(task.input, input)
    const checked = checking instanceof Promise ? await checking : checking
    if (!checked.ok) throw new LovageError('INPUT_INVALID', { task: name, issues: checked.issues })
    const job = newJob(task, input, options, this.terms(name))
    const [enqueued] = await this.store.enqueue([job], this.#replicationOf(options.durability))
    const ref = this.#refOf(job, enqueued as Enqueued)
    return made(ref instanceof Promise ? await ref : ref)
  }

  /** Enqueues a job that was made before. @throws LovageError `JOB_EXISTS` */
  async put(job: NewJob, durability?: Durability): Promise<JobRef> {
    const [enqueued] = await this.store.enqueue([job], this.#replicationOf(durability))
    return this.#refOf(job, enqueued as Enqueued)
  }

  enqueueMany(
    name: string,
    inputs: readonly unknown[],
    options: Omit<QueueEnqueueOptions, 'id' | 'idempotencyKey'> = NO_OPTIONS,
  ): Promise<JobRef[]> {
    return tellEnqueue(this, name, inputs.length, options, (traced) =>
      this.#enqueueMany(name, inputs, traced),
    )
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
      if (!checked.ok) issues.push(...checked.issues.map((issue) => issueAt(index, issue)))
    }
    if (issues.length > 0) throw new LovageError('INPUT_INVALID', { task: name, issues })
    const replication = this.#replicationOf(options.durability)
    const terms = this.terms(name)
    const jobs = inputs.map((input) => newJob(task, input, options, terms))
    const refs: JobRef[] = []
    for (let from = 0; from < jobs.length; from += ENQUEUE_MAX) {
      const group = jobs.slice(from, from + ENQUEUE_MAX)
      const enqueued = await this.store.enqueue(group, replication)
      for (const [index, job] of group.entries()) {
        const ref = this.#refOf(job, enqueued[index] as Enqueued)
        refs.push(ref instanceof Promise ? await ref : ref)
      }
    }
    return refs
  }

  /** All jobs of a flow at once. Answers its last one, the root of the tree, or the group. */
  enqueueFlow(flow: Flow, options: FlowEnqueueOptions = {}): Promise<JobRef> {
    this.#checkOnce()
    return tellEnqueue(this, flow.flow?.task ?? GROUP, 1, options, async (traced) => {
      const jobs = await jobsOfFlow(this, flow, traced)
      const [enqueued] = await this.store.enqueue(jobs, this.#replicationOf(options.durability))
      return await this.#refOf(jobs[0], enqueued as Enqueued)
    })
  }

  /** The newest job of a task and an owner; `null` when there is none, or no longer. */
  async last(name: string, owner: string | undefined): Promise<JobRef | null> {
    if (this.task(name).rules?.rememberLast !== true)
      refused('rememberLast', false, `true for the task "${name}", so that its last job is known`)
    const id = await this.store.last(name, owner ?? null)
    return id === null ? null : { id, task: name, cursor: '' }
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
    if (!isWithin(scope, task, owner)) throw new LovageError('NOT_FOUND', { id })
    return snapshot
  }

  async cancel(
    id: string,
    { by, reason, ...scope }: Scope & { by: string | null; reason: string | null },
  ): Promise<CancelOutcome> {
    const snapshot = await this.snapshot(id, scope)
    const reply = await this.end(snapshot, { by, reason })
    switch (reply.outcome) {
      case 'cancelled':
        return { outcome: 'cancelled' }
      case 'ended':
        return reply
      case 'missing':
        throw this.#absent(id, subjectOf(snapshot).task)
      default:
        return reply satisfies never
    }
  }

  /** Cancels a job of which a snapshot was seen. */
  async end(snapshot: Snapshot, why: { by: string | null; reason: string | null }): Promise<CancelReply> {
    const { id, task } = subjectOf(snapshot)
    return await this.store.cancel({ id, ...why, ttlMs: this.ttlMs(task) })
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

  /** Asked before an enqueue, and told to whoever follows that job (`Birth`). */
  get reading(): number {
    return this.#feeds.reading
  }

  /** How a job ended that was enqueued here, as far as the feed tells it (`endingOf`) and nobody hears of following. */
  ending(id: string, born: Birth, stop: Stop): Promise<Notice | null> {
    return hearsFollowing(this.events) ? Promise.resolve(null) : this.#feeds.ending(id, born, stop)
  }

  #follow(
    id: string,
    { owner, task, logs = true, take, ...listening }: Scope & JobFollow,
  ): AsyncGenerator<Batch, void, undefined> {
    // The owner stands at every notice, too: an id that was forgotten may be enqueued anew, by somebody else.
    const match = { jobId: id, owner, types: logs ? undefined : UNSAID }
    const look = () => this.snapshot(id, { owner, task })
    return tellFollowing(this, { of: 'job', id }, take, (own) =>
      this.#feeds.ofJob(id, look, { ...listening, match, logs, take: own }),
    )
  }

  #feed({
    tasks,
    types,
    logs = true,
    from,
    owner,
    take,
    ...listening
  }: FeedOptions & Pick<JobFollow, 'signal' | 'toNotice'>): AsyncGenerator<Batch, void, undefined> {
    this.#checkOnce()
    for (const name of tasks ?? []) this.task(name)
    const match = {
      tasks: tasks === undefined ? undefined : new Set(tasks),
      types: types === undefined ? (logs ? undefined : UNSAID) : new Set(types),
      owner,
    }
    const start = from === 'start' ? START : from
    return tellFollowing(this, { of: 'feed' }, take, (own) =>
      this.#feeds.ofMany({ ...listening, match, from: start, take: own }),
    )
  }

  async inspect(options: InspectOptions = {}): Promise<Inspection> {
    const running = runningLimit(options)
    const { store } = this
    const all = [store.inspect({ running }), store.counts(), store.depths()] as const
    return inspectionOf(...(await Promise.all(all)))
  }

  /** A consumer beside the store. */
  consume(name: string, options: ConsumeOptions): AsyncGenerator<ConsumedOf<Named>, void, undefined> {
    this.#checkOnce()
    for (const task of options.tasks ?? []) this.task(task)
    return consumeHere(this.consumers, name, options)
  }

  async close(): Promise<void> {
    this.#feeds.close()
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

  /**
   * A job that was there before is followed from a snapshot: the notices of its beginning are past. Answers at once
   * where it can, since a promise for each of many jobs is a good part of what enqueueing them costs.
   */
  #refOf({ task, owner }: NewJob, { outcome, id, cursor }: Enqueued): JobRef | Promise<JobRef> {
    if (outcome === 'rejected') return this.#reject(id, task, owner)
    return { id, task, cursor: outcome === 'exists' ? '' : cursor }
  }

  async #reject(id: string, task: string, owner: string | null): Promise<never> {
    const found = await this.store.get(id)
    const isOwn = found !== null && subjectOf(found).owner === owner
    throw new LovageError('JOB_EXISTS', { task, id: isOwn ? id : null })
  }

  /**
   * An absent job is unknown, or it ended so long ago that its result was dropped. Ids tell their age, so the two can
   * be told apart without keeping a tombstone for every job there ever was.
   */
  #absent(id: string, task: string | undefined): LovageError {
    const enqueuedAt = enqueuedAtOf(id)
    const keptMs = task === undefined ? this.#shortestTtlMs : this.ttlMs(task)
    return enqueuedAt !== null && enqueuedAt + keptMs < this.clock.now()
      ? new LovageError('RESULT_EXPIRED', { id, keptMs })
      : new LovageError('NOT_FOUND', { id })
  }
}
