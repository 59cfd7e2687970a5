import { enqueuedAtOf as known, newJobId } from '@lovage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { enqueuedAtOf, newId } from './ids.ts'

test('an id says when it was made, to us and to the server', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (ms) => {
      expect([enqueuedAtOf(newId(ms)), known(newId(ms))]).toEqual([ms, ms])
    }),
  )
  const own = newJobId()
  expect(enqueuedAtOf(own)).toBe(known(own))
})

test('what is none of these ids is none to us and to the server', () => {
  const id = newId(Date.now())
  const damaged = fc
    .tuple(fc.nat(id.length - 1), fc.string({ unit: 'binary', maxLength: 2 }))
    .map(([at, text]) => id.slice(0, at) + text + id.slice(at + 1))
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ maxLength: 40 })), (text) => {
      expect(enqueuedAtOf(text)).toBe(known(text))
    }),
    { numRuns: 2_000 },
  )
})
