import {
  discardAllFailed,
  discardFailed,
  type Engine,
  type FailedJob,
  isLovageError,
  retryAllFailed,
  retryFailed,
} from '@lovage/core'
import { harmless } from '@lovage/core/harmless'
import prettyMs from 'pretty-ms'
import { complain } from '../complain.ts'
import { UsageError } from '../complaint.ts'
import { confirm } from '../confirm.ts'
import type { Context } from '../context.ts'
import { everyJob } from '../every-job.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { table } from '../table.ts'
import { plain } from '../text.ts'
import { withEngine } from '../with-engine.ts'

interface Filter {
  task?: string
}

export function list(context: Context, { task, limit }: Filter & { limit: number }): Promise<void> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const jobs: FailedJob[] = []
    for await (const job of everyJob(engine, { state: 'failed', ...(task !== undefined && { task }) })) {
      if (job.state === 'failed') jobs.push(job)
      if (jobs.length === limit) break
    }
    if (out.json) return out.document(plain(jobs))
    if (jobs.length === 0) return out.print('No failed job is kept.')
    const rows = jobs.map(({ id, task: name, attempt, finishedAt, error }) => [
      id,
      name,
      attempt,
      `${prettyMs(Math.max(0, Date.now() - finishedAt), { compact: true })} ago`,
      `${error.name}: ${error.message}`.replaceAll(/\s*\n\s*/g, ' '),
    ])
    for (const line of table(['JOB', 'TASK', 'ATTEMPTS', 'FAILED', 'ERROR'], rows, out)) out.print(line)
  })
}

interface Selection extends Filter {
  all?: boolean
  yes?: boolean
}

export function retry(context: Context, selection: Selection, ids: string[]): Promise<ExitCode> {
  checkSelection(selection, ids)
  const { out } = context
  return withEngine(context, async (engine) => {
    if (ids.length === 0) {
      const reply = await retryAllFailed(engine, filterOf(selection))
      if (out.json) out.document(reply)
      else out.print(`${reply.retried} in line again`)
      return EXIT.ok
    }
    return await each(ids, context, 'retried', async (id) => {
      const { id: newId } = await retryFailed(engine, id)
      if (out.json) out.document({ id, newId })
      else out.print(`${id} → ${newId}`)
    })
  })
}

export function discard(context: Context, selection: Selection, ids: string[]): Promise<ExitCode> {
  checkSelection(selection, ids)
  const { out } = context
  return withEngine(context, (engine) =>
    ids.length === 0
      ? discardAll(engine, selection, context)
      : each(ids, context, 'discarded', async (id) => {
          await discardFailed(engine, id)
          if (out.json) out.document({ id })
          else out.print(`${id} discarded`)
        }),
  )
}

async function discardAll(engine: Engine, selection: Selection, { out }: Context): Promise<ExitCode> {
  const which = selection.task === undefined ? 'all failed jobs' : `all failed jobs of ${selection.task}`
  if (selection.yes !== true && !(await confirm(`Forget ${which}?`))) return EXIT.usage
  const reply = await discardAllFailed(engine, filterOf(selection))
  if (out.json) out.document(reply)
  else out.print(`${reply.discarded} discarded`)
  return EXIT.ok
}

function checkSelection({ all, task }: Selection, ids: readonly string[]): void {
  const isBulk = all === true || task !== undefined
  if (isBulk !== ids.length > 0) return
  throw new UsageError('SELECTION', 'Name jobs by their ids, or --all, or those of a --task.')
}

const filterOf = ({ task }: Filter): Filter => (task === undefined ? {} : { task })

/** Goes on after one that is not there, and says so. */
async function each(
  ids: readonly string[],
  { out }: Context,
  verb: string,
  act: (id: string) => Promise<void>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  for (const id of ids) {
    try {
      await act(id)
    } catch (error) {
      if (!isLovageError(error, 'NOT_FOUND') && !isLovageError(error, 'RESULT_EXPIRED')) throw error
      if (out.json) complain(error, true)
      else out.say(`${harmless(id)} was not ${verb}: no failed job of that id is kept.`)
      code = EXIT.notFound
    }
  }
  return code
}
