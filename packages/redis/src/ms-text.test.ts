import { expect, test } from 'vitest'
import { msText } from './ms-text.ts'

test.for([
  0, 1, 999, 1_000, 1_001, 1_010, 59_999, 1_765_893_600_000, 1_765_893_600_007, 1_765_893_600_099, -1,
  1_500.5,
])('writes %d as a template does', (ms) => {
  expect(msText(ms)).toBe(`${ms}`)
  expect(msText(ms)).toBe(`${ms}`)
})
