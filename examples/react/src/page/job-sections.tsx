// The list of jobs: those that run, those that wait, and those that have ended. Long parts are shown in part.
import { type ReactNode, useCallback, useRef, useState } from 'react'
import type { Client } from './client.ts'
import { isLive, type JobView } from './job.ts'
import { JobRow } from './job-row.tsx'
import { grouped } from './words.ts'

interface Props {
  jobs: readonly JobView[]
  client: Client
  onClear: () => void
  onRetry: (job: JobView) => Promise<void>
}

/** Rows that a part begins with; hundreds of moving bars help nobody. */
const fewRows = { running: 16, waiting: 4, ended: 12 }
const moreRows = 50

export function JobSections({ jobs, client, onClear, onRetry }: Props) {
  const running = jobs.filter(isRunning)
  const waiting = jobs.filter((job) => isLive(job) && !isRunning(job)).reverse() // the next one first
  const ended = jobs.filter((job) => !isLive(job))
  const failed = ended.filter(({ state }) => state === 'failed').length

  // The button that was pressed goes away, and the focus must not go with it.
  const heading = useRef<HTMLHeadingElement>(null)
  const keepFocus = useCallback(() => heading.current?.focus(), [])

  // Not the row's own: a job that ends moves to another part, and shall stay open there.
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const toggle = useCallback((id: string) => {
    setOpened((before) =>
      before.has(id) ? new Set([...before].filter((each) => each !== id)) : new Set([...before, id]),
    )
  }, [])
  const retry = useCallback(
    async (job: JobView) => {
      keepFocus()
      await onRetry(job)
    },
    [keepFocus, onRetry],
  )
  const common = { client, opened, onToggle: toggle, onCancel: keepFocus, onRetry: retry }

  function cancelAll(): void {
    keepFocus()
    for (const { id } of [...waiting, ...running]) void client.jobs.cancel(id).catch(() => {}) // those may have ended
  }

  return (
    <section className="card jobs" aria-labelledby="jobs-title">
      <div className="heading">
        <h2 id="jobs-title" ref={heading} tabIndex={-1}>
          Jobs
        </h2>
        {running.length + waiting.length > 1 && (
          <button type="button" className="quiet" onClick={cancelAll}>
            Cancel all
          </button>
        )}
        {ended.length > 0 && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              keepFocus()
              onClear()
            }}
          >
            Clear ended
          </button>
        )}
      </div>
      {jobs.length === 0 && (
        <p className="empty">None yet. Paste a text, or score two centuries of speeches.</p>
      )}
      <Part title="Running" jobs={running} few={fewRows.running} {...common} />
      <Part title="Waiting" jobs={waiting} few={fewRows.waiting} {...common} />
      <Part title="Ended" jobs={ended} few={fewRows.ended} {...common}>
        {failed > 0 && <span className="failed">{failed} failed</span>}
      </Part>
    </section>
  )
}

const isRunning = ({ state }: JobView): boolean => state === 'running' || state === 'retrying'

interface PartProps {
  title: string
  jobs: readonly JobView[]
  few: number
  client: Client
  opened: ReadonlySet<string>
  onToggle: (id: string) => void
  onCancel: () => void
  onRetry: (job: JobView) => Promise<void>
  children?: ReactNode
}

function Part({ title, jobs, few, opened, children, ...common }: PartProps) {
  const [shown, setShown] = useState(few)
  if (jobs.length === 0) return null
  return (
    <section aria-label={title}>
      <h3>
        {title} <span className="count">{jobs.length}</span> {children}
      </h3>
      <ul className="rows">
        {jobs.slice(0, shown).map((job) => (
          <JobRow key={job.id} job={job} isOpen={opened.has(job.id)} {...common} />
        ))}
      </ul>
      {jobs.length > shown && (
        <button type="button" className="quiet more" onClick={() => setShown(shown + moreRows)}>
          and {grouped(jobs.length - shown)} more
        </button>
      )}
    </section>
  )
}
