import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { Deadlines } from './deadlines.ts'

/** A clock that keeps what it is asked for and moves when told. */
function tape(): Clock & { armed: { at: number; call: () => void }[]; go: (at: number) => void } {
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
      now = at
      for (const timer of armed.splice(0).filter((one) => one.at <= at || !armed.push(one))) timer.call()
    },
  }
}

test('a later moment costs no timer of its own', () => {
  const clock = tape()
  const deadlines = new Deadlines(clock, () => Number.POSITIVE_INFINITY)
  for (const at of [100, 200, 100, 300]) deadlines.watch(at)
  expect(clock.armed.map(({ at }) => at)).toEqual([100])
})

test('an earlier moment takes the place of the timer', () => {
  const clock = tape()
  const deadlines = new Deadlines(clock, () => Number.POSITIVE_INFINITY)
  deadlines.watch(200)
  deadlines.watch(50)
  expect(clock.armed.map(({ at }) => at)).toEqual([50])
})

test('acts when the moment is there, and goes on with the one that is named next', () => {
  const clock = tape()
  const acted: number[] = []
  const deadlines = new Deadlines(clock, (now) => {
    acted.push(now)
    return now === 100 ? 250 : Number.POSITIVE_INFINITY
  })
  deadlines.watch(100)
  clock.go(100)
  expect(clock.armed.map(({ at }) => at)).toEqual([250])
  clock.go(250)
  expect(acted).toEqual([100, 250])
  expect(clock.armed).toEqual([])
})

test('what is past already is due at once', () => {
  const clock = tape()
  clock.go(500)
  const deadlines = new Deadlines(clock, () => Number.POSITIVE_INFINITY)
  deadlines.watch(100)
  expect(clock.armed.map(({ at }) => at)).toEqual([500])
})

test('does nothing once it is closed', () => {
  const clock = tape()
  const deadlines = new Deadlines(clock, () => Number.POSITIVE_INFINITY)
  deadlines.watch(100)
  deadlines.close()
  expect(clock.armed).toEqual([])
})
