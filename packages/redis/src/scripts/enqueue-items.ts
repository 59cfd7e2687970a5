/** What `enqueue` is given: jobs, laid out as arguments. */
import type { NewJob } from '@lovage/core'
import { encodeRecord } from '../record.ts'
import { marked } from './feed.ts'

export function enqueueItems(jobs: readonly NewJob[]): (string | number)[] {
  const items: (string | number)[] = []
  for (const job of jobs) items.push(job.id, encodeRecord(job), moreOf(job))
  jobs.forEach(({ announce, task, owner }, index) => {
    if (announce) items.push(index + 1, task, marked(owner))
  })
  return items
}

/** The delay of a plain job; of others all that the record does not say, as JSON. */
function moreOf({ delayMs, options, expiresMs, unique, isLast, flow }: NewJob): string | number {
  const { queue, priority, lane, tags } = options
  const delay = Math.round(delayMs)
  const isPlain =
    expiresMs === undefined &&
    unique === undefined &&
    isLast === undefined &&
    flow === undefined &&
    (queue === undefined || queue === 'default') &&
    priority === undefined &&
    lane === undefined &&
    tags === undefined
  if (isPlain) return delay
  return JSON.stringify({
    delayMs: delay,
    expiresMs: expiresMs === undefined ? undefined : Math.round(expiresMs),
    unique,
    isLast,
    ...flow,
  })
}
