// Promise 4 and 10: every follower was told everything that is his, in order and once; gaps are exact.
import { all, type EntryOf, groupBy } from '../history.ts'
import { lossesOf } from './losses.ts'
import { isEnd, type Rule } from './rule.ts'
import { toldAcross } from './told-across.ts'

type Record = EntryOf<'record'>
type Heard = EntryOf<'heard'>

interface Following {
  told: Heard[]
  /** What the feed had for this follower, from his beginning on. */
  own: Record[]
  /** The number of the newest record there is. */
  end: number
}

/** Numbers of the feed that a follower was told he missed. A gap stands at the place where it ends. */
function missedOf(told: readonly Heard[]): (seq: number) => boolean {
  const gaps = told.filter(({ type }) => type === 'gap')
  return (seq) => gaps.some((gap) => seq > gap.seq - (gap.missed ?? 0) && seq <= gap.seq)
}

export const followers: Rule = (history) => {
  const told = groupBy(all(history, 'heard'), ({ line }) => line)
  const done = new Set(all(history, 'done').map(({ line }) => line))
  const losses = lossesOf(history)
  const records = losses.kept
  const end = Math.max(0, ...records.map(({ seq }) => seq))
  const ofJob = groupBy(records, ({ jobId }) => jobId)
  return all(history, 'follows').flatMap(({ line, of, after, owner, jobId }) => {
    const heard = told.get(line) ?? []
    if (of === 'feed') {
      const isHis = (record: Record): boolean =>
        record.seq > after && (owner === null || record.owner === owner)
      if (losses.all.length > 0) return toldAcross(line, heard, isHis, losses)
      const own = records.filter(isHis)
      return feedOf(line, { told: heard, own, end })
    }
    // One who starts from the job as it is, or was told of a gap, is shown it as it is then.
    if (!done.has(line)) return []
    const own = (ofJob.get(jobId as string) ?? []).filter(({ seq }) => seq > after)
    const isShown = after < 0 || heard.some(({ type }) => type === 'gap')
    const last = heard.at(-1)
    if (last === undefined || !isEnd(last.type)) return [`${line} came to its end without the end of the job`]
    return isShown || losses.touched.has(jobId as string) ? [] : feedOf(line, { told: heard, own, end })
  })
}

function feedOf(line: string, { told, own, end }: Following): string[] {
  const wrong: string[] = []
  const notices = told.filter(({ type }) => type !== 'ready' && type !== 'gap')
  for (const [n, { seq, type }] of notices.entries()) {
    const before = notices[n - 1]?.seq ?? 0
    if (seq <= before) wrong.push(`${line} was told ${type} ${seq} after ${before}`)
  }
  const wasMissed = missedOf(told)
  const heard = new Map(notices.map((notice) => [notice.seq, notice]))
  const known = new Set(own.map(({ seq }) => seq))
  for (const { seq, type, result } of own) {
    const notice = heard.get(seq)
    if (notice === undefined && !wasMissed(seq)) wrong.push(`${line} was not told ${type} ${seq}`)
    if (notice !== undefined && wasMissed(seq)) wrong.push(`${line} was told ${seq}, and that it was missed`)
    if (notice !== undefined && notice.type !== type) wrong.push(`${line} was told ${seq} as ${notice.type}`)
    if (result !== undefined && notice?.result !== undefined && notice.result !== result)
      wrong.push(`${line} was told ${seq} with the result ${notice.result}`)
  }
  for (const { seq } of notices)
    if (!known.has(seq)) wrong.push(`${line} was told ${seq}, which is not for him`)
  for (const { seq, missed = 0 } of told.filter(({ type }) => type === 'gap'))
    if (missed < 1 || seq < missed || seq > end)
      wrong.push(`${line} was told of a gap of ${missed} up to ${seq}, where the feed ends at ${end}`)
  return wrong
}
