/** A job kept up to date by its notices. */
import { isFinal, type Job, type JobNotice } from '@lovage/core'
import { enqueuedAtOf } from './ids.ts'

/**
 * The job after a notice. Notices do not say when an attempt began unless the task asks for `started`; then
 * `startedAt` is when it was first heard of.
 */
export function reduceJob(job: Job | undefined, notice: JobNotice): Job {
  if (job !== undefined && isFinal(job.state)) return job
  const { type, jobId: id, task, at, cursor: _cursor, ...news } = notice
  const base = { id, task, enqueuedAt: job?.enqueuedAt ?? enqueuedAtOf(id) ?? at, attempt: job?.attempt ?? 0 }
  const startedAt = job?.state === 'running' ? job.startedAt : undefined
  switch (notice.type) {
    case 'queued':
      return job ?? { ...base, state: 'queued' }
    case 'started':
      return { ...base, attempt: notice.attempt, state: 'running', startedAt: at }
    case 'progress':
      return {
        ...base,
        attempt: base.attempt + (startedAt === undefined ? 1 : 0),
        state: 'running',
        startedAt: startedAt ?? at,
        progress: notice.data,
      }
    case 'log':
    case 'chunk':
      return startedAt !== undefined && job?.attempt === notice.attempt
        ? job
        : { ...base, attempt: notice.attempt, state: 'running', startedAt: at }
    case 'retrying':
      return { ...base, attempt: notice.attempt, state: 'retrying', runAt: notice.runAt }
    default: {
      // The notice of an end has what the job then has: its attempt, and its result, its error, or by whom and why.
      const ended = { ...base, ...news, state: type, finishedAt: at }
      return (startedAt === undefined ? ended : { ...ended, startedAt }) as Job
    }
  }
}
