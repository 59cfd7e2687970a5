/**
 * Consumers over partitions: a group is one in each of them, and a member takes part in all. What it is given of one
 * job stays in order, and tokens say which partition delivered.
 */
import type { Clock } from '../clock.ts'
import { byOwnerAndName, type GroupInfo, type GroupRef } from '../consumer-store.ts'
import type { Consumers, DeadNotice, MemberRequest } from '../consumers.ts'
import { START } from '../cursor.ts'
import type { DeliveredNotice } from '../delivery.ts'
import { endedWith } from '../own-end.ts'
import { refused } from '../refused.ts'
import { gathered } from './gathered.ts'
import { placesIn } from './joint-feed.ts'

/** What can be asked of consumers, partitioned or not. */
export type ConsumerCalls = Pick<
  Consumers,
  'ack' | 'clock' | 'close' | 'dead' | 'deliveries' | 'delete' | 'groups' | 'random' | 'release'
>

export class JointConsumers implements ConsumerCalls {
  readonly #all: readonly Consumers[]
  readonly clock: Clock
  readonly random: () => number

  constructor(all: readonly Consumers[]) {
    this.#all = all
    ;({ clock: this.clock, random: this.random } = all[0] as Consumers)
  }

  async *deliveries(request: MemberRequest): AsyncGenerator<DeliveredNotice, void, undefined> {
    const { from, window, signal } = request
    const count = this.#all.length
    const places = from === null ? null : placesIn(from, count)
    const own = endedWith(signal)
    const share = Math.max(1, Math.floor(window / count))
    const members = this.#all.map((consumers, index) =>
      consumers.deliveries({ ...request, from: places?.[index] ?? null, window: share, signal: own.signal }),
    )
    let ready = 0
    try {
      for await (const { index, item } of gathered(members)) {
        if (item.type !== 'ready') yield { ...item, token: `${index}${BETWEEN}${item.token}` }
        else if (++ready === count) yield { type: 'ready', cursor: START }
      }
    } finally {
      own.forget()
      own.end()
    }
  }

  async ack(group: GroupRef, tokens: readonly string[]): Promise<boolean[]> {
    const split = tokens.map((token) => this.#split(token))
    const settled = await Promise.all(
      this.#all.map(async (consumers, index) => {
        const own = split.filter((one) => one.index === index).map(({ token }) => token)
        return own.length === 0 ? [] : consumers.ack(group, own)
      }),
    )
    const lists = settled.map((list) => list[Symbol.iterator]())
    return split.map(({ index }) => lists[index]?.next().value as boolean)
  }

  async release(group: GroupRef, member: string, seen: readonly string[]): Promise<void> {
    const split = seen.map((token) => this.#split(token))
    await Promise.all(
      this.#all.map((consumers, index) =>
        consumers.release(
          group,
          member,
          split.filter((one) => one.index === index).map(({ token }) => token),
        ),
      ),
    )
  }

  async groups(owner?: string | null): Promise<GroupInfo[]> {
    const all = (await Promise.all(this.#all.map((consumers) => consumers.groups(owner)))).flat()
    const joint = new Map<string, GroupInfo>()
    for (const info of all) {
      const key = JSON.stringify([info.owner, info.name])
      const known = joint.get(key)
      joint.set(key, known === undefined ? info : joined(known, info))
    }
    return [...joint.values()].toSorted(byOwnerAndName)
  }

  async delete(group: GroupRef): Promise<boolean> {
    return (await Promise.all(this.#all.map((consumers) => consumers.delete(group)))).includes(true)
  }

  async dead(group: GroupRef, limit: number): Promise<DeadNotice[]> {
    const all = (await Promise.all(this.#all.map((consumers) => consumers.dead(group, limit)))).flat()
    return all.toSorted((a, b) => a.at - b.at).slice(-limit)
  }

  close(): void {
    for (const consumers of this.#all) consumers.close()
  }

  #split(joint: string): { index: number; token: string } {
    const [, index, token] = /^(\d{1,3})\.(.*)$/s.exec(joint) ?? []
    if (token === undefined || this.#all[Number(index)] === undefined)
      return refused('token', joint.slice(0, 100), 'the token of a delivered notice')
    return { index: Number(index), token }
  }
}

const BETWEEN = '.'

function joined(one: GroupInfo, other: GroupInfo): GroupInfo {
  const members = new Map(one.members.map((member) => [member.member, member]))
  for (const member of other.members) {
    const known = members.get(member.member)
    members.set(
      member.member,
      known === undefined
        ? member
        : {
            ...known,
            pending: known.pending + member.pending,
            seenAt: Math.max(known.seenAt, member.seenAt),
          },
    )
  }
  const { pending, lag, missed, dead } = other
  return {
    ...one,
    members: [...members.values()].toSorted((a, b) => (a.member < b.member ? -1 : 1)),
    pending: one.pending + pending,
    lag: one.lag + lag,
    missed: one.missed + missed,
    dead: one.dead + dead,
  }
}
