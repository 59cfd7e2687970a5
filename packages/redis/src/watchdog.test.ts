import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Watchdog } from './watchdog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.restoreAllMocks() // first: what was spied on is the timer of the test, and would come back later
  vi.useRealTimers()
})

function watched() {
  const late: string[] = []
  return { late, watchdog: new Watchdog(({ name, ms }) => late.push(`${name} ${ms}`)) }
}

test('tells once of each answer that does not come in its time, and of none that came', () => {
  const { late, watchdog } = watched()
  watchdog.begin('get', 100)
  const answered = watchdog.begin('set', 100)
  watchdog.begin('blpop', 7_000)
  watchdog.end(answered)
  vi.advanceTimersByTime(150)
  expect(late).toEqual(['get 100'])
  vi.advanceTimersByTime(60_000)
  expect(late).toEqual(['get 100', 'blpop 7000'])
})

test('a shorter wait that begins after a longer one ends first', () => {
  const { late, watchdog } = watched()
  watchdog.begin('blpop', 7_000)
  vi.advanceTimersByTime(10)
  watchdog.begin('get', 100)
  vi.advanceTimersByTime(150)
  expect(late).toEqual(['get 100'])
})

test('sets one timer for ten thousand calls that are answered, and none when nothing is awaited', () => {
  const { late, watchdog } = watched()
  const set = vi.spyOn(globalThis, 'setTimeout')
  for (let n = 0; n < 10_000; n++) watchdog.end(watchdog.begin('get', 5_000))
  expect(set).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(60_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(late).toEqual([])
})

test('closed, it tells of nothing any more', () => {
  const { late, watchdog } = watched()
  watchdog.begin('get', 100)
  watchdog.close()
  vi.advanceTimersByTime(1_000)
  expect(late).toEqual([])
})
