/** What a queue tells of enqueues and of those who follow. Both cost nothing while nobody listens. */
import type { Clock } from './clock.ts'
import { isLovageError } from './errors.ts'
import type { Events, Following, QueueEvents } from './events.ts'
import type { Batch } from './feed.ts'
import type { JobRef } from './handle.ts'

/** @param count How many jobs were to be enqueued. */
export function tellEnqueue<Made extends JobRef | readonly JobRef[]>(
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

export function tellFollowing(
  events: Events<QueueEvents>,
  clock: Clock,
  following: Following,
  notices: AsyncGenerator<Batch, void, undefined>,
): AsyncGenerator<Batch, void, undefined> {
  const isHeard = events.hears('follow.started') || events.hears('follow.ended')
  return isHeard ? told(events, clock, following, notices) : notices
}

async function* told(
  events: Events<QueueEvents>,
  clock: Clock,
  following: Following,
  notices: AsyncGenerator<Batch, void, undefined>,
): AsyncGenerator<Batch, void, undefined> {
  const from = clock.now()
  let count = 0
  events.emit('follow.started', following)
  try {
    for await (const batch of notices) {
      count += batch.length
      yield batch
    }
  } finally {
    events.emit('follow.ended', { ...following, ms: clock.now() - from, notices: count })
  }
}
