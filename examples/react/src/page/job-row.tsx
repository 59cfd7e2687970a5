import { memo, useState } from 'react'
import type { Client } from './client.ts'
import { isLive, type JobView } from './job.ts'
import { JobDetail } from './job-detail.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { grouped, percent } from './words.ts'

interface Props {
  job: JobView
  client: Client
  isOpen: boolean
  onToggle: (id: string) => void
  onCancel: () => void
  /** Rejects where the job is no longer kept for this. */
  onRetry: (job: JobView) => Promise<void>
}

/** Rendered again only when its own job has changed. */
export const JobRow = memo(function JobRow({ job, client, isOpen, onToggle, onCancel, onRetry }: Props) {
  const [isCancelling, setIsCancelling] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const title = job.title ?? (job.task === 'scoreAddress' ? 'An address' : 'Texts')

  async function cancel(): Promise<void> {
    onCancel()
    setIsCancelling(true)
    setTrouble(undefined)
    await client.jobs.cancel(job.id).catch((error: Error) => {
      setIsCancelling(false) // it can be tried again
      setTrouble(`It could not be cancelled. ${error.message}`)
    })
  }

  return (
    <li className="row" data-state={job.state} aria-label={title}>
      <div className="line">
        <button type="button" className="title" aria-expanded={isOpen} onClick={() => onToggle(job.id)}>
          {title}
        </button>
        <span className="state">{stateOf(job)}</span>
        {job.state === 'failed' && (
          <button
            type="button"
            className="quiet"
            aria-label={`Try again: ${title}`}
            onClick={() => {
              setTrouble(undefined)
              void onRetry(job).catch((error: Error) => setTrouble(error.message))
            }}
          >
            Try again
          </button>
        )}
        {isLive(job) && (
          <button
            type="button"
            className="quiet"
            disabled={isCancelling}
            aria-label={`Cancel ${title}`}
            onClick={() => void cancel()}
          >
            Cancel
          </button>
        )}
      </div>
      {isLive(job) && <ProgressBar done={job.done} total={job.total} label={title} />}
      {job.result !== undefined && <Mood share={job.result.positive / job.result.sentences} />}
      {job.message !== undefined && <p className="message">{job.message}</p>}
      {trouble !== undefined && (
        <p className="message trouble" role="alert">
          {trouble}
        </p>
      )}
      {isOpen && <JobDetail id={job.id} jobs={client.jobs} />}
    </li>
  )
})

/** How much of a text is positive. */
function Mood({ share }: { share: number }) {
  return (
    <div className="mood" aria-hidden="true">
      <span style={{ transform: `scaleX(${share})` }} />
    </div>
  )
}

function stateOf(job: JobView): string {
  switch (job.state) {
    case 'scheduled':
    case 'waiting':
    case 'queued':
      return 'waiting'
    case 'running':
      return job.total === undefined ? 'starting' : `${grouped(job.done)} of ${grouped(job.total)}`
    case 'retrying':
      return 'will be tried again'
    case 'succeeded':
      return job.result === undefined
        ? 'done'
        : `${percent(job.result.positive / job.result.sentences)} positive of ${grouped(job.result.sentences)}`
    case 'failed':
    case 'cancelled':
    case 'expired':
      return job.state
    default:
      return job.state satisfies never
  }
}
