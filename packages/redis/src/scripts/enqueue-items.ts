/** What `enqueue` is given: jobs, laid out as arguments. */
import type { NewJob } from '@lovage/core'
import { encodeRecord } from '../record.ts'
import { marked } from './feed.ts'

/** What `enqueuePlain` is given; `null` where one of the jobs does not go straight into the line, or somebody is told. */
export function plainItems(jobs: readonly NewJob[]): string[] | null {
  // Asked of all before any is laid out: where one is not plain, `enqueueItems` lays out all of them.
  if (!jobs.every((job) => moreOf(job) === 0 && !job.announce)) return null
  const items: string[] = []
  for (const job of jobs) items.push(job.id, encodeRecord(job))
  return items
}

export function enqueueItems(jobs: readonly NewJob[]): (string | number)[] {
  const items: (string | number)[] = []
  for (const job of jobs) items.push(job.id, encodeRecord(job), moreOf(job))
  jobs.forEach((job, index) => {
    if (job.announce && !isSpecial(job)) items.push(index + 1, job.task, marked(job.owner))
  })
  return items
}

/** Whether there is more to say of a job than a delay. */
function isSpecial({ options, expiresMs, unique, isLast, flow }: NewJob): boolean {
  const { queue, priority, lane, tags } = options
  return (
    expiresMs !== undefined ||
    unique !== undefined ||
    isLast !== undefined ||
    flow !== undefined ||
    (queue !== undefined && queue !== 'default') ||
    priority !== undefined ||
    lane !== undefined ||
    tags !== undefined
  )
}

/** The delay of a plain job, or its moment after an `@`; of others all that the record does not say, as JSON. */
function moreOf(job: NewJob): string | number {
  const delayMs = Math.round(job.delayMs)
  const runAt = job.runAt === undefined ? undefined : Math.round(job.runAt)
  if (!isSpecial(job)) return runAt === undefined ? delayMs : `@${runAt}`
  const { expiresMs, unique, isLast, announce, flow } = job
  return JSON.stringify({
    delayMs,
    runAt,
    expiresMs: expiresMs === undefined ? undefined : Math.round(expiresMs),
    unique,
    isLast,
    announce,
    ...flow,
  })
}
