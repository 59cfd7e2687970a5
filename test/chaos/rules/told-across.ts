/**
 * A follower of the feed whose store was set back. What he was told stays told; then he is told `ready` with `restarted`, or a
 * gap, and from there on everything that there is. Where nothing tells him, he may miss nothing.
 */
import { type EntryOf } from '../history.ts'
import type { Losses } from './losses.ts'

type Record = EntryOf<'record'>
type Heard = EntryOf<'heard'>

const keyOf = ({ seq, jobId, type }: { seq: number; jobId?: string; type: string }): string =>
  `${seq} ${jobId} ${type}`

export function toldAcross(
  line: string,
  told: readonly Heard[],
  isHis: (record: Record) => boolean,
  losses: Losses,
): string[] {
  const wrong: string[] = []
  const kept = losses.kept.filter(isHis)
  const keptKeys = new Map(kept.map((record) => [keyOf(record), record]))
  const left = new Map<string, number>()
  for (const record of [...losses.gone.filter(isHis), ...kept])
    left.set(keyOf(record), (left.get(keyOf(record)) ?? 0) + 1)
  /** Numbers that he was told to have missed. */
  const excused: [after: number, upTo: number][] = []
  const unseen = [...losses.all]
  let place = 0

  for (const entry of told) {
    const { type, seq, at } = entry
    const isNotice = type !== 'ready' && type !== 'gap'
    if (isNotice) {
      const key = keyOf(entry)
      const times = left.get(key) ?? 0
      if (times === 0) wrong.push(`${line} was told ${key}, which is not for him or came before`)
      left.set(key, times - 1)
      if (seq <= place)
        wrong.push(`${line} was told ${key} after ${place}, and not that the feed begins anew`)
      // He has come over whatever was lost before that was written.
      const record = keptKeys.get(key)
      while (record !== undefined && unseen[0] !== undefined && unseen[0].at < record.at) unseen.shift()
      place = seq
      continue
    }
    if (type === 'ready' && entry.restarted !== true) continue
    const crossed = unseen.filter((loss) => loss.at < at)
    const from = Math.min(place, ...crossed.map(({ survived }) => survived))
    if (crossed.length > 0) {
      excused.push([from, seq])
      unseen.splice(0, crossed.length)
    } else if (type === 'ready') {
      // What was lost is told twice where two readers of one process learn of it.
      if (losses.all.every((loss) => loss.at > at))
        wrong.push(`${line} was told that the feed begins anew at ${seq}`)
    } else {
      const missed = entry.missed ?? 0
      if (missed < 1) wrong.push(`${line} was told of a gap of ${missed} up to ${seq}`)
      excused.push([seq - missed, seq])
    }
    place = seq
  }
  const lastTold = new Map(told.map((entry) => [keyOf(entry), entry.at]))
  for (const record of kept) {
    const { seq } = record
    // Its like may have been told before it was taken back.
    const isTold = (lastTold.get(keyOf(record)) ?? -1) > losses.epochOf(record)
    if (!isTold && !excused.some(([after, upTo]) => seq > after && seq <= upTo))
      wrong.push(`${line} was not told ${record.type} ${seq}`)
  }
  return wrong
}
