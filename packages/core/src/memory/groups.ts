/** The consumer groups of a queue, and how far together they keep the feed from being trimmed. */
import { parseCursor } from '../cursor.ts'
import {
  byOwnerAndName,
  type Delivered,
  type Delivery,
  type GroupInfo,
  type GroupRef,
  type OpenGroupRequest,
  type PullReply,
  type PullRequest,
} from '../consumer-store.ts'
import type { Feed } from './feed.ts'
import { Group } from './group.ts'

export class Groups {
  readonly #feed: Feed
  readonly #groups = new Map<string, { ref: GroupRef; group: Group }>()

  constructor(feed: Feed) {
    this.#feed = feed
  }

  open({ name, owner, rules, from, maxGroups }: OpenGroupRequest): 'opened' | 'joined' | 'full' {
    const known = this.#find({ name, owner })
    if (known !== undefined) {
      known.rules = rules
      return 'joined'
    }
    if (from !== null) parseCursor(from)
    const ofOwner = [...this.#groups.values()].filter(({ ref }) => ref.owner === owner)
    if (ofOwner.length >= maxGroups) return 'full'
    const ref = { name, owner }
    this.#groups.set(keyOf(ref), { ref, group: new Group(ref, this.#feed, rules, from ?? this.#feed.tail) })
    this.#hold()
    return 'opened'
  }

  pull(request: PullRequest, now: number): PullReply | null {
    const reply = this.#find(request)?.pull(request, now) ?? null
    this.#hold()
    return reply
  }

  ack(ref: GroupRef, acks: readonly Delivery[]): boolean[] {
    const group = this.#find(ref)
    return acks.map((ack) => group?.ack(ack) ?? true)
  }

  release(ref: GroupRef, member: string, seen: readonly Delivery[]): void {
    this.#find(ref)?.release(member, seen)
  }

  list(owner: string | null | undefined): GroupInfo[] {
    return [...this.#groups.values()]
      .filter(({ ref }) => owner === undefined || owner === ref.owner)
      .map(({ group }) => group.info())
      .sort(byOwnerAndName)
  }

  delete(ref: GroupRef): boolean {
    const isKnown = this.#groups.delete(keyOf(ref))
    this.#hold()
    return isKnown
  }

  dead(ref: GroupRef, limit: number): Delivered[] {
    return this.#find(ref)?.dead(limit) ?? []
  }

  #find(ref: GroupRef): Group | undefined {
    return this.#groups.get(keyOf(ref))?.group
  }

  /** An ack alone moves nothing: what it sets free is trimmed after the next pull. */
  #hold(): void {
    const floors = [...this.#groups.values()].map(({ group }) => group.floor)
    this.#feed.hold(floors.length === 0 ? null : Math.min(...floors))
  }
}

const keyOf = ({ name, owner }: GroupRef): string => JSON.stringify([owner ?? '', name])
