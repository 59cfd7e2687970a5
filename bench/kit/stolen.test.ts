import { expect, test } from 'vitest'
import { quieterHalf, stolenMs, watched } from './stolen.ts'

test('what the host has taken is said in ms, and is nothing where nobody tells', () => {
  expect(stolenMs(() => 'cpu  25515 0 9584 339547 588 0 2991 7220 0 0\ncpu0 1 2 3\n')).toBe(72_200)
  expect(stolenMs(() => 'cpu  25515 0 9584 339547\n')).toBe(0)
  expect(
    stolenMs(() => {
      throw new Error('ENOENT')
    }),
  ).toBe(0)
})

/** Parts that are named after what was taken in them. */
const quieterOf = (...all: number[]): number[] => quieterHalf(all.map((ms) => ({ part: ms, stolenMs: ms })))

test('of some parts the half counts in which least was taken, in their order', () => {
  expect(quieterOf(30, 0, 20, 10)).toEqual([0, 10])
  expect(quieterOf(30, 0, 20)).toEqual([0, 20])
})

test('and those that are as good', () => {
  expect(quieterOf(0, 0, 0, 10)).toEqual([0, 0, 0])
  expect(quieterOf(0, 0)).toEqual([0, 0])
})

test('what is taken in one is what was taken by its end and not before it', async () => {
  let sum = 70
  const take = (): Promise<string> => {
    sum += 30
    return Promise.resolve('part')
  }
  expect(await watched(take, () => sum)).toEqual({ part: 'part', stolenMs: 30 })
})
