/**
 * The part of the seam that durable consumers stand on: groups that share the feed among their members.
 *
 * A *group* reads the whole feed once, from the place where it was opened. A record that its filter does not want
 * counts as done when it is read. Each of the others is *pending* with one *member* until it is acked: after
 * `ackWaitMs` it is due, and goes to whoever pulls next, with one more delivery counted; one that was delivered
 * `maxDeliveries` times becomes a dead letter instead.
 *
 * What a group has not taken, or not acked, is not trimmed until it holds back more records than the store allows.
 * What was trimmed all the same is *missed*: counted, and told as a gap until a member has acked that.
 */
import type { Cursor } from './cursor.ts'
import type { JobNoticeType } from './notice.ts'
import type { StoredNotice } from './store.ts'

/** Notices that one member may hold at once. */
export const WINDOW_MAX = 1_000
/** Records that one pull looks at, at most: it bounds how long others wait. */
export const SCAN_MAX = 1_000
/** Dead letters that a group keeps, the newest. */
export const DEAD_MAX = 1_000
/** A member that has been silent for so long and holds nothing is forgotten. */
export const MEMBER_TTL_MS = 300_000

export interface GroupRef {
  /** Letters, digits, `.`, `_` and `-`. */
  name: string
  /** Whose notices it sees. `null`: all. A name is known within its owner. */
  owner: string | null
}

/** What all members of a group go by: that of whoever opened it last. */
export interface GroupRules {
  /** `null`: all. */
  tasks: readonly string[] | null
  types: readonly JobNoticeType[] | null
  ackWaitMs: number
  maxDeliveries: number
}

export interface OpenGroupRequest extends GroupRef {
  rules: GroupRules
  /** Where a new group begins. `null`: at the tail. */
  from: Cursor | null
  /** How many groups the owner may have. */
  maxGroups: number
}

export interface PullRequest extends GroupRef {
  member: string
  /** How many notices the member may hold in all, at most `WINDOW_MAX`. */
  window: number
  /** Begins with what the member holds already, for one that cannot know what has reached it. */
  resume: boolean
}

export interface Delivered {
  notice: StoredNotice
  /** 1 for the first time. */
  deliveries: number
}

export interface PullReply {
  /** What the member holds already and is not due, when it resumes; then what was due, the longest first; then what is new. */
  delivered: Delivered[]
  /** Records that were trimmed before they were acked; one member at a time is told. */
  gap: { missed: number; deliveries: number; cursor: Cursor } | null
  /** Notices that the member holds now. */
  held: number
  /** Records of the feed that the group has not looked at: pull again when there is room. */
  lag: number
  /** ms until something may be due for redelivery; `null`: nothing is pending. */
  nextDueMs: number | null
}

/** One delivery: what an ack must name. */
export interface Delivery {
  member: string
  /** The record's id on the stream, or `gap`. */
  id: string
  deliveries: number
}

export interface GroupInfo extends GroupRef {
  /** `seenAt`: the last pull, Unix ms by the store's clock. */
  members: { member: string; pending: number; seenAt: number }[]
  /** Delivered and not acked, whoever holds it. */
  pending: number
  /** Records of the feed that the group has not looked at. */
  lag: number
  /** Missed, and not acked yet. */
  missed: number
  /** Notices that became dead letters since the group was opened. */
  dead: number
}

/** The order in which groups are listed. */
export const byOwnerAndName = (a: GroupRef, b: GroupRef): number =>
  compareTexts(a.owner ?? '', b.owner ?? '') || compareTexts(a.name, b.name)

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export interface ConsumerStore {
  /** Makes a group, or gives an existing one these rules. `full`: nothing was done. Repeating it changes nothing. */
  open(request: OpenGroupRequest): Promise<'opened' | 'joined' | 'full'>
  /** Delivers what is due and what is new. `null`: there is no such group. */
  pull(request: PullRequest): Promise<PullReply | null>
  /**
   * Says for each delivery whether it is settled: nobody will be given it again. `false`: it has been delivered again
   * meanwhile, and this ack changed nothing.
   */
  ack(group: GroupRef, acks: readonly Delivery[]): Promise<boolean[]>
  /** Ends a member. All that it holds is due at once; a delivery that is not among `seen` does not count. */
  release(group: GroupRef, member: string, seen: readonly Delivery[]): Promise<void>
  /** By owner, then by name. `undefined`: the groups of all owners. */
  groups(owner?: string | null): Promise<GroupInfo[]>
  /** Deletes a group with its dead letters. */
  delete(group: GroupRef): Promise<boolean>
  /** The newest dead letters, oldest first, at most `limit`. */
  dead(group: GroupRef, limit: number): Promise<Delivered[]>
}
