// Two centuries, filling in as results arrive; beside it the same as a table, for those who cannot see it.
import { useMemo, useState } from 'react'
import type { JobView } from './job.ts'
import { type Point, pointsOf, trendOf } from './mood-points.ts'
import { Plot } from './plot.tsx'
import { counted, percent } from './words.ts'

export function MoodChart({ jobs }: { jobs: readonly JobView[] }) {
  const [place, setPlace] = useState<number | null>(null)
  const points = useMemo(() => pointsOf(jobs), [jobs])
  const trend = useMemo(() => trendOf(points), [points])
  const pointed = place === null ? undefined : points[place]

  return (
    <section className="card chart" aria-labelledby="chart-title">
      <h2 id="chart-title">Positive sentences, by year</h2>
      <p className="caption">{pointed === undefined ? captionOf(points) : nameOf(pointed)}</p>
      <Plot points={points} trend={trend} label={captionOf(points)} onPoint={setPlace} />
      {points.length > 0 && (
        <details>
          <summary>As a table</summary>
          <div className="scroll" tabIndex={0} role="region" aria-label="Positive sentences, by year">
            <table>
              <thead>
                <tr>
                  <th scope="col">Year</th>
                  <th scope="col">President</th>
                  <th scope="col">Positive</th>
                </tr>
              </thead>
              <tbody>
                {points.map(({ year, president, positive }) => (
                  <tr key={`${year} ${president}`}>
                    <td>{year}</td>
                    <td>{president}</td>
                    <td>{percent(positive)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  )
}

function captionOf(points: readonly Point[]): string {
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined)
    return 'Score addresses, and the years fill in as results arrive.'
  const brightest = points.reduce((best, point) => (point.positive > best.positive ? point : best))
  const darkest = points.reduce((worst, point) => (point.positive < worst.positive ? point : worst))
  if (points.length === 1) return nameOf(first)
  const span = `${counted(points.length, 'address', 'addresses')}, ${first.year} to ${last.year}.`
  return `${span} Brightest ${brightest.year} (${percent(brightest.positive)}), darkest ${darkest.year} (${percent(darkest.positive)}).`
}

const nameOf = ({ president, year, positive, sentences }: Point): string =>
  `${president}, ${year}: ${percent(positive)} of ${counted(sentences, 'sentence')}`
