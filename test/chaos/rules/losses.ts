/**
 * What the store forgot of what it had answered: a replica took over that was behind, power was lost before the disk had all,
 * somebody emptied it. docs/reliability.md says what may be lost then and who is told; nothing else may be.
 */
import { all, type Entry, type EntryOf } from '../history.ts'

type Record = EntryOf<'record'>
type Loss = EntryOf<'lost'>

export class Losses {
  readonly all: readonly Loss[]
  /** The feed as it is in the end, oldest first. */
  readonly kept: readonly Record[]
  /** What was in the feed and was taken back. */
  readonly gone: readonly Record[]
  /** Jobs of which something was taken back, or may have been. */
  readonly touched: ReadonlySet<string>
  readonly #asked: ReadonlyMap<string, number>
  readonly #accepted: ReadonlyMap<string, number>

  constructor(history: readonly Entry[]) {
    this.all = all(history, 'lost')
    const gone: Record[] = []
    let kept: Record[] = []
    for (const entry of history) {
      if (entry.fact === 'record') kept.push(entry)
      if (entry.fact !== 'lost') continue
      gone.push(...kept.filter(({ seq }) => seq > entry.survived))
      kept = kept.filter(({ seq }) => seq <= entry.survived)
    }
    this.kept = kept
    this.gone = gone
    this.#asked = new Map(all(history, 'asked').map(({ id, at }) => [id, at]))
    this.#accepted = new Map(all(history, 'accepted').map(({ id, at }) => [id, at]))
    const touched = new Set(gone.map(({ jobId }) => jobId))
    for (const { id, at } of [...all(history, 'claimed'), ...all(history, 'settled')])
      if (this.isDoubtful(at)) touched.add(id)
    for (const id of this.#asked.keys()) if (this.mayBeGone(id)) touched.add(id)
    this.touched = touched
  }

  /** Whether what was answered at that moment may have been taken back. */
  isDoubtful(at: number): boolean {
    return this.all.some((loss) => at > loss.since && at <= loss.at + LATE_MS)
  }

  /** Whether a job may be unknown: it was enqueued, or tried to be, while nothing was sure. */
  mayBeGone(id: string): boolean {
    const asked = this.#asked.get(id)
    if (asked === undefined) return false
    const accepted = this.#accepted.get(id) ?? Infinity
    return this.all.some((loss) => asked < loss.at && accepted > loss.since)
  }

  /** Since when a record's number has been its own. */
  epochOf({ at }: Record): number {
    return this.all.findLast((loss) => loss.at <= at)?.at ?? -1
  }
}

/** Answers that were on their way when the books were closed, to who may have been frozen then. */
const LATE_MS = 8_000

const known = new WeakMap<readonly Entry[], Losses>()

export function lossesOf(history: readonly Entry[]): Losses {
  const losses = known.get(history) ?? new Losses(history)
  known.set(history, losses)
  return losses
}

/** The feed of a history, without what was taken back. */
export const feedOf = (history: readonly Entry[]): readonly Record[] => lossesOf(history).kept
