/** What partitions say of themselves, put together: a worker is one, though it has a session in each of them. */
import type { StoredInspection, StoredSession } from '../inspect.ts'
import type { QueueDepth } from '../queue-depth.ts'
import type { Counts } from '../store.ts'

export function jointCounts(all: readonly Counts[]): Counts {
  const joint: Counts = { queued: 0, waiting: 0, scheduled: 0, retrying: 0, running: 0, workers: 0 }
  for (const { workers, ...jobs } of all) {
    for (const state of Object.keys(jobs) as (keyof typeof jobs)[]) joint[state] += jobs[state]
    joint.workers = Math.max(joint.workers, workers)
  }
  return joint
}

export function jointDepths(all: readonly (readonly QueueDepth[])[]): QueueDepth[] {
  const joint = new Map<string, QueueDepth>()
  for (const depth of all.flat()) {
    const known = joint.get(depth.queue)
    if (known === undefined) joint.set(depth.queue, { ...depth })
    else {
      known.queued += depth.queued
      known.oldestAt = Math.min(known.oldestAt ?? Infinity, depth.oldestAt ?? Infinity)
      if (known.oldestAt === Infinity) known.oldestAt = null
    }
  }
  return [...joint.values()].toSorted((a, b) => (a.queue < b.queue ? -1 : 1))
}

/** @param most Running jobs that are wanted. */
export function jointInspection(all: readonly StoredInspection[], most: number): StoredInspection {
  const workers = new Map<string, StoredSession>()
  /** A session → that by which its worker is shown. */
  const shown = new Map<string, string>()
  for (const session of all.flatMap(({ sessions }) => sessions)) {
    const worker = workerOf(session)
    const known = workers.get(worker)
    workers.set(worker, known === undefined ? session : joined(known, session))
    shown.set(session.session, known?.session ?? session.session)
  }
  return {
    at: Math.max(...all.map(({ at }) => at)),
    sessions: [...workers.values()].toSorted((a, b) => (a.session < b.session ? -1 : 1)),
    running: all
      .flatMap(({ running }) => running)
      .map((run) => ({ ...run, session: shown.get(run.session) ?? run.session }))
      .toSorted((a, b) => a.startedAt - b.startedAt)
      .slice(0, most),
  }
}

function workerOf({ session, info }: StoredSession): string {
  if (info === null) return session
  return JSON.stringify([info.name, info.host, info.pid, info.startedAt])
}

/** What it says of itself it says to each partition; what each counts are its own jobs. */
function joined(one: StoredSession, other: StoredSession): StoredSession {
  const isLater = (other.pulse?.at ?? 0) > (one.pulse?.at ?? 0)
  return {
    ...one,
    leaseUntil: Math.max(one.leaseUntil, other.leaseUntil),
    running: one.running + other.running,
    pulse: isLater ? other.pulse : one.pulse,
  }
}
