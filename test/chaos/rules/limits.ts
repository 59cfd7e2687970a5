// Promise 9: limits are never exceeded, in the order in which the store itself wrote what happened.
import { all, type EntryOf, groupBy } from '../history.ts'
import { rules } from '../tasks.ts'
import { feedOf } from './losses.ts'
import { isEnd, type Rule } from './rule.ts'

type Record = EntryOf<'record'>

/** Jobs that run at each moment of the feed. One that was taken from a lost worker, which no notice tells, is seen by
 * its next start, or by its end while nobody had it; it does not count from its start on. */
function* running(records: readonly Record[]): Generator<{ started: Record; ids: ReadonlySet<string> }> {
  const ids = new Set<string>()
  const following = new Map<Record, Record>()
  const last = new Map<string, Record>()
  for (const record of records.filter(
    ({ type }) => type === 'started' || type === 'retrying' || isEnd(type),
  )) {
    const before = last.get(record.jobId)
    if (before !== undefined) following.set(before, record)
    last.set(record.jobId, record)
  }
  for (const record of records) {
    if (record.type === 'retrying' || isEnd(record.type)) ids.delete(record.jobId)
    if (record.type !== 'started') continue
    const next = following.get(record)
    const isKept =
      next !== undefined && next.type !== 'started' && next.type !== 'cancelled' && next.type !== 'expired'
    if (!isKept) continue
    ids.add(record.jobId)
    yield { started: record, ids }
  }
}

export const concurrency: Rule = (history) => {
  const asked = new Map(all(history, 'asked').map((entry) => [entry.id, entry]))
  const records = feedOf(history)
  const wrong: string[] = []
  const gates = groupBy(records, ({ task, jobId }) =>
    rules[task]?.perKey === undefined ? task : `${task}:${asked.get(jobId)?.input.key}`,
  )
  for (const [gate, own] of gates) {
    const rule = rules[own[0]?.task as string]
    const most = rule?.perKey ?? rule?.concurrency ?? Infinity
    for (const { started, ids } of running(own))
      if (ids.size > most)
        wrong.push(`${ids.size} of ${gate} run at once when ${started.jobId} starts (${started.seq})`)
  }
  for (const { held } of all(history, 'counted')) {
    for (const [gate, count] of Object.entries(held)) {
      const [, letter, task, key] = /^(.):([^\n]*)(?:\n([^]*))?$/.exec(gate) ?? []
      const most = rules[task as string]?.[letter === 'k' ? 'perKey' : 'concurrency'] ?? Infinity
      if (count > most) wrong.push(`the store holds ${count} of ${task} ${key ?? ''} at once`)
    }
  }
  return wrong
}

/** Of ordered jobs of a key the next one starts when the one before has ended, its retries included. */
export const order: Rule = (history) => {
  const asked = new Map(all(history, 'asked').map((entry) => [entry.id, entry]))
  const own = feedOf(history).filter(({ task }) => task === 'ordered')
  return [...groupBy(own, ({ jobId }) => asked.get(jobId)?.input.key ?? '')].flatMap(([key, records]) => {
    const wrong: string[] = []
    let current: string | undefined
    for (const { jobId, type, seq } of records) {
      if (type === 'started' && current !== undefined && current !== jobId)
        wrong.push(`of the key ${key} ${jobId} starts (${seq}) before ${current} has ended`)
      if (type === 'started') current = jobId
      if (isEnd(type) && jobId === current) current = undefined
    }
    return wrong
  })
}

/** Within any stretch of time there are no more starts than allowed, by the store's own clock. */
export const rate: Rule = (history) =>
  [
    ...groupBy(
      feedOf(history).filter(({ type }) => type === 'started'),
      ({ task }) => task,
    ),
  ].flatMap(([task, starts]) => {
    const limit = rules[task]?.rate
    if (limit === undefined) return []
    return starts.flatMap(({ time, jobId }, n) => {
      const first = starts[n - limit.limit]
      return first !== undefined && time - first.time < limit.perMs
        ? [`${jobId} of ${task} starts ${time - first.time} ms after the ${limit.limit}. start before it`]
        : []
    })
  })
