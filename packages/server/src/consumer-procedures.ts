/**
 * Durable consumers over the wire: `consume` delivers to one member of a group of the caller's, `ack` settles what was
 * delivered, and `release` is how a member leaves. A group belongs to its owner, and sees his notices alone.
 *
 * A connection that ends is no leave: the client comes back as the same member, perhaps to another process, is given
 * what it holds once more with the same tokens, and drops what it has. Whoever does not come back loses it to others
 * when it is due.
 */
import {
  type AckOutcome,
  type Batch,
  type ConsumedOf,
  type Cursor,
  type DeadNotice,
  type Duration,
  type GroupInfo,
  groupOf,
  type JobNoticeType,
  memberRequest,
  type Named,
  newJobId,
  type Notice,
} from '@lovage/core'
import type {
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCRouterRecord,
  TRPCSubscriptionProcedure,
} from '@trpc/server'
import { answer, deliver } from './answer.ts'
import * as field from './envelope.ts'
import { envelope, optional } from './envelope.ts'
import type { Def } from './procedures.ts'
import type { Kit } from './resolvers.ts'

/** What one owner's browsers and services need, and no way to fill a server with groups. */
export const DEFAULT_MAX_GROUPS = 10

interface ConsumeWire<Names> {
  /** Of the group. */
  name: string
  /** Who consumes: the same again after a lost connection. Default: a new member. */
  member?: string | undefined
  tasks?: readonly Names[] | undefined
  types?: readonly JobNoticeType[] | undefined
  from?: Cursor | 'start' | 'new' | undefined
  ackWait?: Duration | undefined
  maxDeliveries?: number | undefined
  window?: number | undefined
  /** What tRPC sends when it reconnects. A group knows its place by itself. */
  lastEventId?: string | null | undefined
}

/** A notice as it travels: its `token` instead of an `ack` of its own. */
type Delivered<N> = N extends { ack: unknown } ? Omit<N, 'ack'> & { readonly token: string } : never

/** The first event: the group is there, and what is written from now on will be delivered. */
interface Ready {
  readonly type: 'ready'
  readonly cursor: Cursor
}

export type ConsumerProcedures<Tasks extends Named, Shape> = {
  consume: TRPCSubscriptionProcedure<
    Def<
      ConsumeWire<Tasks['name']>,
      AsyncIterable<{ id: Cursor; data: Delivered<ConsumedOf<Tasks>> | Ready }>,
      Shape
    >
  >
  /** At most 500 tokens. */
  ack: TRPCMutationProcedure<Def<{ name: string; tokens: readonly string[] }, AckOutcome[], Shape>>
  /** `seen`: the tokens of what was looked at and not acked; what else the member holds does not count as delivered. */
  release: TRPCMutationProcedure<
    Def<{ name: string; member: string; seen?: readonly string[] | undefined }, { released: true }, Shape>
  >
  groups: TRPCQueryProcedure<Def<undefined, GroupInfo[], Shape>>
  deleteGroup: TRPCMutationProcedure<Def<{ name: string }, { deleted: boolean }, Shape>>
  deadNotices: TRPCQueryProcedure<Def<{ name: string; limit?: number | undefined }, DeadNotice[], Shape>>
}

export function consumerProcedures(kit: Kit, maxGroups: number): TRPCRouterRecord {
  const { engine, base, open, ownerOf, rightsOf } = kit
  const { consumers } = engine
  const group = (ctx: object, name: string) => groupOf(name, ownerOf(ctx) ?? null)
  return {
    consume: base.input(envelope(CONSUME_FIELDS, { open })).subscription(({ ctx, input, signal }) =>
      deliver(ctx, signal, rightsOf(ctx), ({ signal: own }) => {
        const { name, member = newJobId(), lastEventId: _, ...options } = input
        for (const task of options.tasks ?? []) engine.task(task)
        const request = memberRequest(group(ctx, name), member, field.defined(options))
        return oneEach(consumers.deliveries({ ...request, maxGroups, signal: own }))
      }),
    ),
    ack: base
      .input(envelope({ name: field.group, tokens: field.tokens }, { open }))
      .mutation(({ ctx, input }) =>
        answer(async (): Promise<AckOutcome[]> => {
          const settled = await consumers.ack(group(ctx, input.name), input.tokens)
          return settled.map((isSettled) => ({ outcome: isSettled ? 'acked' : 'late' }))
        }),
      ),
    release: base
      .input(envelope({ name: field.group, member: field.member, seen: optional(field.held) }, { open }))
      .mutation(({ ctx, input: { name, member, seen = [] } }) =>
        answer(async () => {
          await consumers.release(group(ctx, name), member, seen)
          return { released: true }
        }),
      ),
    groups: base
      .input(envelope({}, { open }))
      .query(({ ctx }) => answer(() => consumers.groups(ownerOf(ctx) ?? null))),
    deleteGroup: base
      .input(envelope({ name: field.group }, { open }))
      .mutation(({ ctx, input }) =>
        answer(async () => ({ deleted: await consumers.delete(group(ctx, input.name)) })),
      ),
    deadNotices: base
      .input(envelope({ name: field.group, limit: optional(field.count) }, { open }))
      .query(({ ctx, input: { name, limit = DEAD_PAGE } }) =>
        answer(() => consumers.dead(group(ctx, name), limit)),
      ),
  }
}

/** One at a time: of what comes together, a slow client is spared reports; but each of these waits for its ack. */
async function* oneEach(notices: AsyncIterable<Notice>): AsyncGenerator<Batch, void, undefined> {
  for await (const notice of notices) yield [notice]
}

const DEAD_PAGE = 100

const CONSUME_FIELDS = {
  name: field.group,
  member: optional(field.member),
  tasks: optional(field.names),
  types: optional(field.types),
  from: optional(field.start),
  ackWait: optional(field.duration),
  maxDeliveries: optional(field.count),
  window: optional(field.count),
  lastEventId: optional(field.anything),
}
