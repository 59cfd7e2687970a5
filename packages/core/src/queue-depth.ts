/** How much waits in each queue, and for how long: what a scaler of workers goes by. */
import type { StoredSession } from './inspect.ts'

/** What waits in one queue. */
export interface QueueDepth {
  queue: string
  /** In line, those that a limit or a pause holds up included. */
  queued: number
  /**
   * Since when whoever has waited longest at the head of a line has waited: enqueued or, of a delayed job, due, in Unix ms.
   * Of many lanes some are looked at. `null`: its id does not tell.
   */
  oldestAt: number | null
}

/** A queue that has work or workers. */
export interface QueueView {
  queue: string
  /** Jobs in line. Those whose time has not come are not among them. */
  queued: number
  /** How long the one that has waited longest has waited, in ms; `null` where nobody waits. */
  oldestMs: number | null
  /** Live workers that serve it, and the slots that they have together, shared with other queues that they serve. */
  workers: number
  slots: number
}

export function queueViews(
  sessions: readonly StoredSession[],
  depths: readonly QueueDepth[],
  at: number,
): QueueView[] {
  const views = new Map<string, QueueView>()
  const viewOf = (queue: string): QueueView => {
    const view = views.get(queue) ?? { queue, queued: 0, oldestMs: null, workers: 0, slots: 0 }
    views.set(queue, view)
    return view
  }
  for (const { queue, queued, oldestAt } of depths) {
    const oldestMs = oldestAt === null ? null : Math.max(0, at - oldestAt)
    Object.assign(viewOf(queue), { queued, oldestMs })
  }
  for (const { info } of sessions) {
    for (const queue of info?.queues ?? []) {
      const view = viewOf(queue)
      view.workers += 1
      view.slots += info?.slots ?? 0
    }
  }
  return [...views.values()].toSorted((a, b) => (a.queue < b.queue ? -1 : 1))
}
