// Promise 11: the stream of the feed is bounded, whatever consumer groups hold back.
import { all } from '../history.ts'
import type { Rule } from './rule.ts'

/** Records beyond the bound: the store looks once in a while, and trims by whole nodes. */
const SLACK = 400

export const bounds: Rule = (history) => {
  const most = Math.max(
    0,
    ...all(history, 'counted').map(({ records, streamMaxLen }) => records - streamMaxLen),
  )
  return most > SLACK ? [`the stream had ${most} records more than it may keep`] : []
}
