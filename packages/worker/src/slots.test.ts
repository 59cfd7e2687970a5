import { describe, expect, test } from 'vitest'
import { Slots } from './slots.ts'

/** Partitions that have so many jobs running, and may want more. */
function stage(count: number, ...running: number[]) {
  const slots = new Slots(count)
  const all = running.map((taken) => {
    const one = { taken, isHungry: true, told: 0 }
    const share = slots.share({
      taken: () => one.taken,
      isHungry: () => one.isHungry,
      onChange: () => (one.told += 1),
    })
    return Object.assign(one, { share })
  })
  return { slots, all }
}

const free = (all: ReturnType<typeof stage>['all']): number[] => all.map(({ share }) => share.free)

describe('slots', () => {
  test('are all free for one who has them alone, but for those that are taken', () => {
    const { slots, all } = stage(10, 4)
    expect(free(all)).toEqual([6])
    all[0]!.taken = 12 // handlers that have lost their hold count as well
    expect(free(all)).toEqual([0])
    expect(slots.isFull).toBe(true)
  })

  test('are shared alike by those who want some; of what is over whoever asks gets it, but not twice in a row', () => {
    expect(free(stage(10, 0, 0).all)).toEqual([5, 5])
    expect(free(stage(10, 6, 0).all)).toEqual([0, 4])
    expect(free(stage(10, 5, 1).all)).toEqual([0, 4])
    expect(free(stage(10, 1, 2, 3).all)).toEqual([3, 2, 1])
    const { all } = stage(1, 0, 0)
    all[0]!.share.reserve(1)
    all[0]!.share.reserve(0)
    expect(free(all)).toEqual([0, 1])
  })

  test('are all for one while the others want none', () => {
    const { all } = stage(10, 3, 2)
    all[1]!.isHungry = false
    expect(all[0]!.share.free).toBe(5)
  })

  test('that are reserved are free for nobody, until they are not taken', () => {
    const { all, slots } = stage(10, 0, 0)
    all[0]!.share.reserve(5)
    expect(all[1]!.share.free).toBe(5)
    all[1]!.share.reserve(5)
    expect(free(all)).toEqual([0, 0])
    expect(slots.isFull).toBe(false) // nobody has to stop listening for that
    all[0]!.share.reserve(0)
    all[0]!.isHungry = false
    expect(all[1]!.share.free).toBe(5)
  })

  test('tell the others when something changes', () => {
    const { all } = stage(10, 0, 0, 0)
    all[1]!.share.changed()
    expect(all.map(({ told }) => told)).toEqual([1, 0, 1])
  })

  test('never go beyond their number, in whatever order they are asked for', () => {
    for (let count = 1; count < 12; count++) {
      const { all } = stage(count, 0, 0, 0)
      for (let round = 0; round < 20; round++) {
        const one = all[(round * 7 + count) % 3]!
        one.share.reserve(one.share.free)
        const used = all.reduce((sum, { share }) => sum + share.used, 0)
        expect(used).toBeLessThanOrEqual(count)
        if (round % 2 === 0) {
          one.taken += one.share.used - one.taken
          one.share.reserve(0)
        } else if (one.taken > 0) one.taken -= 1
      }
    }
  })
})
