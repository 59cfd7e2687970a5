/** One consumer group: its place in the feed, what its members hold, and what became of the rest. */
import { compareCursors, type Cursor, parseCursor, streamId } from '../cursor.ts'
import {
  DEAD_MAX,
  type Delivered,
  type Delivery,
  type GroupInfo,
  type GroupRef,
  type GroupRules,
  MEMBER_TTL_MS,
  type PullReply,
  type PullRequest,
  SCAN_MAX,
} from '../consumer-store.ts'
import type { StoredNotice } from '../store.ts'
import type { Feed } from './feed.ts'

interface Pending {
  cursor: Cursor
  /** `null`: it was released. */
  member: string | null
  deliveries: number
  dueAt: number
}

export class Group {
  rules: GroupRules
  readonly #ref: GroupRef
  readonly #feed: Feed
  #place: Cursor
  /** By stream id. */
  readonly #pending = new Map<string, Pending>()
  readonly #seenAt = new Map<string, number>()
  #dead: Delivered[] = []
  #deadCount = 0
  #missed = 0
  /** Whom the gap was told, how much it was then, and how often it has been told. */
  #told: { member: string; missed: number; dueAt: number } | undefined
  #tellings = 0

  constructor(ref: GroupRef, feed: Feed, rules: GroupRules, place: Cursor) {
    this.#ref = ref
    this.#feed = feed
    this.rules = rules
    this.#place = place
  }

  /** The number up to which all is done. */
  get floor(): number {
    const pending = [...this.#pending.values()].map(({ cursor }) => parseCursor(cursor).seq - 1)
    return Math.min(parseCursor(this.#place).seq, ...pending)
  }

  pull({ member, window, resume }: PullRequest, now: number): PullReply {
    this.#seenAt.set(member, now)
    this.#sweep(now)
    const delivered: Delivered[] = resume ? this.#heldBy(member, now) : []
    // What is due counts for nobody, also where the member holds it himself.
    const due = this.#due(now, window)
    let room = window - this.#count(member) + due.filter(([, pending]) => pending.member === member).length
    for (const [id, pending] of due) {
      if (room <= 0) break
      if (!this.#redeliver(id, pending, member, now)) continue
      room -= 1
      delivered.push({ notice: this.#feed.at(id) as StoredNotice, deliveries: pending.deliveries })
    }
    if (room > 0) {
      const page = this.#feed.range(this.#place, SCAN_MAX)
      this.#missed += page.missed
      for (const notice of page.notices) {
        if (room === 0) break
        this.#place = notice.cursor
        if (!this.#wants(notice)) continue
        this.#pending.set(streamId(notice.cursor), {
          cursor: notice.cursor,
          member,
          deliveries: 1,
          dueAt: now + this.rules.ackWaitMs,
        })
        delivered.push({ notice, deliveries: 1 })
        room -= 1
      }
    }
    const gap = this.#tell(member, resume, now)
    return { delivered, gap, held: this.#count(member), lag: this.#lag, nextDueMs: this.#nextDueMs(now) }
  }

  ack({ member, id, deliveries }: Delivery): boolean {
    if (id === 'gap') {
      if (this.#missed === 0) return true
      if (this.#told?.member !== member || this.#tellings !== deliveries) return false
      this.#missed -= this.#told.missed
      this.#told = undefined
      return true
    }
    const pending = this.#pending.get(id)
    if (pending === undefined) return true
    if (pending.member !== member || pending.deliveries !== deliveries) return false
    this.#pending.delete(id)
    return true
  }

  release(member: string, seen: readonly Delivery[]): void {
    for (const [id, pending] of this.#pending) {
      if (pending.member !== member) continue
      if (this.#feed.at(id) === undefined) {
        this.#pending.delete(id)
        this.#missed += 1
        continue
      }
      const isSeen = seen.some((other) => other.id === id && other.deliveries === pending.deliveries)
      if (!isSeen) pending.deliveries -= 1
      pending.member = null
      pending.dueAt = 0
    }
    if (this.#told?.member === member) this.#told = undefined
    this.#seenAt.delete(member)
  }

  info(): GroupInfo {
    return {
      ...this.#ref,
      members: [...this.#seenAt].map(([member, seenAt]) => ({
        member,
        pending: this.#count(member),
        seenAt,
      })),
      pending: this.#pending.size,
      lag: this.#lag,
      missed: this.#missed,
      dead: this.#deadCount,
    }
  }

  dead(limit: number): Delivered[] {
    return this.#dead.slice(-limit)
  }

  get #lag(): number {
    return Math.max(0, parseCursor(this.#feed.tail).seq - parseCursor(this.#place).seq)
  }

  /** Without what is due: that is delivered again. */
  #heldBy(member: string, now: number): Delivered[] {
    const held = [...this.#pending.values()].filter((one) => one.member === member && one.dueAt > now)
    return held
      .sort((a, b) => compareCursors(a.cursor, b.cursor))
      .flatMap(({ cursor, deliveries }) => {
        const notice = this.#feed.at(streamId(cursor))
        return notice === undefined ? [] : [{ notice, deliveries }]
      })
  }

  /** Due for the longest time first; of those that are due at one moment the oldest. */
  #due(now: number, limit: number): [id: string, pending: Pending][] {
    return [...this.#pending]
      .filter(([, { dueAt }]) => dueAt <= now)
      .sort(([, a], [, b]) => a.dueAt - b.dueAt || compareCursors(a.cursor, b.cursor))
      .slice(0, limit)
  }

  /** `false`: it was trimmed, or it has been delivered too often. */
  #redeliver(id: string, pending: Pending, member: string, now: number): boolean {
    const notice = this.#feed.at(id)
    const { deliveries } = pending
    if (notice === undefined || deliveries >= this.rules.maxDeliveries) {
      this.#pending.delete(id)
      if (notice === undefined) this.#missed += 1
      else {
        this.#deadCount += 1
        this.#dead = [...this.#dead, { notice, deliveries }].slice(-DEAD_MAX)
      }
      return false
    }
    pending.member = member
    pending.deliveries += 1
    pending.dueAt = now + this.rules.ackWaitMs
    return true
  }

  #wants({ task, type, owner }: StoredNotice): boolean {
    const { tasks, types } = this.rules
    return (
      (tasks === null || tasks.includes(task)) &&
      (types === null || types.includes(type)) &&
      (this.#ref.owner === null || this.#ref.owner === owner)
    )
  }

  #tell(member: string, resume: boolean, now: number): PullReply['gap'] {
    if (this.#missed === 0) return null
    const isAgain = resume && this.#told?.member === member
    if (!isAgain) {
      if (this.#told !== undefined && this.#told.dueAt > now) return null
      this.#tellings += 1
      this.#told = { member, missed: this.#missed, dueAt: now + this.rules.ackWaitMs }
    }
    return { missed: this.#told?.missed ?? 0, deliveries: this.#tellings, cursor: this.#place }
  }

  #nextDueMs(now: number): number | null {
    const dues = [...this.#pending.values()].map(({ dueAt }) => dueAt)
    if (this.#missed > 0) dues.push(this.#told?.dueAt ?? 0)
    return dues.length === 0 ? null : Math.max(0, Math.min(...dues) - now)
  }

  #sweep(now: number): void {
    for (const [member, seenAt] of this.#seenAt) {
      if (seenAt <= now - MEMBER_TTL_MS && this.#count(member) === 0) this.#seenAt.delete(member)
    }
  }

  #count(member: string): number {
    let count = 0
    for (const pending of this.#pending.values()) if (pending.member === member) count += 1
    return count
  }
}
