import { expect, test } from 'vitest'
import { reconnectMs } from './dial.ts'

test('a lost connection is tried again soon, then ever more rarely, up to 2 s, and never in step with others', () => {
  expect([1, 2, 3, 6, 7, 50].map((times) => reconnectMs(times, () => 1))).toEqual([
    50, 100, 200, 1_600, 2_000, 2_000,
  ])
  expect(reconnectMs(1, () => 0)).toBe(25)
  expect(reconnectMs(50, () => 0)).toBe(1_000)
})
