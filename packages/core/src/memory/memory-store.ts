/**
 * The store on plain Maps and arrays: the executable specification of the seam.
 *
 * Read `ledger.ts` to learn what an act means; this file gives each one its moment and wakes whoever waits. It is
 * also a store in its own right, for a first run, for one process, and for tests: it keeps every promise but the one
 * to outlive the process.
 */
import { type Clock, systemClock } from '../clock.ts'
import type { Cursor } from '../cursor.ts'
import type { ConsumerStore } from '../consumer-store.ts'
import { LovageError } from '../errors.ts'
import { type RetentionOptions, retentionOf } from '../retention.ts'
import type { LimitRule, PauseTarget } from '../limits.ts'
import type { FireRequest, StoredSchedule } from '../schedule.ts'
import type { Pulse } from '../inspect.ts'
import type { SaidReport } from '../log.ts'
import type {
  CancelRequest,
  Hold,
  JoinRequest,
  NewJob,
  ProgressReport,
  Search,
  StepRequest,
  Store,
  StoredNotice,
  Wake,
} from '../store.ts'
import { Bell } from './bell.ts'
import { memoryConsumers } from './consumers.ts'
import { Ledger } from './ledger.ts'

export interface MemoryStoreOptions extends RetentionOptions {
  /** Every lease, delay, time stamp and TTL goes by it. Default: the system's clock. */
  clock?: Clock
}

const LIVE_BATCH = 500 // as `XREAD COUNT`: what a reader is given at once is bounded
const BEATS_PER_LEASE = 3 // two may be late before the lease is lost

/** @throws LovageError `OPTION_INVALID` */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.clock ?? systemClock, new Ledger(retentionOf(options)))
}

type WaitOptions = Parameters<Store['wait']>[1]

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly consumers: ConsumerStore
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #bell: Bell
  #isClosed = false

  constructor(clock: Clock, ledger: Ledger) {
    this.#clock = clock
    this.#ledger = ledger
    this.#bell = new Bell(clock)
    this.consumers = memoryConsumers((act) => this.#act(({ groups }, now) => act(groups, now)))
  }

  #look<Reply>(look: (ledger: Ledger, now: number) => Reply): Reply {
    if (this.#isClosed) throw new LovageError('CLOSED', { what: 'The memory store' })
    return look(this.#ledger, this.#clock.now())
  }

  /** Nothing inside an act waits, so nothing comes between its parts: that is the atomicity. */
  #act<Reply>(act: (ledger: Ledger, now: number) => Reply): Reply {
    const reply = this.#look(act)
    this.#bell.ring()
    return reply
  }

  async enqueue(jobs: readonly NewJob[]) {
    return this.#act((ledger, now) => ledger.enqueue(jobs, now))
  }

  async get(id: string) {
    return this.#look((ledger, now) => ledger.get(id, now))
  }

  async cancel(request: CancelRequest) {
    return this.#act((ledger, now) => ledger.cancel(request, now))
  }

  async find(search: Search, options: { limit: number; after?: string | undefined }) {
    return this.#look((ledger, now) => ledger.find(search, options, now))
  }

  async last(task: string, owner: string | null) {
    return this.#look((ledger, now) => ledger.last(task, owner, now))
  }

  async retry(pairs: readonly { id: string; newId: string }[]) {
    return this.#act((ledger, now) => ledger.retry(pairs, now))
  }

  async discard(ids: readonly string[]) {
    return this.#act((ledger, now) => ledger.discard(ids, now))
  }

  async limit(rules: readonly LimitRule[]) {
    return this.#act(({ gates }) => gates.limit(rules))
  }

  async pause(target: PauseTarget) {
    return this.#act(({ gates }) => gates.pause(target))
  }

  async resume(target: PauseTarget) {
    return this.#act(({ gates }) => gates.resume(target))
  }

  async paused() {
    return this.#look(({ gates }) => gates.paused())
  }

  async putSchedule(schedule: StoredSchedule) {
    return this.#act(({ schedules }) => schedules.put(schedule))
  }

  async removeSchedule(name: string) {
    return this.#act(({ schedules }) => schedules.remove(name))
  }

  async schedules() {
    return this.#look(({ schedules }) => schedules.list())
  }

  async fire(request: FireRequest) {
    return this.#act((ledger, now) => ledger.fire(request, now))
  }

  async join(request: JoinRequest) {
    return this.#act((ledger, now) => ledger.join(request, now))
  }

  async extend(session: string, leaseMs: number) {
    return this.#act((ledger, now) => ledger.extend(session, leaseMs, now))
  }

  async step(request: StepRequest) {
    return this.#act((ledger, now) => ledger.step(request, now))
  }

  async progress(session: string, reports: readonly ProgressReport[]) {
    return this.#act((ledger, now) => ledger.progress(session, reports, now))
  }

  async say(session: string, reports: readonly SaidReport[]) {
    return this.#act((ledger, now) => ledger.say(session, reports, now))
  }

  async said(id: string) {
    return this.#look((ledger, now) => ledger.said(id, now))
  }

  async handBack(session: string, holds: readonly Hold[]) {
    this.#act((ledger) => ledger.handBack(session, holds))
  }

  async leave(session: string) {
    return this.#act((ledger) => ledger.leave(session))
  }

  async tail() {
    return this.#look(({ feed }) => feed.tail)
  }

  async range(after: Cursor, limit: number) {
    return this.#look(({ feed }) => feed.range(after, limit))
  }

  async counts() {
    return this.#look((ledger, now) => ledger.counts(now))
  }

  async pulse(session: string, pulse: Pulse) {
    return this.#look((ledger, now) => ledger.pulse(session, pulse, now))
  }

  async inspect({ running }: { running: number }) {
    return this.#look((ledger, now) => ledger.inspect(running, now))
  }

  async depths() {
    return this.#look((ledger, now) => ledger.depths(now))
  }

  async check(): Promise<string[]> {
    return []
  }

  async wait(session: string, { work, timeoutMs, signal }: WaitOptions): Promise<Wake> {
    const until = this.#look((_, now) => now + timeoutMs)
    for (;;) {
      const now = this.#clock.now()
      const wake = this.#ledger.wake(session, work, now)
      if (wake.work || wake.cancelled.length > 0 || now >= until || signal.aborted || this.#isClosed)
        return wake
      const nextDueMs = work ? this.#ledger.nextDueMs(session, now) : null
      await this.#bell.heard(signal, Math.min(until - now, nextDueMs ?? Infinity))
    }
  }

  keepAlive(
    session: string,
    { leaseMs, onLost }: { leaseMs: number; onLost: () => void },
  ): () => Promise<void> {
    const beatMs = Math.floor(leaseMs / BEATS_PER_LEASE)
    const beat = (): void => {
      if (this.#isClosed) return
      const { alive } = this.#act((ledger, now) => ledger.extend(session, leaseMs, now))
      if (alive) cancelBeat = this.#clock.after(beatMs, beat)
      else onLost()
    }
    let cancelBeat = this.#clock.after(beatMs, beat)
    return async () => cancelBeat()
  }

  async *live(after: Cursor, signal: AbortSignal): AsyncGenerator<readonly StoredNotice[], void, undefined> {
    let cursor = this.#look(() => after)
    while (!signal.aborted && !this.#isClosed) {
      const page = this.#ledger.feed.range(cursor, LIVE_BATCH)
      cursor = page.cursor
      if (page.notices.length > 0) yield page.notices
      else await this.#bell.heard(signal)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#bell.ring()
  }
}
