import type { Duration, QueueEnqueueOptions } from '@lovage/core'
import { awaitJob } from '../await-job.ts'
import type { Context } from '../context.ts'
import { readInput } from '../json-input.ts'
import { printEnd } from '../print-end.ts'
import { withEngine } from '../with-engine.ts'

/** commander leaves out what was not typed. */
interface EnqueueOptions extends QueueEnqueueOptions {
  wait?: boolean
  timeout: Duration
}

export async function enqueue(
  context: Context,
  { wait, timeout, delay, attempts, timeLimit, owner, id }: EnqueueOptions,
  task: string,
  given: string | undefined,
): Promise<void> {
  const { out } = context
  const input = await readInput(given)
  await withEngine(context, async (engine) => {
    const ref = await engine.enqueue(task, input, {
      ...(delay !== undefined && { delay }),
      ...(attempts !== undefined && { attempts }),
      ...(timeLimit !== undefined && { timeLimit }),
      ...(owner !== undefined && { owner }),
      ...(id !== undefined && { id }),
    })
    const { workers } = await engine.store.counts()
    if (workers === 0) out.say(out.errorColours.yellow('No worker is running; the job waits for one.'))
    if (wait) printEnd(await awaitJob(engine, ref.id, { timeout, out }), out)
    else if (out.json) out.document(ref)
    else out.print(ref.id)
  })
}
