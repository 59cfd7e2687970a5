/**
 * Listeners are told together, once a frame: many jobs that report at once are one render, and a history of
 * thousands of notices is not thousands of them. What is reduced in between is not lost; it is not shown singly.
 */
import type { Clock } from '@lovage/core'

/** What a screen shows in a second is sixty frames. A timer, since hidden pages have no frames. */
const FRAME_MS = 16

const due = new Set<() => void>()

export function inNextFrame(clock: Clock, call: () => void): void {
  if (due.size === 0) {
    clock.after(FRAME_MS, () => {
      const calls = [...due]
      due.clear()
      for (const each of calls) each()
    })
  }
  due.add(call)
}
