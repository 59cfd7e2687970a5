// Promise 3: after a notice `get` never disagrees with it.
import { all, groupBy } from '../history.ts'
import { isEnd, type Rule } from './rule.ts'

export const looks: Rule = (history) => {
  const records = groupBy(all(history, 'record'), ({ jobId }) => jobId)
  return all(history, 'looked').flatMap(({ id, after, attempt, state, seen, result }) => {
    const end = records.get(id)?.find(({ type }) => isEnd(type))
    if (isEnd(after) && state !== after) return [`${id} was told ${after}, and get said ${state}`]
    if (!isEnd(state) && seen < attempt)
      return [`${id} was told ${after} ${attempt}, and get said attempt ${seen}`]
    if (result !== undefined && end?.result !== undefined && result !== end.result)
      return [`${id} ended with ${end.result}, and get said ${result}`]
    return []
  })
}
