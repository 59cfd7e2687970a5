import type { Engine } from '@lovage/core'
import { confirm } from '../confirm.ts'
import type { Context } from '../context.ts'
import { everyJob } from '../every-job.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { withEngine } from '../with-engine.ts'

interface PurgeOptions {
  queue?: string
  task?: string
  yes?: boolean
}

const WAITING = ['queued', 'waiting', 'scheduled', 'retrying'] as const
/** Cancels under way at the same time: each is two round trips. */
const AT_ONCE = 50

export function purge(context: Context, options: PurgeOptions): Promise<ExitCode> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const ids = await waitingJobs(engine, options)
    const mustAsk = ids.length > 0 && options.yes !== true
    if (mustAsk && !(await confirm(`Cancel ${ids.length} waiting job(s)?`))) return EXIT.usage
    let cancelled = 0
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const group = ids.slice(from, from + AT_ONCE)
      const replies = await Promise.all(group.map((id) => engine.cancel(id, { by: null, reason: 'purged' })))
      cancelled += replies.filter(({ outcome }) => outcome === 'cancelled').length
    }
    if (out.json) out.document({ cancelled })
    else out.print(`${cancelled} cancelled`)
    return EXIT.ok
  })
}

async function waitingJobs(engine: Engine, { queue, task }: PurgeOptions): Promise<string[]> {
  const ids: string[] = []
  for (const state of WAITING) {
    for await (const job of everyJob(engine, { state, ...(task !== undefined && { task }) })) {
      const at = ('queue' in job ? job.queue : undefined) ?? 'default'
      if (queue === undefined || at === queue) ids.push(job.id)
    }
  }
  return ids
}
