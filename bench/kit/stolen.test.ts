import { expect, test } from 'vitest'
import { quieterHalf, stolenMs } from './stolen.ts'

test('what the host has taken is said in ms, and is nothing where nobody tells', () => {
  expect(stolenMs(() => 'cpu  25515 0 9584 339547 588 0 2991 7220 0 0\ncpu0 1 2 3\n')).toBe(72_200)
  expect(stolenMs(() => 'cpu  25515 0 9584 339547\n')).toBe(0)
  expect(
    stolenMs(() => {
      throw new Error('ENOENT')
    }),
  ).toBe(0)
})

/** Stretches that are named after what was taken in them. */
const takenIn = async (...all: number[]): Promise<number[]> => {
  let sum = 0
  const rest = [...all]
  const take = () => {
    const ms = rest.shift()!
    sum += ms
    return Promise.resolve(ms)
  }
  return quieterHalf(all.length, take, () => sum)
}

test('of some stretches the half counts in which least was taken, in their order', async () => {
  expect(await takenIn(30, 0, 20, 10)).toEqual([0, 10])
  expect(await takenIn(30, 0, 20)).toEqual([0, 20])
})

test('and those that are as good', async () => {
  expect(await takenIn(0, 0, 0, 10)).toEqual([0, 0, 0])
  expect(await takenIn(0, 0)).toEqual([0, 0])
})
