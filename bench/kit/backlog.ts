/** A line of jobs that one worker process empties, whoever's queue it is. */
import type { Name } from './contestants.ts'
import { type Budget, exactly } from './budget.ts'
import type { Handler, Span } from './roles.ts'
import type { Stage } from './stage.ts'

interface Backlog {
  /** For enqueueing them, and once more for running them. */
  budget: Budget
  concurrency: number
  /** Default: nothing. */
  handler?: Handler
  /** Of each input as JSON. Default 100. */
  bytes?: number
  /** Of those that wait, so many are run; the others stay. Default: as many as the budget allows. */
  run?: number | 'all'
  /** How many queues they are spread over. Default 1. */
  queues?: number
  /** Called between the two, while nobody is connected, with how many wait. */
  whileWaiting?: (jobs: number) => Promise<void>
}

export interface Emptied {
  /** Its `jobs` are all that waited. */
  enqueued: Span
  /** The first fifth warms the worker up and is not counted. */
  processed: Span
}

export async function emptied(stage: Stage, who: Name, backlog: Backlog): Promise<Emptied> {
  const { budget, concurrency, handler = { does: 'nothing' }, bytes, run, queues, whileWaiting } = backlog
  const producer = await stage.play(who, 'producer')
  const enqueued = await producer.enqueue({
    how: queues === undefined ? 'bulk' : 'callers',
    budget,
    ...(bytes !== undefined && { bytes }),
    ...(queues !== undefined && { queues }),
  })
  await producer.kill()
  await whileWaiting?.(enqueued.jobs)
  const worker = await stage.play(who, 'worker')
  const jobs = Math.min(enqueued.jobs, typeof run === 'number' ? run : Infinity)
  const processed = worker.run(run === undefined ? { ...budget, jobs } : exactly(jobs))
  await worker.start({ concurrency, handler, ...(queues !== undefined && { queues }) })
  const span = await processed
  await worker.kill()
  return { enqueued, processed: span }
}
