/** What rounds come to: medians, who won, and by how much. */
import type { Figure } from './question.ts'

/** A figure that was taken. */
export interface Taken extends Figure {
  figure: string
  question: string
  /** By contestant, in the order played. */
  rounds: Record<string, number[]>
  /** Who has none, and why. */
  missing: Record<string, string>
  /** When, as `2026-11-28`. */
  date: string
  /** `pingUs` of then; figures that were taken before it was kept have none. */
  pingUs?: number
}

/** The line that `--json` prints. What nobody measured is `null`. Above 1, a ratio always says that Lovage is better. */
export interface FigureLine {
  figure: string
  lovage: number | null
  bullmq: number | null
  best_peer: number | null
  best_peer_name: string | null
  floor: number | null
  unit: string
  ratio_best: number | null
  ratio_floor: number | null
}

const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which that share of the others lies. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

export const medianOf = ({ rounds }: Pick<Taken, 'rounds'>, who: string): number | null =>
  rounds[who] === undefined || rounds[who].length === 0 ? null : median(rounds[who])

export function lineOf(taken: Taken): FigureLine {
  const lovage = medianOf(taken, 'lovage')
  const floor = medianOf(taken, 'floor')
  const best = bestPeer(taken)
  return {
    figure: taken.figure,
    lovage: rounded(lovage),
    bullmq: rounded(medianOf(taken, 'bullmq')),
    best_peer: rounded(best?.value ?? null),
    best_peer_name: best?.name ?? null,
    floor: rounded(floor),
    unit: taken.unit,
    ratio_best: rounded(ratio(taken, lovage, best?.value ?? null)),
    ratio_floor: rounded(ratio(taken, lovage, floor)),
  }
}

/** Of all who are neither us nor the floor. */
function bestPeer(taken: Taken): { name: string; value: number } | null {
  if (medianOf(taken, 'lovage') === null) return null // these are ways of ours
  const peers = Object.keys(taken.rounds)
    .filter((name) => name !== 'lovage' && name !== 'floor')
    .flatMap((name) => {
      const value = medianOf(taken, name)
      return value === null ? [] : [{ name, value }]
    })
  peers.sort((a, b) => (taken.better === 'more' ? b.value - a.value : a.value - b.value))
  return peers[0] ?? null
}

function ratio({ better }: Figure, ours: number | null, theirs: number | null): number | null {
  if (ours === null || theirs === null) return null
  const [above, below] = better === 'more' ? [ours, theirs] : [theirs, ours]
  return below === 0 ? null : above / below
}

/** To four digits that mean something. */
const rounded = (value: number | null): number | null =>
  value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(4))
