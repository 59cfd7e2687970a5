import { expect, test } from 'vitest'
import { Deadlines } from './deadlines.ts'
import { tape } from './tape.test.kit.ts'

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
