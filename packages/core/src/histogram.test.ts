import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

const of = (values: readonly number[]): Histogram => {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

const durations = fc.array(fc.oneof(fc.nat(100), fc.nat(10_000), fc.nat(2 ** 32 - 1)), { minLength: 1 })

test('a quantile is right to within 3 % of what was recorded, whatever that was', () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(share * values.length)) - 1] as number
      const found = of(values).quantile(share)
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.032)
    }),
  )
})

test('up to 63 ms a quantile is exact to half a millisecond', () => {
  for (let ms = 0; ms < 64; ms++)
    expect(Math.abs(of([ms, 1_000]).quantile(0.5) - ms)).toBeLessThanOrEqual(0.5)
})

test('merging what was recorded apart gives the same as recording it together, on the way through JSON', () => {
  fc.assert(
    fc.property(durations, durations, (here, there) => {
      const merged = of(here)
      merged.add(JSON.parse(JSON.stringify(of(there))))
      expect(merged.toJSON()).toEqual(of([...here, ...there]).toJSON())
      expect(merged.count).toBe(here.length + there.length)
    }),
  )
})

test('count, sum and maximum are exact', () => {
  const histogram = of([5, 70_000, 123])
  expect([histogram.count, histogram.sum, histogram.max]).toEqual([3, 70_128, 70_000])
  expect(histogram.quantile(1)).toBe(70_000)
})

test('what no clock should give is counted at the ends', () => {
  const histogram = of([-5, 2 ** 40])
  expect(histogram.count).toBe(2)
  expect(histogram.quantile(0)).toBe(0)
})

test('buckets of a version that has more of them are counted as the longest', () => {
  const histogram = new Histogram()
  histogram.add({ sum: 2 ** 33, max: 2 ** 33, buckets: [9_999, 1] })
  expect(histogram.count).toBe(1)
  expect(histogram.quantile(0.5)).toBeGreaterThan(2 ** 31)
})
