/**
 * Listeners are told together, once a frame: many jobs that report at once are one render, and a history of
 * thousands of notices is not thousands of them. What is reduced in between is not lost; it is not shown singly.
 */
import type { Clock } from '@lovage/core'

/** What a screen shows in a second is sixty frames. A timer, since hidden pages have no frames. */
const FRAME_MS = 16

const dueBy = new WeakMap<Clock, Set<() => void>>()

export function inNextFrame(clock: Clock, call: () => void): void {
  const due = dueBy.get(clock)
  if (due !== undefined) return void due.add(call)
  const calls = new Set([call])
  dueBy.set(clock, calls)
  clock.after(FRAME_MS, () => {
    dueBy.delete(clock)
    for (const each of calls) each()
  })
}
