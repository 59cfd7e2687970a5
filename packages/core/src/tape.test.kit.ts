import type { Clock } from './clock.ts'

/** A clock that moves when told, and knows its timers. */
export function tape(): Clock & { armed: { at: number; call: () => void }[]; go: (at: number) => void } {
  let now = 0
  const armed: { at: number; call: () => void }[] = []
  return {
    armed,
    now: () => now,
    after(ms, call) {
      const timer = { at: now + ms, call }
      armed.push(timer)
      return () => void armed.splice(armed.indexOf(timer), 1)
    },
    go(at) {
      for (let due; (due = armed.find((one) => one.at <= at)) !== undefined;) {
        now = due.at
        armed.splice(armed.indexOf(due), 1)
        due.call()
      }
      now = at
    },
  }
}
