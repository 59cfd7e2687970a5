// Promise 3: after a notice `get` never disagrees with it.
import { all, groupBy } from '../history.ts'
import { feedOf, lossesOf } from './losses.ts'
import { isEnd, type Rule } from './rule.ts'

export const looks: Rule = (history) => {
  const { touched } = lossesOf(history)
  const records = groupBy(feedOf(history), ({ jobId }) => jobId)
  // Who claims ahead says so once a job begins.
  const begun = groupBy(all(history, 'claimed'), ({ id }) => id)
  return all(history, 'looked').flatMap(({ id, after, attempt, state, seen, result }) => {
    if (touched.has(id)) return [] // what the notice told may have been taken back
    const end = records.get(id)?.find(({ type }) => isEnd(type))
    if (isEnd(after) && state !== after) return [`${id} was told ${after}, and get said ${state}`]
    // What was claimed ahead and did not begin went back to the line, with no attempt counted.
    const wentBack = records
      .get(id)
      ?.some(
        (record) =>
          record.type === 'started' &&
          record.attempt === attempt &&
          begun.get(id)?.some(({ claimedAt }) => claimedAt === record.time) !== true,
      )
    if (state === 'queued' && after === 'started' && seen === attempt - 1 && wentBack) return []
    if (!isEnd(state) && seen < attempt)
      return [`${id} was told ${after} ${attempt}, and get said attempt ${seen}`]
    if (result !== undefined && end?.result !== undefined && result !== end.result)
      return [`${id} ended with ${end.result}, and get said ${result}`]
    return []
  })
}
