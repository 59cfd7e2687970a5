/** What a queue tells of enqueues and of those who follow. All of it costs nothing while nobody listens, and nobody traces. */
import type { Clock } from './clock.ts'
import { isLovageError } from './errors.ts'
import type { Events, Following, QueueEvents } from './events.ts'
import type { Batch, Follow } from './feed.ts'
import type { JobRef } from './handle.ts'
import type { Traceparent, Tracing } from './trace.ts'

interface Teller {
  readonly events: Events<QueueEvents>
  readonly tracing: Tracing<never> | undefined
  /** That the jobs of a task go to, unless told otherwise. */
  queueOf(task: string): string
}

/**
 * @param count How many jobs are to be enqueued.
 * @param enqueue Called at once, with options that say which trace the jobs carry.
 */
export function tellEnqueue<
  Options extends { trace?: Traceparent; queue?: string },
  Made extends JobRef | readonly JobRef[],
>(
  teller: Teller,
  task: string,
  count: number,
  options: Options,
  enqueue: (options: Options) => Promise<Made>,
): Promise<Made> {
  const { events, tracing } = teller
  return tracing === undefined
    ? told(events, task, count, enqueue(options))
    : traced(teller, tracing, task, count, options, enqueue)
}

/** Async, so that a tracer that throws is a rejection like any other. */
async function traced<
  Options extends { trace?: Traceparent; queue?: string },
  Made extends JobRef | readonly JobRef[],
>(
  teller: Teller,
  tracing: Tracing<never>,
  task: string,
  count: number,
  options: Options,
  enqueue: (options: Options) => Promise<Made>,
): Promise<Made> {
  const { trace: given, queue = teller.queueOf(task) } = options
  return tracing.enqueue({ task, queue, count, trace: given }, (trace) =>
    told(teller.events, task, count, enqueue(trace === undefined ? options : { ...options, trace })),
  )
}

function told<Made extends JobRef | readonly JobRef[]>(
  events: Events<QueueEvents>,
  task: string,
  count: number,
  enqueuing: Promise<Made>,
): Promise<Made> {
  if (!events.hears('job.enqueued') && !events.hears('job.refused')) return enqueuing
  enqueuing.then(
    (made) => {
      const refs: readonly JobRef[] = 'id' in made ? [made] : made
      events.emit('job.enqueued', { task, ids: refs.map(({ id }) => id) })
    },
    (error: unknown) =>
      events.emit('job.refused', { task, count, code: isLovageError(error) ? error.code : 'unknown' }),
  )
  return enqueuing
}

/** Who takes notices at once, where somebody does. */
type Take = Follow['take']
type Open = (take: Take) => AsyncGenerator<Batch, void, undefined>

export const hearsFollowing = (events: Events<QueueEvents>): boolean =>
  events.hears('follow.started') || events.hears('follow.ended')

export function tellFollowing(
  { events, clock }: { events: Events<QueueEvents>; clock: Clock },
  following: Following,
  take: Take,
  open: Open,
): AsyncGenerator<Batch, void, undefined> {
  return hearsFollowing(events) ? followed({ events, clock }, following, take, open) : open(take)
}

async function* followed(
  { events, clock }: { events: Events<QueueEvents>; clock: Clock },
  following: Following,
  take: Take,
  open: Open,
): AsyncGenerator<Batch, void, undefined> {
  const from = clock.now()
  let count = 0
  const counts: Take = (notices) => {
    const taken = take?.(notices) ?? 0
    count += taken
    return taken
  }
  events.emit('follow.started', following)
  try {
    for await (const batch of open(take && counts)) {
      count += batch.length
      yield batch
    }
  } finally {
    events.emit('follow.ended', { ...following, ms: clock.now() - from, notices: count })
  }
}
