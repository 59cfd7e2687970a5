/**
 * The members of consumer groups that this process serves.
 *
 * A member pulls: what is due, and what is new. While there is nothing it waits, and the hub's one reader of the feed
 * wakes it: no connection to the store is blocked for consumers, however many there are. What others left behind, or
 * acked elsewhere, rings no bell here, so a member also looks by itself, now and then and when something is due.
 */
import { backoffMs, type Growth } from './backoff.ts'
import { type Clock, sleep } from './clock.ts'
import type { GroupInfo, GroupRef, GroupRules } from './consumer-store.ts'
import { type Cursor, START, streamId } from './cursor.ts'
import { type DeliveredNotice, deliveryOf, type GapNotice, tokenOf } from './delivery.ts'
import { isLovageError, LovageError } from './errors.ts'
import { fetchEnd } from './feed.ts'
import type { Hub } from './hub.ts'
import type { JobNotice } from './notice.ts'
import { endedWith, type OwnEnd } from './own-end.ts'
import { Seat } from './seat.ts'
import { noticeOf } from './snapshot.ts'
import type { Store, StoredNotice } from './store.ts'
import type { Subscriber } from './subscriber.ts'

/** How often an idle member looks by itself. It is also its sign of life. */
const LOOK_MS = 5_000
/** How often a full one looks for acks that reached another process: first, and at last. */
const FULL_FIRST_MS = 25
const FULL_MAX_MS = 1_000
const BETWEEN_FAILURES: Growth = { type: 'exponential', firstMs: 100, maxMs: 2_000 }

export interface MemberRequest {
  group: GroupRef
  member: string
  rules: GroupRules
  from: Cursor | null
  window: number
  maxGroups: number
  signal: AbortSignal
}

/** A dead letter: a notice that nobody acked, and how often it was delivered. */
export type DeadNotice = JobNotice & { readonly deliveries: number }

export class Consumers {
  readonly #store: Store
  readonly #hub: Hub
  readonly clock: Clock
  readonly random: () => number
  /** By group and member; two loops of one member happen while a client changes from one connection to the next. */
  readonly #seats = new Map<string, Set<Seat>>()
  readonly #loops = new Set<OwnEnd>()
  #isClosed = false
  #listening: { stop: AbortController; ready: Promise<void> } | undefined

  constructor(store: Store, hub: Hub, clock: Clock, random: () => number) {
    this.#store = store
    this.#hub = hub
    this.clock = clock
    this.random = random
  }

  /**
   * What one member is given, from what it holds already on; until the signal is aborted. It holds it until it is
   * acked or `release` is called.
   *
   * @throws LovageError `TOO_MANY_GROUPS`, `GROUP_DELETED`, `CURSOR_INVALID`, and at first `STORE_UNAVAILABLE`
   */
  async *deliveries(request: MemberRequest): AsyncGenerator<DeliveredNotice, void, undefined> {
    const { group, member, rules, window } = request
    const own = this.#loop(request.signal)
    const { signal } = own
    const match = {
      tasks: rules.tasks === null ? undefined : new Set(rules.tasks),
      types: rules.types === null ? undefined : new Set(rules.types),
      owner: group.owner ?? undefined,
    }
    const seat = new Seat(match, window, this.clock, own.end)
    const leave = this.#take(group, member, seat)
    try {
      const opened = await this.#store.consumers.open({ ...request, ...group })
      if (opened === 'full') throw new LovageError('TOO_MANY_GROUPS', { max: request.maxGroups })
      await this.#listen()
      yield { type: 'ready', cursor: START }
      let resume = true
      let failures = 0
      let fullMs = FULL_FIRST_MS
      while (!signal.aborted) {
        seat.listen()
        try {
          const reply = await this.#store.consumers.pull({ ...group, member, window, resume })
          if (reply === null) throw new LovageError('GROUP_DELETED', { group: group.name })
          const { gap, delivered, held, lag, nextDueMs } = reply
          seat.held = held
          if (gap !== null) yield { type: 'gap', ...gap, token: tokenOf({ member, id: 'gap', ...gap }) }
          for (const { notice, deliveries } of delivered) {
            if (signal.aborted) return
            const token = tokenOf({ member, id: streamId(notice.cursor), deliveries })
            yield { ...(await noticeOrGap(this.#store, notice)), deliveries, token }
          }
          resume = false
          failures = 0
          if (delivered.length > 0) fullMs = FULL_FIRST_MS
          if (seat.held >= window) {
            await seat.untilRoom(fullMs, signal)
            fullMs = Math.min(2 * fullMs, FULL_MAX_MS)
          } else if (lag === 0) {
            await seat.untilRung(Math.min(nextDueMs ?? LOOK_MS, LOOK_MS), signal)
          }
        } catch (error) {
          if (signal.aborted) return
          if (!isLovageError(error, 'STORE_UNAVAILABLE')) throw error
          resume = true // what was delivered, it may have been to nobody
          failures += 1
          await sleep(this.clock, backoffMs(BETWEEN_FAILURES, failures, this.random), signal)
        }
      }
    } finally {
      leave()
      own.forget()
    }
  }

  /** @throws LovageError `OPTION_INVALID` */
  async ack(group: GroupRef, tokens: readonly string[]): Promise<boolean[]> {
    const acks = tokens.map(deliveryOf)
    const settled = await this.#store.consumers.ack(group, acks)
    for (const { member, id } of acks) {
      if (id === 'gap') continue
      for (const seat of this.#seats.get(keyOf(group, member)) ?? []) seat.settled(1)
    }
    return settled
  }

  /** @throws LovageError `OPTION_INVALID` */
  async release(group: GroupRef, member: string, seen: readonly string[]): Promise<void> {
    const seenOnes = seen.map(deliveryOf)
    // A connection may end later than its client has left: what was pulled for it then would wait for nobody.
    for (const seat of this.#seats.get(keyOf(group, member)) ?? []) seat.end()
    await this.#store.consumers.release(group, member, seenOnes)
    for (const seats of this.#seats.values()) for (const seat of seats) seat.ring()
  }

  groups(owner?: string | null): Promise<GroupInfo[]> {
    return this.#store.consumers.groups(owner)
  }

  /** Its members' loops end with `GROUP_DELETED`. */
  async delete(group: GroupRef): Promise<boolean> {
    const isDeleted = await this.#store.consumers.delete(group)
    for (const seats of this.#seats.values()) for (const seat of seats) seat.ring()
    return isDeleted
  }

  async dead(group: GroupRef, limit: number): Promise<DeadNotice[]> {
    const letters = await this.#store.consumers.dead(group, limit)
    const notices = await Promise.all(
      letters.map(async ({ notice, deliveries }) => ({
        ...(await noticeOrGap(this.#store, notice)),
        deliveries,
      })),
    )
    return notices.filter((notice): notice is DeadNotice => 'jobId' in notice)
  }

  /** Ends every loop. What it holds is free for others when it is due. */
  close(): void {
    this.#isClosed = true
    for (const loop of this.#loops) loop.end()
  }

  /** Ended with the signal of a loop, or when all end. */
  #loop(signal: AbortSignal): OwnEnd {
    const own = endedWith(signal)
    this.#loops.add(own)
    if (this.#isClosed) own.end()
    return {
      ...own,
      forget: () => {
        this.#loops.delete(own)
        own.forget()
      },
    }
  }

  #take(group: GroupRef, member: string, seat: Seat): () => void {
    const key = keyOf(group, member)
    const seats = this.#seats.get(key) ?? new Set()
    this.#seats.set(key, seats.add(seat))
    return () => {
      seats.delete(seat)
      if (seats.size === 0) this.#seats.delete(key)
      if (this.#seats.size > 0) return
      this.#listening?.stop.abort()
      this.#listening = undefined
    }
  }

  /** Resolves when everything that is written from now on will be heard. */
  #listen(): Promise<void> {
    if (this.#listening === undefined) {
      const stop = new AbortController()
      const subscribed = Promise.resolve(this.#hub.subscribe({}, { signal: stop.signal }))
      const listening = { stop, ready: subscribed.then(() => {}) }
      this.#listening = listening
      subscribed.then(
        (subscriber) => void this.#hear(subscriber),
        () => {
          if (this.#listening === listening) this.#listening = undefined // the next member tries again
        },
      )
    }
    return this.#listening.ready
  }

  async #hear(subscriber: Subscriber): Promise<void> {
    while (!subscriber.closed) {
      subscriber.catchUp()
      for (const seats of this.#seats.values()) for (const seat of seats) seat.ring()
      subscriber.begin(START)
      for (let records; (records = await subscriber.next()) !== null;) {
        for (const seats of this.#seats.values())
          for (const seat of seats) for (const record of records) seat.hear(record)
      }
    }
    subscriber.leave()
  }
}

/** A record as a notice; one whose result was too large for the feed and is no longer kept was missed. */
const noticeOrGap = async (store: Store, record: StoredNotice): Promise<JobNotice | GapNotice> =>
  noticeOf(record) ?? (await fetchEnd(store, record)) ?? { type: 'gap', cursor: record.cursor, missed: 1 }

const keyOf = ({ name, owner }: GroupRef, member: string): string => JSON.stringify([owner, name, member])
