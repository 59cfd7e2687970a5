import { expect, test } from 'vitest'
import { SLOTS, slotOf, tagOfPartition } from './slot.ts'

test('slots are counted as Redis Cluster does', () => {
  expect(['123456789', 'foo', 'bar', ''].map(slotOf)).toEqual([12_739, 12_182, 5_061, 0])
})

test('as many partitions as a cluster has nodes, or a multiple of that, lie on as many each', () => {
  for (const nodes of [1, 2, 3, 5, 100]) {
    for (const times of [1, 2, 4]) {
      const on = Array.from({ length: nodes }, () => 0)
      const count = nodes * times
      for (let index = 0; index < count; index++)
        on[Math.floor((slotOf(tagOfPartition('lovage:default', index, count)) * nodes) / SLOTS)]! += 1
      expect(on).toEqual(on.map(() => times))
    }
  }
})

test('fewer partitions than nodes are on nodes of their own', () => {
  for (const [count, nodes] of [
    [2, 3],
    [3, 7],
    [10, 100],
  ] as const) {
    const on = Array.from({ length: count }, (_, index) =>
      Math.floor((slotOf(tagOfPartition('shop:default', index, count)) * nodes) / SLOTS),
    )
    expect(new Set(on).size).toBe(count)
  }
})

test('tags are where they always were: stored jobs go by it', () => {
  expect([0, 1, 2].map((index) => tagOfPartition('lovage:default', index, 3))).toEqual([
    'lovage:default:0',
    'lovage:default:1.2',
    'lovage:default:2.1',
  ])
})
