// Promise 7: a handler whose job was cancelled is told so, and ends.
import { all, type Entry, type EntryOf, groupBy } from '../history.ts'
import { feedOf } from './losses.ts'
import type { Rule } from './rule.ts'

/** How long that may take while nothing is broken: longer than a lease, a blocking read and a wait before a new connection. */
const TOLD_MS = 9_000
/** As long a fault goes on to be felt when it is over. */
const AFTER_MS = 3_000

type Stretch = [from: number, to: number]

export const cancels: Rule = (history) => {
  const cancelled = new Map(
    feedOf(history).flatMap(({ jobId, type, at }) => (type === 'cancelled' ? [[jobId, at] as const] : [])),
  )
  const ended = new Map(all(history, 'ended').map((entry) => [entry.run, entry]))
  const faults = faultsOf(history)
  return all(history, 'began').flatMap(({ id, run, at, who }) => {
    const since = cancelled.get(id)
    const end = ended.get(run)
    // One that never ended was in a process that was killed, and one that began later was given out before.
    if (since === undefined || end === undefined || at > since || end.at < since) return []
    const ms = calmWithin([since, end.at], faults.of(who))
    return ms > TOLD_MS
      ? [
          `${id} was cancelled, and its handler ran on for ${Math.round(ms)} ms in which nothing was broken (${end.how})`,
        ]
      : []
  })
}

/** When Redis, or the worker of somebody who writes, was in trouble. */
function faultsOf(history: readonly Entry[]): { of: (who: string) => Stretch[] } {
  const healed = groupBy(all(history, 'healed'), ({ target }) => target)
  const stretches = groupBy(all(history, 'fault'), ({ target }) => target)
  const of = (target: string): Stretch[] =>
    (stretches.get(target) ?? []).map((fault): Stretch => [
      fault.at,
      endOf(fault, healed.get(target)) + AFTER_MS,
    ])
  // `worker-2.1-hands-4711-0` is of `worker-2`.
  return { of: (who) => [...of('redis'), ...of(who.split('.')[0] as string)] }
}

const endOf = (fault: EntryOf<'fault'>, healed: readonly EntryOf<'healed'>[] = []): number =>
  healed.find(({ kind, at }) => kind === fault.kind && at >= fault.at)?.at ?? Infinity

/** How much of a stretch is outside of the others, which may overlap. */
function calmWithin([from, to]: Stretch, others: readonly Stretch[]): number {
  let calm = 0
  let place = from
  for (const [begin, end] of others.toSorted(([a], [b]) => a - b)) {
    if (begin > place) calm += Math.max(0, Math.min(begin, to) - place)
    place = Math.max(place, end)
  }
  return calm + Math.max(0, to - place)
}
