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
  const watchdog = new Watchdog(({ name, ms }) => late.push(`${name} ${ms}`))
  const begin = (name: string, wait: number) => {
    const awaited = { name, ms: 0, until: 0, index: -1 }
    watchdog.begin(awaited, wait)
    return awaited
  }
  return { late, watchdog, begin }
}

test('tells once of each answer that does not come in its time, and of none that came', () => {
  const { late, watchdog, begin } = watched()
  begin('get', 100)
  const answered = begin('set', 100)
  begin('blpop', 7_000)
  watchdog.end(answered)
  vi.advanceTimersByTime(150)
  expect(late).toEqual(['get 100'])
  vi.advanceTimersByTime(60_000)
  expect(late).toEqual(['get 100', 'blpop 7000'])
})

test('a shorter wait that begins after a longer one ends first', () => {
  const { late, begin } = watched()
  begin('blpop', 7_000)
  vi.advanceTimersByTime(10)
  begin('get', 100)
  vi.advanceTimersByTime(150)
  expect(late).toEqual(['get 100'])
})

test('sets one timer for ten thousand calls that are answered, and none when nothing is awaited', () => {
  const { late, watchdog, begin } = watched()
  const set = vi.spyOn(globalThis, 'setTimeout')
  for (let n = 0; n < 10_000; n++) watchdog.end(begin('get', 5_000))
  expect(set).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(60_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(late).toEqual([])
})

test('closed, it tells of nothing any more', () => {
  const { late, watchdog, begin } = watched()
  begin('get', 100)
  watchdog.close()
  vi.advanceTimersByTime(1_000)
  expect(late).toEqual([])
})
