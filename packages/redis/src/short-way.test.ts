import { expect, test } from 'vitest'
import { ShortWay } from './short-way.ts'

/** Of the next `times`, those at which it was tried. */
function tried(way: ShortWay, times: number, leadsThrough: (time: number) => boolean): number[] {
  const found: number[] = []
  for (let time = 0; time < times; time++) {
    if (!way.isWorthIt()) continue
    found.push(time)
    way.led(leadsThrough(time))
  }
  return found
}

test('a way that leads through is gone every time', () => {
  expect(tried(new ShortWay(), 4, () => true)).toEqual([0, 1, 2, 3])
})

test('one that does not is tried ever more rarely, in the end once in sixteen times', () => {
  expect(tried(new ShortWay(), 60, () => false)).toEqual([0, 2, 6, 14, 30, 46])
})

test('one that did once is gone again', () => {
  expect(tried(new ShortWay(), 10, (time) => time !== 0 && time !== 6)).toEqual([0, 2, 3, 4, 5, 6, 8, 9])
})
