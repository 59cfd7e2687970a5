import { type Job, LovageError } from '@lovage/core'
import type { Output } from './output.ts'
import { harmless } from '@lovage/core/harmless'
import { plain } from './text.ts'

/**
 * Prints the result of a job that has ended.
 *
 * @throws LovageError `JOB_FAILED`, `JOB_CANCELLED`, `JOB_EXPIRED`: what stands in for a result
 */
export function printEnd(job: Job, out: Output): void {
  const { id, task } = job
  switch (job.state) {
    case 'succeeded':
      if (out.json) out.document(plain(job.result))
      else if (job.result !== undefined) out.print(harmless(JSON.stringify(plain(job.result), null, 2)))
      return
    case 'failed':
      throw new LovageError('JOB_FAILED', { id, task, error: job.error, attempts: job.attempt })
    case 'cancelled':
      throw new LovageError('JOB_CANCELLED', { id, task, by: job.by, reason: job.reason })
    case 'expired':
      throw new LovageError('JOB_EXPIRED', { id, task })
    default:
      throw new TypeError(`Job ${id} is ${job.state}, which is no end.`)
  }
}
