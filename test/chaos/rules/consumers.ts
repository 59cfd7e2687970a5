// Promise 6: a consumed notice is delivered until it is acked, to one member at a time, and to nobody afterwards.
import { all, type EntryOf, groupBy } from '../history.ts'
import { lossesOf } from './losses.ts'
import type { Rule } from './rule.ts'

/** Records behind the newest one that are surely there. */
const TRIMMED_FROM = 300

/** The number of the newest record at a moment. */
const newestAt = (records: readonly EntryOf<'record'>[], at: number): number =>
  records.findLast((record) => record.at <= at)?.seq ?? 0

interface Delivery {
  member: string
  seq: number
  deliveries: number
}
const nameOf = ({ member, seq, deliveries }: Delivery): string => `${member} ${seq} ${deliveries}`

export const consumers: Rule = (history) => {
  const wrong: string[] = []
  const losses = lossesOf(history)
  const records = losses.kept
  const deliveries = groupBy(all(history, 'delivered'), ({ group }) => group)
  const acks = groupBy(all(history, 'acked'), ({ group }) => group)
  const answered = new Set(all(history, 'acked').map(nameOf))
  const unanswered = groupBy(
    all(history, 'acking').filter((ack) => !answered.has(nameOf(ack))),
    ({ group }) => group,
  )
  for (const [group, members] of groupBy(all(history, 'consumes'), (entry) => entry.group)) {
    const { owner, types } = members[0] as (typeof members)[number]
    // Numbers that were taken back are given to others: what was said of them before is not of those.
    const epochs = new Map(records.map((record) => [record.seq, losses.epochOf(record)]))
    const isOf = ({ seq, at }: { seq: number; at: number }): boolean => at > (epochs.get(seq) ?? -1)
    const delivered = groupBy((deliveries.get(group) ?? []).filter(isOf), ({ seq }) => `${seq}`)
    const acked = new Map<number, EntryOf<'acked'>>()
    for (const ack of (acks.get(group) ?? []).filter(isOf))
      if (ack.outcome === 'acked' && !acked.has(ack.seq)) acked.set(ack.seq, ack)
    // Whoever was killed while he acked does not know whether that was heard.
    const mayBeAcked = new Set(
      unanswered
        .get(group)
        ?.filter(isOf)
        .map(({ seq }) => seq),
    )
    // A gap says how many records were missed, of any kind, those among them that nobody acked before they were trimmed.
    const gaps = (deliveries.get(group) ?? []).filter(({ missed }) => missed !== undefined)
    let told = gaps.reduce((sum, { missed = 0 }) => sum + missed, 0)

    for (const { seq, type } of records.filter(
      (it) => types.includes(it.type) && (owner === null || it.owner === owner),
    )) {
      if (!delivered.has(`${seq}`) && --told < 0) wrong.push(`${group} was never given ${type} ${seq}`)
      else if (delivered.has(`${seq}`) && !acked.has(seq) && !mayBeAcked.has(seq) && --told < 0)
        wrong.push(`${group} was given ${seq} and nobody could ack it`)
    }
    for (const [seq, times] of delivered) {
      // One that comes late was given before; one that is given after the ack has a higher number. Of what had been
      // trimmed before, an ack says that nobody will be given it, and others may be on their way all the same.
      const ack = acked.get(Number(seq))
      if (losses.isDoubtful(ack?.at ?? 0)) continue // an ack that was taken back: it comes again
      if (ack !== undefined && newestAt(records, ack.at) - ack.seq > TRIMMED_FROM) continue
      const after = times.find(
        ({ deliveries: number, missed, at }) =>
          ack !== undefined && missed === undefined && number > ack.deliveries && at > ack.at,
      )
      if (after) wrong.push(`${group} gave ${seq} to ${after.member} after it was acked`)
      const byNumber = groupBy(
        times.filter(({ missed }) => missed === undefined),
        (it) => `${it.deliveries}`,
      )
      for (const [number, same] of byNumber) {
        const to = new Set(same.map(({ member }) => member))
        const isSure = !same.some(({ at }) => losses.isDoubtful(at)) // a count that was taken back is given again
        if (to.size > 1 && isSure)
          wrong.push(`${group} gave ${seq} as delivery ${number} to ${[...to].join(' and ')}`)
      }
    }
  }
  return wrong
}
