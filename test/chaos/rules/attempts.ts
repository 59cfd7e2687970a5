// Promise 1 and 2: attempts are counted, and there are no more of them than the policy allows.
import { all, groupBy } from '../history.ts'
import { rules } from '../tasks.ts'
import { feedOf, lossesOf } from './losses.ts'
import type { Rule } from './rule.ts'

export const attempts: Rule = (history) => {
  const wrong: string[] = []
  const { touched } = lossesOf(history)
  const tasks = new Map(feedOf(history).map(({ jobId, task }) => [jobId, task]))
  for (const [id, runs] of groupBy(all(history, 'began'), (entry) => entry.id)) {
    const allowed = rules[tasks.get(id) ?? '']?.attempts ?? Infinity
    const most = Math.max(...runs.map(({ attempt }) => attempt))
    if (most > allowed) wrong.push(`${id} ran a ${most}. time, and ${allowed} are allowed`)
  }
  for (const [id, claims] of groupBy(all(history, 'claimed'), (entry) => entry.id)) {
    if (touched.has(id)) continue // a claim that was taken back is given out again
    const inOrder = claims.toSorted((a, b) => a.claimedAt - b.claimedAt)
    for (const [n, { attempt }] of inOrder.entries()) {
      const before = inOrder[n - 1]?.attempt ?? attempt
      if (attempt < before) wrong.push(`${id} was given out as attempt ${attempt} after ${before}`)
    }
  }
  // An attempt that failed is counted: the next one has a higher number.
  for (const [id, records] of groupBy(feedOf(history), ({ jobId }) => jobId)) {
    let failed = 0
    for (const { type, attempt = 0 } of records) {
      if (type === 'started' && attempt <= failed)
        wrong.push(`${id} started attempt ${attempt} after ${failed} failed`)
      if (type === 'retrying') failed = attempt
    }
  }
  return wrong
}
