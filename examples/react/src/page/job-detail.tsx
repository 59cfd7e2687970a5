// What a job found, looked up when it is opened.
import { useJobResult } from '@lovage/client/react'
import type { Client } from './client.ts'
import { percent } from './words.ts'

interface Props {
  id: string
  jobs: Client['jobs']
}

export function JobDetail({ id, jobs }: Props) {
  const result = useJobResult(jobs, id)
  const lines = 'first' in result ? result.first : [result.brightest, result.darkest]
  return (
    <div className="detail">
      {'year' in result && <p className="hint">The brightest sentence and the darkest:</p>}
      <ul>
        {lines.map(({ text, score }, place) => (
          <li key={place}>
            <span className="score" data-mood={score >= 0.5 ? 'positive' : 'negative'}>
              {percent(score)}
            </span>
            <q>{text}</q>
          </li>
        ))}
      </ul>
      {'first' in result && result.sentences > lines.length && (
        <p className="hint">These are the first {lines.length}.</p>
      )}
    </div>
  )
}
