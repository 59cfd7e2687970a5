import { expect, test } from 'vitest'
import { fractionOf } from './progress-line.ts'

test.each([
  [0.25, 0.25],
  [{ done: 1, total: 4 }, 0.25],
  [{ current: 1, total: 4, file: 'a.csv' }, 0.25],
  [{ step: 1, steps: 4 }, 0.25],
  [{ percent: 25 }, 0.25],
  [{ fraction: 0.25 }, 0.25],
  [{ done: 4, total: 4 }, 1],
])('the report %j says how far the job is', (report, fraction) => {
  expect(fractionOf(report)).toBe(fraction)
})

test.each([
  [undefined],
  [null],
  ['half'],
  [7],
  [{ done: 1 }],
  [{ done: 5, total: 4 }],
  [{ done: 1, total: 0 }],
  [{}],
])('the report %j does not', (report) => {
  expect(fractionOf(report)).toBeUndefined()
})
