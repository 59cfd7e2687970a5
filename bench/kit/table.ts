/** The figures of a question as rows of text, for terminals and for the page. */
import { lineOf, medianOf, type Taken } from './figures.ts'

/** Four digits at most, and a mark between thousands. */
function written(value: number | null): string {
  if (value === null) return '–'
  const digits =
    Math.abs(value) >= 100 || value === 0 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Median, with the lowest and the highest round behind it. */
function cell(taken: Taken, who: string): string {
  const value = medianOf(taken, who)
  const rounds = taken.rounds[who] ?? []
  const [low, high] = [written(Math.min(...rounds)), written(Math.max(...rounds))]
  return value === null || low === high ? written(value) : `${written(value)} (${low}–${high})`
}

const times = (value: number | null): string => (value === null ? '–' : value.toFixed(2))

/** The header first. Who plays in none of these has no column. */
export function rows(figures: readonly Taken[]): string[][] {
  const names = [...new Set(figures.flatMap(({ rounds }) => Object.keys(rounds)))]
  const order = ['lovage', 'bullmq', 'bee-queue', 'groupmq', 'celery']
  const rank = (name: string): number => (name === 'floor' ? Number.POSITIVE_INFINITY : order.indexOf(name))
  names.sort((a, b) => rank(a) - rank(b))
  const header = ['', 'unit', ...names]
  // Where it is not about us and others, there is nobody to compare with.
  if (!names.includes('lovage'))
    return [
      header,
      ...figures.map((taken) => [taken.what, taken.unit, ...names.map((name) => cell(taken, name))]),
    ]
  return [
    [...header, 'to the best peer', 'to the floor'],
    ...figures.map((taken) => {
      const line = lineOf(taken)
      return [
        taken.what,
        taken.unit,
        ...names.map((name) => cell(taken, name)),
        line.ratio_best === null ? '–' : `${times(line.ratio_best)} (${line.best_peer_name})`,
        times(line.ratio_floor),
      ]
    }),
  ]
}

/** For a terminal: columns side by side. */
export function aligned(table: readonly string[][]): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  return table
    .map((row) =>
      row
        .map((text, column) =>
          column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
