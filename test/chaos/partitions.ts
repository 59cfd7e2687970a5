/**
 * The history of a queue over partitions, as that of each partition: its feed, and what its followers and consumers were told
 * of it. What is not of one partition alone is in all.
 */
import { all, type Entry, type EntryOf, groupBy, homeOf } from './history.ts'

type Heard = EntryOf<'heard'>

export function byPartition(history: readonly Entry[]): readonly (readonly Entry[])[] {
  const count = all(history, 'stage')[0]?.partitions ?? 1
  if (count === 1) return [history]
  const lines = new Map(all(history, 'follows').map(({ line, jobId }) => [line, jobId]))
  const gaps = new Map<Heard, number>()
  for (const [line, told] of groupBy(all(history, 'heard'), (entry) => entry.line))
    if (lines.get(line) === undefined) placeGaps(told, count, gaps)

  /** `undefined`: of all. */
  function partitionOf(entry: Entry): number | undefined {
    switch (entry.fact) {
      case 'record':
        return entry.partition
      case 'follows':
      case 'heard':
      case 'done': {
        const jobId = lines.get(entry.line) ?? ('jobId' in entry ? entry.jobId : undefined)
        return jobId === undefined ? gaps.get(entry as Heard) : homeOf(jobId, count)
      }
      case 'delivered':
      case 'acking':
      case 'acked':
        return entry.jobId === undefined ? undefined : homeOf(entry.jobId, count)
      default:
        return undefined
    }
  }
  const homes = new Map(history.map((entry) => [entry, partitionOf(entry)]))
  return Array.from({ length: count }, (_, index) =>
    history
      .filter((entry) => (homes.get(entry) ?? index) === index)
      .map((entry) =>
        entry.fact === 'heard' && entry.places !== undefined
          ? { ...entry, seq: entry.places[index] as number }
          : entry,
      ),
  )
}

/**
 * A gap of a joint feed says how much is missing, and the cursor where each partition is now: it is of one that has come so much
 * further since the notice before, and of which nothing was told that lies in it.
 */
function placeGaps(told: readonly Heard[], count: number, gaps: Map<Heard, number>): void {
  let before: readonly number[] = Array.from({ length: count }, () => 0)
  const heard = new Set(
    told.flatMap(({ jobId, seq }) => (jobId === undefined ? [] : [`${homeOf(jobId, count)} ${seq}`])),
  )
  for (const entry of told) {
    const { type, missed = 0, places = before } = entry
    const isOf = (index: number): boolean => {
      const place = places[index] as number
      if (place - missed < (before[index] as number)) return false
      for (let seq = place - missed + 1; seq <= place; seq++) if (heard.has(`${index} ${seq}`)) return false
      return true
    }
    // Where it fits none the first one takes it, and its follower is found to be told wrongly.
    if (type === 'gap') gaps.set(entry, Math.max(0, [...before.keys()].findIndex(isOf)))
    before = places
  }
}
