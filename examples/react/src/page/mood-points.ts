// From jobs to what the chart draws.
import type { JobView } from './job.ts'

export interface Point {
  readonly year: number
  readonly president: string
  /** Of its sentences, 0 to 1. */
  readonly positive: number
  readonly sentences: number
}

/** Years before and after a year whose addresses count for its trend. */
const reach = 6

/** One for each address that has been scored, by year; of an address that was scored twice the newest. */
export function pointsOf(jobs: readonly JobView[]): Point[] {
  const points = new Map<string, Point>()
  for (const { title, result } of jobs) {
    if (result === undefined || !('year' in result) || points.has(title ?? '')) continue
    const { year, president, sentences, positive } = result
    points.set(title ?? '', { year, president, sentences, positive: positive / sentences })
  }
  return [...points.values()].sort((a, b) => a.year - b.year)
}

/** For each point the share of positive sentences in the years around it, where there are three addresses at least. */
export function trendOf(points: readonly Point[]): (number | null)[] {
  return points.map(({ year }) => {
    const near = points.filter((point) => Math.abs(point.year - year) <= reach)
    if (near.length < 3) return null
    const sentences = near.reduce((sum, point) => sum + point.sentences, 0)
    return near.reduce((sum, point) => sum + point.positive * point.sentences, 0) / sentences
  })
}
