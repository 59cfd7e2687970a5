/** A job kept up to date by its notices. */
import { enqueuedAtOf, isFinal, type Job, type JobNotice } from '@lovage/core'

/**
 * The job after a notice. Notices do not say when an attempt began unless the task asks for `started`; then
 * `startedAt` is when it was first heard of.
 */
export function reduceJob(job: Job | undefined, notice: JobNotice): Job {
  if (job !== undefined && isFinal(job.state)) return job
  const { jobId: id, task, at } = notice
  const attempt = 'attempt' in notice ? notice.attempt : (job?.attempt ?? 0)
  const base = { id, task, enqueuedAt: job?.enqueuedAt ?? enqueuedAtOf(id) ?? at, attempt }
  const ended = { ...(job?.state === 'running' && { startedAt: job.startedAt }), finishedAt: at }
  switch (notice.type) {
    case 'queued':
      return job ?? { ...base, state: 'queued' }
    case 'started':
      return { ...base, state: 'running', startedAt: at }
    case 'progress':
      return job?.state === 'running'
        ? { ...job, progress: notice.data }
        : { ...base, attempt: attempt + 1, state: 'running', startedAt: at, progress: notice.data }
    case 'retrying':
      return { ...base, state: 'retrying', runAt: notice.runAt }
    case 'succeeded':
      return { ...base, state: 'succeeded', result: notice.result, ...ended }
    case 'failed':
      return { ...base, state: 'failed', error: notice.error, ...ended }
    case 'cancelled':
      return { ...base, state: 'cancelled', by: notice.by, reason: notice.reason, ...ended }
    case 'expired':
      return { ...base, state: 'expired', ...ended }
    default:
      return notice satisfies never
  }
}
