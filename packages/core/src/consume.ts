/** What consumers are asked for, checked; and the consumer that runs beside the store. */
import { type GroupRef, WINDOW_MAX } from './consumer-store.ts'
import { ackWaitMsOf, type ConsumedOf, consumeFrom, type ConsumeOptions } from './consumer.ts'
import type { MemberRequest } from './consumers.ts'
import { START } from './cursor.ts'
import { isLovageError, LovageError } from './errors.ts'
import { newJobId } from './id.ts'
import type { ConsumerCalls } from './partitions/joint-consumers.ts'
import type { Named } from './tasks.ts'

const MAX_DELIVERIES = 5
const MAX_DELIVERIES_MAX = 1_000
const WINDOW = 100
/** Groups of those who stand beside the store: a name that is made up anew each time should be found out. */
const GROUPS_MAX = 1_000
const DEAD_PAGE = 100

/** @throws LovageError `OPTION_INVALID` */
export function groupOf(name: string, owner: string | null): GroupRef {
  if (typeof name === 'string' && /^[\w.-]{1,64}$/.test(name)) return { name, owner }
  throw new LovageError('OPTION_INVALID', {
    option: 'name',
    seen: JSON.stringify(name)?.slice(0, 100) ?? 'absent',
    expected: 'the name of a consumer group: up to 64 letters, digits, dots, underscores and dashes',
  })
}

/** @throws LovageError `OPTION_INVALID` */
export function memberRequest(
  group: GroupRef,
  member: string,
  options: Omit<ConsumeOptions, 'signal'>,
): Omit<MemberRequest, 'signal' | 'maxGroups'> {
  const { tasks, types, from, maxDeliveries = MAX_DELIVERIES, window = WINDOW } = options
  checkWhole('maxDeliveries', maxDeliveries, MAX_DELIVERIES_MAX)
  checkWhole('window', window, WINDOW_MAX)
  return {
    group,
    member,
    rules: { tasks: tasks ?? null, types: types ?? null, ackWaitMs: ackWaitMsOf(options), maxDeliveries },
    from: from === undefined || from === 'new' ? null : from === 'start' ? START : from,
    window,
  }
}

function checkWhole(option: string, seen: number, most: number): void {
  if (Number.isInteger(seen) && seen >= 1 && seen <= most) return
  throw new LovageError('OPTION_INVALID', {
    option,
    seen: String(seen),
    expected: `a whole number from 1 to ${most}`,
  })
}

/** A consumer in this process. It sees the notices of all owners. */
export async function* consumeHere(
  consumers: ConsumerCalls,
  name: string,
  options: ConsumeOptions,
): AsyncGenerator<ConsumedOf<Named>, void, undefined> {
  const group = groupOf(name, null)
  const member = newJobId()
  const request = memberRequest(group, member, options)
  const source = {
    deliveries: (signal: AbortSignal) => consumers.deliveries({ ...request, maxGroups: GROUPS_MAX, signal }),
    ack: (tokens: readonly string[]) => consumers.ack(group, tokens),
    release: (seen: readonly string[]) => consumers.release(group, member, seen),
    mayPass: (error: unknown) => isLovageError(error, 'STORE_UNAVAILABLE'),
  }
  const signal = options.signal ?? new AbortController().signal
  const { clock, random } = consumers
  yield* consumeFrom(source, { ackWaitMs: request.rules.ackWaitMs, clock, random, signal })
}

/** What can be done to the groups beside the store; without an owner, to those of nobody. */
export const groupCalls = (consumers: ConsumerCalls) => ({
  groups: () => consumers.groups(),
  deleteGroup: async (name: string, { owner = null }: { owner?: string | null } = {}) =>
    await consumers.delete(groupOf(name, owner)),
  deadNotices: async (
    name: string,
    { owner = null, limit = DEAD_PAGE }: { owner?: string | null; limit?: number } = {},
  ) => {
    checkWhole('limit', limit, WINDOW_MAX)
    return await consumers.dead(groupOf(name, owner), limit)
  },
})
