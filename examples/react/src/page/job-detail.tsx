// What a job says while it runs, and what it found: followed for as long as it is open.
import { type JobLine, useJob } from '@lovage/client/react'
import { useEffect, useRef } from 'react'
import type { Client } from './client.ts'
import { percent } from './words.ts'

interface Props {
  id: string
  jobs: Client['jobs']
}

export function JobDetail({ id, jobs }: Props) {
  const { status, logs, result, error } = useJob(jobs, id)
  const isQuiet = logs.length === 0 && result === undefined
  return (
    <div className="detail">
      {status === 'error' && <p className="message">{error.message}</p>}
      {isQuiet && status !== 'error' && (
        <p className="hint">{status === 'pending' ? 'Looking it up…' : 'Nothing to tell yet.'}</p>
      )}
      {result !== undefined && <Findings result={result} />}
      {logs.length > 0 && <Log lines={logs} />}
    </div>
  )
}

type Result = NonNullable<ReturnType<typeof useJob<Client['jobs']>>['result']>

function Findings({ result }: { result: Result }) {
  const lines = 'first' in result ? result.first : [result.brightest, result.darkest]
  return (
    <>
      {'year' in result && <p className="hint">The brightest sentence and the darkest:</p>}
      <ul className="findings">
        {lines.map(({ text, score }, place) => (
          <Finding key={place} text={text} score={score} />
        ))}
      </ul>
      {'first' in result && result.sentences > lines.length && (
        <p className="hint">These are the first {lines.length}.</p>
      )}
    </>
  )
}

function Finding({ text, score }: { text: string; score: number }) {
  return (
    <li>
      <span className="score" data-mood={score >= 0.5 ? 'positive' : 'negative'}>
        {percent(score)}
      </span>
      <q>{text}</q>
    </li>
  )
}

function Log({ lines }: { lines: readonly JobLine[] }) {
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [lines.length])
  const startedAt = lines[0]?.at ?? 0
  return (
    <ol className="log" ref={list} tabIndex={0} aria-label="Log">
      {lines.map(({ attempt, n, at, level, message, fields }) => (
        <li key={`${attempt}.${n}`} data-level={level}>
          <time>{((at - startedAt) / 1_000).toFixed(1)} s</time>
          <span>
            {message}
            {typeof fields?.['score'] === 'number' && `, ${percent(fields['score'])}`}
            {typeof fields?.['text'] === 'string' && (
              <>
                {': '}
                <q>{fields['text']}</q>
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}
