// Promise 8: a schedule fires once for each of its moments.
import { all } from '../history.ts'
import { feedOf } from './losses.ts'
import type { Rule } from './rule.ts'

export const schedules: Rule = (history) => {
  const records = feedOf(history)
  return all(history, 'ticks').flatMap(({ schedule, everyMs, first, last }) => {
    const fired = new Set(records.filter(({ task }) => task === schedule).map(({ jobId }) => jobId)).size
    const due = (last - first) / everyMs
    return fired === due ? [] : [`${schedule} was due ${due} times and fired ${fired} times`]
  })
}
