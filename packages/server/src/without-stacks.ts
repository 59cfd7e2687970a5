/** Jobs and notices as clients may see them: an error keeps its name and message, its stack stays with operators. */
import type { Failure, Job, Notice } from '@lovage/core'

const shown = ({ name, message }: Failure): Failure => ({ name, message })

export const jobWithoutStack = (job: Job): Job =>
  job.state === 'failed' ? { ...job, error: shown(job.error) } : job

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
