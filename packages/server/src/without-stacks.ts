/** Jobs and notices as clients may see them: an error keeps its name and message, its stack stays with operators, and
 * so do the names of workers. */
import type { Failure, Job, JobPage, Notice } from '@lovage/core'

const shown = ({ name, message }: Failure): Failure => ({ name, message })

/** The names of workers hold those of machines. */
const HIDDEN_WORKER = ''

export function jobWithoutStack<J extends Job>(job: J): J {
  if (job.state !== 'failed' && job.history === undefined && !('worker' in job)) return job
  const history = job.history?.map((attempt) => ({ ...attempt, worker: HIDDEN_WORKER }))
  const { worker: _, ...rest } = job as J & { worker?: string }
  return {
    ...(rest as J),
    ...(job.state === 'failed' && { error: shown(job.error) }),
    ...(history && { history }),
  }
}

export const pageWithoutStacks = <J extends Job>({ jobs, next }: JobPage<J>): JobPage<J> => ({
  jobs: jobs.map(jobWithoutStack),
  next,
})

export function noticeWithoutStack(notice: Notice): Notice {
  switch (notice.type) {
    case 'failed':
    case 'retrying':
      // The feed has none: so what is shared stays shared.
      return 'stack' in notice.error ? { ...notice, error: shown(notice.error) } : notice
    case 'ready':
      return notice.job === undefined ? notice : { ...notice, job: jobWithoutStack(notice.job) }
    default:
      return notice
  }
}
