import type { Job } from '@lovage/core'
import prettyMs from 'pretty-ms'
import type { Context } from '../context.ts'
import type { Output } from '../output.ts'
import { colourOf } from '../state-colours.ts'
import { harmless } from '@lovage/core/harmless'
import { dateTime, oneLine, plain } from '../text.ts'
import { withEngine } from '../with-engine.ts'

export function get(context: Context, _options: object, id: string): Promise<void> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const job = await engine.get(id)
    if (out.json) out.document(plain(job))
    else for (const line of linesOf(job, out)) out.print(line)
  })
}

const NAME_COLUMNS = 'attempt 99'.length + 2

function linesOf(job: Job, { colours }: Output): string[] {
  const rows: [string, string][] = [
    ['id', job.id],
    ['attempt', String(job.attempt)],
    ['enqueued', moment(job.enqueuedAt)],
  ]
  if ('runAt' in job) rows.push(['due', moment(job.runAt)])
  if ('startedAt' in job) rows.push(['started', moment(job.startedAt)])
  if ('finishedAt' in job) rows.push(['finished', moment(job.finishedAt)])
  if (job.state === 'waiting') rows.push(['waits for', `${job.total - job.done} of ${job.total} other jobs`])
  if ('queue' in job && job.queue !== undefined) rows.push(['queue', job.queue])
  if ('priority' in job && job.priority !== undefined) rows.push(['priority', String(job.priority)])
  if ('key' in job && job.key !== undefined) rows.push(['key', job.key])
  if ('tags' in job && job.tags !== undefined) rows.push(['tags', job.tags.join(' ')])
  for (const { attempt, error } of job.history ?? [])
    rows.push([`attempt ${attempt}`, `${error.name}: ${error.message}`])
  if ('progress' in job && job.progress !== undefined) rows.push(['progress', oneLine(job.progress)])
  if ('result' in job && job.result !== undefined) rows.push(['result', oneLine(job.result)])
  if ('error' in job) rows.push(['error', job.error.stack ?? `${job.error.name}: ${job.error.message}`])
  if ('by' in job && job.by !== null) rows.push(['by', job.by])
  if ('reason' in job && job.reason !== null) rows.push(['reason', job.reason])
  const below = `\n${' '.repeat(NAME_COLUMNS + 2)}`
  return [
    `${colours.bold(harmless(job.task))}  ${colourOf(job.state, colours)(job.state)}`,
    ...rows.map(
      ([name, value]) =>
        `  ${colours.dim(name.padEnd(NAME_COLUMNS))}${harmless(value).replaceAll('\n', below)}`,
    ),
  ]
}

/** `2026-11-21 11:20:03.123 (4s ago)` */
function moment(ms: number): string {
  const away = Date.now() - ms
  const span = prettyMs(Math.abs(away), { compact: true })
  return `${dateTime(ms)} (${away < 0 ? `in ${span}` : `${span} ago`})`
}
