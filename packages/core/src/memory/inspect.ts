/** One look at all sessions and at the jobs in their hands. */
import { enqueuedAtOf } from '../id.ts'
import type { StoredInspection, StoredRun } from '../inspect.ts'
import type { QueueDepth } from '../queue-depth.ts'
import type { Lines } from './lines.ts'
import { attemptOf, type LiveJob } from './live-job.ts'
import type { Sessions } from './sessions.ts'

/** @param count How many running jobs are listed. */
export function inspect(
  jobs: Iterable<LiveJob>,
  sessions: Sessions,
  count: number,
  now: number,
): StoredInspection {
  const running = [...jobs].flatMap(runOf)
  return {
    at: now,
    sessions: sessions.living(now).map(([session, { leaseUntil, info, pulse }]) => ({
      session,
      leaseUntil,
      running: running.filter((run) => run.session === session).length,
      info: info ?? null,
      pulse: pulse ?? null,
    })),
    running: running.toSorted(byAge).slice(0, count),
  }
}

function runOf(job: LiveJob): StoredRun[] {
  const { place, record } = job
  if (place.in !== 'hands') return []
  const { session, claimedAt: startedAt, progress } = place
  const { id, task, owner } = record
  return [{ id, task, owner, attempt: attemptOf(job), session, startedAt, ...(progress && { progress }) }]
}

export function depthsOf(lines: Lines, now: number): QueueDepth[] {
  return lines.depths(now).map(({ queue, queued, heads }) => {
    const times = heads
      .map(({ dueAt, record }) => dueAt ?? enqueuedAtOf(record.id))
      .filter((at) => at !== null)
    return { queue, queued, oldestAt: times.length === 0 ? null : Math.min(...times) }
  })
}

const byAge = (a: StoredRun, b: StoredRun): number => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)
