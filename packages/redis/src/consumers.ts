/** The consumers' part of the seam on Redis: names the scripts, passes arguments, decodes answers. */
import {
  byOwnerAndName,
  type ConsumerStore,
  type Delivered,
  type GroupInfo,
  type GroupRef,
  parseCursor,
} from '@lovage/core'
import type { Run } from './script.ts'
import { ack, ackItems, release } from './scripts/acks.ts'
import { marked } from './scripts/feed.ts'
import { dead, deleteGroup, type ListedGroup, listGroups, open } from './scripts/groups.ts'
import { type DeliveredRecord, pull } from './scripts/pull.ts'
import { decodeRecords, statusOf } from './stream-record.ts'

/** What the names of an owner's groups begin with. A name has no slash, so two pairs never give one text. */
const scopeOf = (owner: string | null): string => (owner === null ? '' : `${owner}/`)

/** As the consumer group is called on Redis: `mailer`, or `ada/mailer` for an owner's. */
const textOf = ({ name, owner }: GroupRef): string => scopeOf(owner) + name

function refOf(text: string): GroupRef {
  const slash = text.lastIndexOf('/')
  return { name: text.slice(slash + 1), owner: slash === -1 ? null : text.slice(0, slash) }
}

export function redisConsumers(run: Run): ConsumerStore {
  return {
    async open({ rules: { tasks, types, ackWaitMs, maxDeliveries }, from, maxGroups, ...ref }) {
      if (from !== null) parseCursor(from)
      return run(open, {
        group: textOf(ref),
        scope: scopeOf(ref.owner),
        tasks: tasks === null ? '' : JSON.stringify(tasks),
        types: types === null ? '' : JSON.stringify(types.map(statusOf)),
        owner: marked(ref.owner),
        ackWait: Math.round(ackWaitMs),
        limit: maxDeliveries,
        from: from ?? '',
        maxGroups,
      })
    },
    async pull({ member, window, resume, ...ref }) {
      const reply = await run(pull, { group: textOf(ref), member, window, resume: resume ? 1 : 0 })
      if (reply === null) return null
      const { records, ...rest } = reply
      return { delivered: records.flatMap(deliveredOf), ...rest }
    },
    ack: (ref, acks) => run(ack, { group: textOf(ref) }, acks.flatMap(ackItems)),
    release: (ref, member, seen) =>
      run(
        release,
        { group: textOf(ref), member },
        seen.flatMap(({ id, deliveries }) => [id, deliveries]),
      ),
    async groups(owner) {
      const [tail, found] = await run(listGroups, {})
      const { seq } = parseCursor(tail)
      const infos = found.map((group) => infoOf(group, seq))
      return infos.filter((info) => owner === undefined || info.owner === owner).sort(byOwnerAndName)
    },
    delete: (ref) => run(deleteGroup, { group: textOf(ref) }),
    dead: async (ref, limit) =>
      (await run(dead, { group: textOf(ref), count: limit })).reverse().flatMap(deliveredOf),
  }
}

function deliveredOf([id, fields, deliveries, before]: DeliveredRecord): Delivered[] {
  const { notices } = decodeRecords([[id, fields]], `0-0.${before}`)
  return notices.map((notice) => ({ notice, deliveries: Number(deliveries) }))
}

function infoOf([text, pending, holders, seen, place, missed, dead]: ListedGroup, tail: number): GroupInfo {
  const held = new Map(holders)
  const members: GroupInfo['members'] = []
  for (let at = 0; at < seen.length; at += 2) {
    const member = seen[at] as string
    members.push({ member, pending: Number(held.get(member) ?? 0), seenAt: Number(seen[at + 1]) })
  }
  const lag = Math.max(0, tail - parseCursor(place).seq)
  return { ...refOf(text), members, pending, lag, missed: Number(missed), dead: Number(dead) }
}
