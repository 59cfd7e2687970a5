/** A line of jobs that one worker process empties, whoever's queue it is. */
import type { Name } from './contestants.ts'
import type { Handler, Span } from './roles.ts'
import type { Stage } from './stage.ts'

interface Backlog {
  jobs: number
  concurrency: number
  /** Default: nothing. */
  handler?: Handler
  /** Of each input as JSON. Default 100. */
  bytes?: number
  /** Of those that wait, so many are run; the others stay. Default: all. */
  run?: number
  /** How many queues they are spread over. Default 1. */
  queues?: number
  /** Called between the two, while nobody is connected. */
  whileWaiting?: () => Promise<void>
}

export interface Emptied {
  enqueued: Span
  /** The first fifth warms the worker up and is not counted. */
  processed: Span
}

export async function emptied(stage: Stage, who: Name, backlog: Backlog): Promise<Emptied> {
  const {
    jobs,
    concurrency,
    handler = { does: 'nothing' },
    bytes,
    run = jobs,
    queues,
    whileWaiting,
  } = backlog
  const producer = await stage.play(who, 'producer')
  const enqueued = await producer.enqueue({
    how: queues === undefined ? 'bulk' : 'callers',
    jobs,
    ...(bytes !== undefined && { bytes }),
    ...(queues !== undefined && { queues }),
  })
  await producer.kill()
  await whileWaiting?.()
  const worker = await stage.play(who, 'worker')
  const processed = worker.span({ from: Math.floor(run / 5), to: run })
  await worker.start({ concurrency, handler, ...(queues !== undefined && { queues }) })
  const span = await processed
  await worker.kill()
  return { enqueued, processed: span }
}
