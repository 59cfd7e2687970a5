import type { Duration, Engine, QueueEnqueueOptions } from '@lovage/core'
import { awaitJob } from '../await-job.ts'
import type { Context } from '../context.ts'
import { readInput } from '../json-input.ts'
import { nearest } from '../nearest.ts'
import { printEnd } from '../print-end.ts'
import { harmless } from '@lovage/core/harmless'
import { withEngine } from '../with-engine.ts'

/** commander leaves out what was not typed. */
interface EnqueueOptions extends Omit<QueueEnqueueOptions, 'tags'> {
  tag?: string[]
  wait?: boolean
  timeout: Duration
}

export async function enqueue(
  context: Context,
  { wait, timeout, ...typed }: EnqueueOptions,
  task: string,
  given: string | undefined,
): Promise<void> {
  const { out } = context
  const input = await readInput(given)
  await withEngine(context, async (engine) => {
    const ref = await engine.enqueue(task, input, jobOptions(typed))
    const doubt = await doubtAbout(engine, task)
    if (doubt !== undefined) out.say(out.errorColours.yellow(doubt))
    if (wait) printEnd(await awaitJob(engine, ref.id, { timeout, out }), out)
    else if (out.json) out.document(ref)
    else out.print(ref.id)
  })
}

/** Of all that was typed, what the engine takes. */
function jobOptions(typed: Omit<EnqueueOptions, 'wait' | 'timeout'>): QueueEnqueueOptions {
  const {
    delay,
    expiresIn,
    queue,
    priority,
    tag: tags,
    idempotencyKey,
    attempts,
    timeLimit,
    owner,
    id,
  } = typed
  const wanted = { delay, expiresIn, queue, priority, tags, idempotencyKey, attempts, timeLimit, owner, id }
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
}

/** Why a job may wait for long. A worker that did not say what it runs may run anything. */
async function doubtAbout(engine: Engine, task: string): Promise<string | undefined> {
  const { workers } = await engine.inspect({ running: 0 })
  if (workers.length === 0) return 'No worker is running; the job waits for one.'
  if (workers.some(({ info }) => info === null || info.tasks.includes(task))) return undefined
  const known = [...new Set(workers.flatMap(({ info }) => info?.tasks ?? []))]
  const near = nearest(task, known)
  const guess = near === undefined ? '' : ` Did you mean ${near}?`
  return `No running worker knows the task ${harmless(task)}; the job waits for one.${guess}`
}
