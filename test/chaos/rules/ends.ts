// Promise 1: what was accepted ends, once; nothing happens to it afterwards; and `get` says the same at the end.
import { all, groupBy } from '../history.ts'
import { feedOf, lossesOf } from './losses.ts'
import { isEnd, type Rule } from './rule.ts'

export const ends: Rule = (history) => {
  const wrong: string[] = []
  const losses = lossesOf(history)
  const records = groupBy(feedOf(history), ({ jobId }) => jobId)
  const finals = new Map(all(history, 'final').map((entry) => [entry.id, entry]))
  for (const { id } of all(history, 'accepted')) {
    // One that was lost is unknown; of one that was not, all is there.
    if (losses.mayBeGone(id) && !records.has(id) && finals.get(id)?.state === 'absent') continue
    if (!records.get(id)?.some(({ type }) => isEnd(type))) wrong.push(`${id} was accepted and never ended`)
    const state = finals.get(id)?.state
    if (state !== undefined && !isEnd(state)) wrong.push(`${id} was accepted and is ${state} at the end`)
  }
  for (const [id, own] of records) {
    const at = own.findIndex(({ type }) => isEnd(type))
    if (at === -1) wrong.push(`${id} is in the feed and never ended`)
    for (const { type, seq } of at === -1 ? [] : own.slice(at + 1))
      wrong.push(`${id} had ended as ${own[at]?.type}, and then was ${type} (${seq})`)
    const last = finals.get(id)
    const end = own[at]
    if (last === undefined || end === undefined) continue
    if (isEnd(last.state) && last.state !== end.type)
      wrong.push(`${id} ended as ${end.type}, and get says ${last.state}`)
    if (end.result !== undefined && last.result !== undefined && end.result !== last.result)
      wrong.push(`${id} ended with ${end.result}, and get says ${last.result}`)
  }
  return wrong
}

/** The feed itself: its numbers have no hole and come once. */
export const feed: Rule = (history) => {
  let last = 0
  return history.flatMap((entry) => {
    if (entry.fact === 'lost') last = entry.survived
    if (entry.fact !== 'record') return []
    const { seq } = entry
    const before = last
    last = seq
    return seq === before + 1 ? [] : [`record ${seq} of the feed came after ${before}`]
  })
}
