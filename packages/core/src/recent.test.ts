import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cursor, START } from './cursor.ts'
import { Recent } from './recent.ts'
import type { StoredNotice } from './store.ts'

const place = (seq: number): Cursor => `${seq}-0.${seq}`

const record = (seq: number) =>
  ({ cursor: place(seq), jobId: `job-${seq}`, type: 'succeeded' }) as StoredNotice

/** One that has been told of so many records; what `push` tells it of are more of them. */
function told(count: number): { recent: Recent; push: (more: number) => void; seq: () => number } {
  const recent = new Recent(START)
  let seq = 0
  const push = (more: number): void => {
    for (let n = 0; n < more; n++) {
      seq += 1
      recent.push(record(seq))
    }
  }
  push(count)
  return { recent, push, seq: () => seq }
}

/** How many records are here. */
const sizeOf = (recent: Recent): number => recent.after(recent.since).length

test('few are kept where nobody asks for more, and each of them is found', () => {
  const { recent, seq } = told(20_000)
  expect(sizeOf(recent)).toBeGreaterThanOrEqual(375)
  expect(sizeOf(recent)).toBeLessThanOrEqual(500)
  const found = recent.after(place(seq() - 300))
  expect(found.map(({ cursor }) => cursor)).toEqual(
    Array.from({ length: 300 }, (_, n) => place(seq() - 299 + n)),
  )
  expect(recent.after(place(seq() - 300), `job-${seq() - 100}`)).toHaveLength(1)
})

test('who asks for older ones is told that they are not here, and as many as a store has are kept from then on', () => {
  const { recent, push, seq } = told(20_000)
  expect(recent.covers(place(seq() - 2_000))).toBe(false)
  push(9_000)
  expect(sizeOf(recent)).toBeGreaterThan(9_000)
  expect(recent.covers(place(seq() - 9_000))).toBe(true)
})

test('older than what a store has by default is no reason to keep more', () => {
  const { recent, push, seq } = told(20_000)
  expect(recent.covers(place(seq() - 15_000))).toBe(false)
  push(9_000)
  expect(sizeOf(recent)).toBeLessThanOrEqual(500)
})

test('what was fetched for somebody stays for others who come soon after', () => {
  const { recent, push, seq } = told(20_000)
  const from = place(seq() - 6_000)
  expect(recent.covers(from)).toBe(false)
  const first = Number.parseInt(recent.since)
  recent.prepend(
    from,
    Array.from({ length: first - (seq() - 6_000) }, (_, n) => record(seq() - 5_999 + n)),
  )
  push(3_000)
  expect(recent.covers(from)).toBe(true)
  expect(recent.after(from)).toHaveLength(9_000)
})

test('once nobody asks for them any more, they are given up by halves', () => {
  const { recent, push, seq } = told(20_000)
  recent.covers(place(seq() - 3_000))
  for (const bound of [10_000, 5_000, 2_500, 1_250, 625, 500, 500]) {
    push(10_000)
    expect(sizeOf(recent)).toBeLessThanOrEqual(bound)
    expect(sizeOf(recent)).toBeGreaterThanOrEqual((bound * 3) / 8)
  }
})

test('who asks again and again for as many is told once that they are not here', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7_000 }), fc.integer({ min: 1, max: 9_000 }), (back, between) => {
      const { recent, push, seq } = told(10_000)
      expect(recent.covers(place(seq() - back))).toBe(back <= sizeOf(recent))
      push(back)
      let missed = 0
      for (let n = 0; n < 60_000; n += between) {
        push(between)
        if (!recent.covers(place(seq() - back))) missed += 1
      }
      expect(missed).toBeLessThanOrEqual(1)
    }),
    { numRuns: 30 },
  )
})
