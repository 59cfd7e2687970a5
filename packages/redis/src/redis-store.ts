/**
 * The store on Redis: names the scripts, passes arguments, decodes answers. It decides nothing: the rules are
 * in `core/memory`, which tests compare it with, and the acts are in `scripts/`.
 */
import {
  type CancelRequest,
  type Claimed,
  type Clock,
  type ConsumerStore,
  type Cursor,
  type FireRequest,
  type Hold,
  type JoinRequest,
  type LimitRule,
  LovageError,
  type NewJob,
  parseCursor,
  type PauseTarget,
  type ProgressReport,
  type RetentionOptions,
  retentionOf,
  type Search,
  type Pulse,
  type Replication,
  type SaidReport,
  type StepReply,
  type StepRequest,
  type Store,
  type StoredSchedule,
  streamId,
  systemClock,
} from '@lovage/core'
import { type AddressOptions, addressOf } from './address.ts'
import { Batcher } from './batch.ts'
import type { Seen } from './beats.ts'
import { checkServer } from './check.ts'
import { Connection } from './connection.ts'
import { redisConsumers } from './consumers.ts'
import { Heart } from './heart.ts'
import { Joined } from './joined.ts'
import { type Keys, keysOf, tagOf } from './keys.ts'
import { Wholeness } from './layout.ts'
import { LiveFeed } from './live.ts'
import { decodeRecord } from './record.ts'
import { Route } from './route.ts'
import { ReplicatedBatchers } from './replicated.ts'
import { type Run, runner, type Settings } from './script.ts'
import { cancel, cancelArgs } from './scripts/cancel.ts'
import { enqueueItems } from './scripts/enqueue-items.ts'
import { depths } from './scripts/depths.ts'
import { fire } from './scripts/enqueue.ts'
import { discard, retryFailed } from './scripts/failed.ts'
import { checkAfter, find, last, sourceOf } from './scripts/find.ts'
import { gateOf, limit, limitItems, pause, targetOf } from './scripts/gates.ts'
import { inspect, pulse } from './scripts/inspect.ts'
import { counts, end, get, range } from './scripts/look.ts'
import { decodeSaid } from './said.ts'
import { report, reportItems } from './scripts/report.ts'
import { putSchedule, removeSchedule, schedules, scheduleText, ticksIn } from './scripts/schedules.ts'
import { saidItems, say } from './scripts/say.ts'
import { extend, handBackHeld, holdItems, join, leave } from './scripts/sessions.ts'
import { announceText, stepItems } from './scripts/step-items.ts'
import { DEFER_MS } from './scripts/plain-step.ts'
import { loneOf, oneItems, stepOne } from './scripts/step-one.ts'
import { type ClaimedBatch, step } from './scripts/step.ts'
import { secondOf } from './scripts/time.ts'
import { decodePage } from './stream-record.ts'
import { ShortWay } from './short-way.ts'
import { Waiter } from './waiter.ts'

export interface RedisStoreOptions extends AddressOptions, RetentionOptions {
  /** Keeps apps apart that share a server. Default `lovage`. */
  namespace?: string
  /** Default `default`. */
  queue?: string
  /** For tests that own the time; otherwise it is the server's. */
  clock?: Clock
  /** Hears, in plain words, what works less well than it should. Default: `process.emitWarning`. */
  onWarning?: (message: string) => void
}

/** Whether only the address was given. */
export const isAddress = (
  redis: string | readonly string[] | RedisStoreOptions,
): redis is string | readonly string[] => typeof redis === 'string' || Array.isArray(redis)

/** What makes a store one of the partitions of a queue. */
export interface PartitionOptions {
  /** Its hash tag. */
  tag: string
  /** @throws LovageError `OPTION_INVALID` where the partitions lie otherwise */
  checkLayout: () => Promise<void>
}

/** @throws LovageError `OPTION_INVALID` */
export function createRedisStore(options: RedisStoreOptions = {}): Store {
  return new RedisStore(options)
}

/** @throws LovageError `OPTION_INVALID` */
export const createPartition = (options: RedisStoreOptions, partition: PartitionOptions): Store =>
  new RedisStore(options, partition)

class RedisStore implements Store {
  readonly name: string
  readonly consumers: ConsumerStore
  readonly #route: Route
  readonly #keys: Keys
  readonly #checkLayout: () => Promise<void>
  readonly #role: string
  readonly #clock: Clock
  readonly #warn: (message: string) => void
  readonly #connection: Connection
  readonly #settings: Settings
  readonly #run: Run
  /** Whoever has joined has looked where the queue is; his steps and beats would look on for as long as nobody has used it. */
  readonly #runJoined: Run
  readonly #batcher: Batcher
  readonly #replicating: ReplicatedBatchers
  readonly #live: LiveFeed
  readonly #heart: Heart
  readonly #waiters = new Map<string, Waiter>()
  readonly #joined: Joined
  readonly #shortWay = new ShortWay()
  readonly #closing = new AbortController()

  constructor(options: RedisStoreOptions, partition?: PartitionOptions) {
    const { namespace = 'lovage', queue = 'default', clock } = options
    const { tag = tagOf(namespace, queue) } = partition ?? {}
    const { resultsMax, ...retention } = retentionOf(options)
    const address = addressOf(options)
    this.name = address.name
    this.#joined = new Joined(this.name)
    this.#keys = keysOf(namespace, queue, tag)
    this.#route = new Route(address, this.#keys.prefix)
    this.#role = tag
    this.#clock = clock ?? systemClock
    this.#warn = options.onWarning ?? ((message) => process.emitWarning(message, 'LovageWarning'))
    this.#connection = this.#open('main')
    const { prefix, resultPrefix, saidPrefix, ctlPrefix, groupPrefix } = this.#keys
    const settings: Settings = (this.#settings = {
      now: '',
      ...retention,
      resultsMax: resultsMax === Infinity ? 0 : resultsMax,
      prefix,
      resultPrefix,
      saidPrefix,
      ctlPrefix,
      groupPrefix,
    })
    // In the literal, an accessor would make all of it a dictionary: each call reads some of them.
    if (clock !== undefined) Object.defineProperty(settings, 'now', { get: () => String(clock.now()) })
    const run = runner(this.#connection, this.#keys, settings)
    const whole = partition === undefined ? new Wholeness(address, run) : undefined
    const inPlace = (own: Run): Run => whole?.before(own) ?? own
    this.#run = inPlace(run)
    this.#runJoined = run
    this.#checkLayout = partition?.checkLayout ?? (async () => whole?.expect())
    this.consumers = redisConsumers(this.#run)
    this.#batcher = new Batcher(this.#run)
    this.#replicating = new ReplicatedBatchers(() => this.#open('replicate'), this.#keys, settings, inPlace)
    this.#live = new LiveFeed(() => this.#open('live'), this.#keys, settings)
    this.#heart = new Heart({
      data: { address, namespace, queue, tag },
      extend: (session, leaseMs, queues) => this.#runJoined(extend, { session, leaseMs }, queues),
      serverRun: () => this.#connection.serverRun,
      onSeen: (session, seen, run) => this.#seen(session, seen, run),
      onSilence: (session, cause) =>
        this.#waiters.get(session)?.fail(new LovageError('STORE_UNAVAILABLE', { store: this.name, cause })),
      clock: this.#clock,
      isThreaded: clock === undefined,
      onWarning: this.#warn,
    })
  }

  #open(role: string): Connection {
    return new Connection(this.#route, `${this.#role}:${role}`)
  }

  enqueue(jobs: readonly NewJob[], replication?: Replication) {
    return (replication === undefined ? this.#batcher : this.#replicating.for(replication)).enqueue(jobs)
  }

  async get(id: string) {
    return (await this.#run(get, { id }))(id)
  }

  async cancel(request: CancelRequest) {
    return (await this.#run(cancel, cancelArgs(request)))(request.id)
  }

  async find(search: Search, { limit: most, after = '' }: { limit: number; after?: string | undefined }) {
    checkAfter(search, after)
    return this.#run(find, { source: sourceOf(search), limit: most, after })
  }

  last(task: string, owner: string | null) {
    return this.#run(last, { task, owner: owner ?? '' })
  }

  retry(pairs: readonly { id: string; newId: string }[]) {
    return this.#run(
      retryFailed,
      {},
      pairs.flatMap(({ id, newId }) => [id, newId]),
    )
  }

  discard(ids: readonly string[]) {
    return this.#run(discard, {}, ids)
  }

  async limit(rules: readonly LimitRule[]) {
    await this.#run(limit, {}, limitItems(rules))
  }

  pause(target: PauseTarget) {
    return this.#run(pause, { gate: gateOf(target), to: 'closed' })
  }

  resume(target: PauseTarget) {
    return this.#run(pause, { gate: gateOf(target), to: 'open' })
  }

  async paused() {
    const key = `${this.#keys.prefix}paused`
    const gates = (await this.#read('hkeys', key)) as string[]
    return gates.map(targetOf).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }

  putSchedule(schedule: StoredSchedule) {
    const { name, nextAt } = schedule
    return this.#run(putSchedule, { name, text: scheduleText(schedule), nextAt })
  }

  removeSchedule(name: string) {
    return this.#run(removeSchedule, { name })
  }

  schedules() {
    return this.#run(schedules, {})
  }

  fire({ name, at, nextAt, jobs }: FireRequest) {
    return this.#run(fire, { name, at, nextAt: nextAt ?? '', count: jobs.length }, enqueueItems(jobs))
  }

  async join(request: JoinRequest) {
    const { session, leaseMs, replaces, info } = request
    if (replaces !== undefined) await this.#release(replaces.session)
    const said = info === undefined ? '' : JSON.stringify(info)
    const args = { session, leaseMs, replaces: replaces?.session ?? '', said }
    const joined = await this.#run(join, args, holdItems(replaces?.holds ?? []))
    this.#joined.at(session, this.#connection.serverRun)
    return joined
  }

  async extend(session: string, leaseMs: number) {
    const { alive, reaped } = await this.#runJoined(extend, { session, leaseMs })
    return { alive, reaped }
  }

  async step(request: StepRequest): Promise<StepReply> {
    const { session, queues } = request
    this.#joined.mustBeAt(session, this.#connection.serverRun)
    const isIdle = request.isIdle === true && queues.length === 1 && queues[0] === 'default'
    const waiter = isIdle ? this.#waiterOf(session) : this.#waiters.get(session)
    const idleSince = waiter?.idleSince()
    if (isIdle) waiter?.ask(request.claim)
    const idleSlots = isIdle ? `${request.claim}` : ''
    const held = idleSince === undefined ? loneOf(request, this.#settings) : null
    const mayBeShort = held !== null && this.#shortWay.isWorthIt()
    const given = { idleSlots, nowMs: this.#clock.now() }
    const reply = mayBeShort
      ? await this.#runJoined(stepOne, {}, oneItems(held, request, this.#settings, given))
      : await this.#wholeStep(request, idleSince ?? '', given)
    if (mayBeShort) this.#shortWay.led(reply.isShort)
    this.#joined.mustBeAt(session, this.#connection.serverRun) // it may have been the first call that another one answered
    const { alive, isListed, lost, nextDueMs, deferred, ticks, claimedAt } = reply
    if (alive) {
      this.#heart.look(session, queues)
      this.#waiterOf(session).expect(queues, nextDueMs, isListed ? claimedAt : undefined)
    }
    if (deferred > 0) {
      this.#warn(
        `${deferred} job(s) were written by a newer version of Lovage. This worker cannot read them ` +
          `and put them off for ${DEFER_MS / 1000} s. Update it.`,
      )
    }
    return {
      alive,
      lost,
      claimed: this.#claimedOf(reply),
      nextDueMs,
      ticks: ticks.length === 0 ? [] : ticksIn(ticks, claimedAt),
    }
  }

  #wholeStep(
    request: StepRequest,
    idleSince: string,
    { idleSlots, nowMs }: { idleSlots: string; nowMs: number },
  ) {
    const { session, claim, queues, settle, release, announce } = request
    const { settleSize, items } = stepItems(request)
    const args = {
      session,
      claim,
      queueCount: queues.length,
      settleSize,
      releaseCount: release?.length ?? 0,
      announce: announceText(announce),
      idleSlots,
      idleSince,
      second: settle.length === 0 ? '' : secondOf(nowMs),
    }
    return this.#runJoined(step, args, items)
  }

  /**
   * A damaged record must not keep a worker from the others in its batch, or stop it again and again: its job
   * stays in the worker's hands, where it is seen, until the worker leaves.
   */
  #claimedOf({ ids, records, tries, claimedAt }: ClaimedBatch): Claimed[] {
    const all: Claimed[] = []
    for (let n = 0; n < ids.length; n++) {
      try {
        const { id, task, owner, options, input } = decodeRecord(ids[n] as string, records[n] as string)
        all.push({ id, task, owner, options, input, claimedAt, attempt: Number(tries?.[n] ?? 0) + 1 })
      } catch (error) {
        this.#warn(`${(error as Error).message} It cannot be run; cancel it.`)
      }
    }
    return all
  }

  progress(session: string, reports: readonly ProgressReport[]) {
    return this.#run(report, { session }, reports.flatMap(reportItems))
  }

  say(session: string, reports: readonly SaidReport[]) {
    return this.#run(say, { session }, reports.flatMap(saidItems))
  }

  async said(id: string) {
    const key = this.#keys.saidPrefix + id
    return decodeSaid((await this.#read('get', key)) as string | null)
  }

  async handBack(session: string, holds: readonly Hold[]) {
    await this.#runJoined(handBackHeld, { session }, holdItems(holds))
  }

  async leave(session: string) {
    await this.#release(session)
    return this.#run(leave, { session })
  }

  wait(session: string, options: { work: boolean; timeoutMs: number; signal: AbortSignal }) {
    if (this.#closing.signal.aborted) return Promise.reject(new LovageError('CLOSED', { what: this.name }))
    return this.#waiterOf(session).wait(options)
  }

  /** A beat was answered: by another server perhaps, to which a wait that began after the change has gone on. */
  #seen(session: string, seen: Seen, run: string | undefined): void {
    const waiter = this.#waiters.get(session)
    const error = this.#joined.notAt(session, run)
    if (error === undefined) waiter?.see(seen)
    else waiter?.fail(error)
  }

  #waiterOf(session: string): Waiter {
    let waiter = this.#waiters.get(session)
    if (waiter === undefined) {
      waiter = new Waiter({
        session,
        keys: this.#keys,
        blocking: this.#open('wait'),
        commands: this.#connection,
        run: this.#run,
        clock: this.#clock,
        store: this.name,
        // Written out: to spread it was a fifth of what a worker does until the handler of a lone job begins.
        claimedOf: ({ ids, records, claimedAt }) => this.#claimedOf({ ids, records, claimedAt, tries: null }),
      })
      this.#waiters.set(session, waiter)
    }
    return waiter
  }

  async #release(session: string): Promise<void> {
    const waiter = this.#waiters.get(session)
    this.#waiters.delete(session)
    this.#joined.left(session)
    await waiter?.close()
  }

  keepAlive(session: string, options: { leaseMs: number; onLost: () => void }) {
    return this.#heart.keepAlive(session, options)
  }

  async tail(): Promise<Cursor> {
    const cursor = await this.#run(end, {})
    this.#live.begin(this.#connection.serverRun)
    return cursor
  }

  async range(after: Cursor, limit: number) {
    const { seq } = parseCursor(after)
    const args = { after: streamId(after), seq, count: limit + 1 }
    const [tail, records, continues] = await this.#run(range, args)
    return decodePage(records, after, { tail, limit, continues: continues === 1 })
  }

  live(after: Cursor, signal: AbortSignal) {
    return this.#live.read(after, AbortSignal.any([signal, this.#closing.signal]))
  }

  counts() {
    return this.#run(counts, {})
  }

  pulse(session: string, said: Pulse) {
    return this.#run(pulse, { session, said: JSON.stringify(said) })
  }

  depths() {
    return this.#run(depths, {})
  }

  inspect(options: { running: number }) {
    return this.#run(inspect, options)
  }

  async check() {
    const warnings = await checkServer(this.#connection, this.name)
    await this.#checkLayout()
    return warnings
  }

  /** What needs no script. */
  async #read(command: string, key: string): Promise<unknown> {
    await this.#checkLayout()
    return this.#connection.command(command, [key], { repeatable: true })
  }

  async close(): Promise<void> {
    this.#batcher.flush()
    this.#closing.abort()
    await this.#heart.close()
    await Promise.all([...this.#waiters.keys()].map((session) => this.#release(session)))
    await Promise.all([this.#connection.close(), this.#replicating.close()])
  }
}
