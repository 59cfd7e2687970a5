import { expect, test } from 'vitest'
import { SharedTimer } from './shared-timer.ts'
import { tape } from './tape.test.kit.ts'

test('each is called in its time, and all have one timer', () => {
  const clock = tape()
  const shared = new SharedTimer(clock)
  const called: string[] = []
  for (const ms of [3_000, 7_000, 3_600_000]) shared.after(ms, () => called.push(`${ms} at ${clock.now()}`))
  expect(clock.armed).toHaveLength(1)
  clock.go(7_000)
  expect(called).toEqual(['3000 at 3000', '7000 at 7000'])
  expect(clock.armed).toHaveLength(1)
  clock.go(3_600_000)
  expect(called).toHaveLength(3)
  expect(clock.armed).toHaveLength(0)
})

test('who has taken the call back is not called, and what he leaves behind is over in five seconds', () => {
  const clock = tape()
  const shared = new SharedTimer(clock)
  const called: number[] = []
  const ends = Array.from({ length: 1_000 }, (_, n) => shared.after(3_600_000, () => called.push(n)))
  expect(clock.armed).toHaveLength(1)
  for (const end of ends) end()
  clock.go(5_000)
  expect(clock.armed).toHaveLength(0)
  expect(called).toEqual([])
})

test('a call may take back one that is due at the same moment, and ask for another', () => {
  const clock = tape()
  const shared = new SharedTimer(clock)
  const called: string[] = []
  const ends: (() => void)[] = []
  const act = (name: string, other: number) => () => {
    called.push(name)
    ends[other]?.()
    shared.after(10, () => called.push(`after ${name}`))
  }
  ends.push(shared.after(100, act('a', 1)), shared.after(100, act('b', 0)))
  clock.go(200)
  expect(called).toHaveLength(2)
  expect(called[1]).toBe(`after ${called[0]}`)
})

test('once it is closed nothing keeps the process, but for whoever waits still', () => {
  const clock = tape()
  const shared = new SharedTimer(clock)
  shared.after(1_000, () => {})()
  shared.close()
  expect(clock.armed).toHaveLength(0)
  let isCalled = false
  shared.after(1_000, () => {
    isCalled = true
  })
  shared.close()
  clock.go(1_000)
  expect(isCalled).toBe(true)
})
