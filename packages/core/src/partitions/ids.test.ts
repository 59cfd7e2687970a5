import { expect, test } from 'vitest'
import { enqueuedAtOf, newJobId } from '../id.ts'
import { homeOf, homeOfName, idAt } from './ids.ts'

const COUNTS = [2, 3, 7, 100, 128]

test.for(COUNTS)('an id can be had for each of %d partitions, always the same one', (count) => {
  const id = newJobId()
  for (let home = 0; home < count; home++) {
    const there = idAt(id, home, count)
    expect(homeOf(there, count)).toBe(home)
    expect(idAt(there, home, count)).toBe(there)
    expect(idAt(id, home, count)).toBe(there)
    expect(enqueuedAtOf(there)).toBe(enqueuedAtOf(id))
  }
  expect(idAt(id, homeOf(id, count)!, count)).toBe(id)
})

test('also an id at the end of the range has one for each partition', () => {
  const id = '019e0000-0000-7000-8000-00000000ffff'
  expect(idAt(id, 2, 100)).toBe('019e0000-0000-7000-8000-00000000ffde')
  expect(idAt(id, 99, 100)).toBe('019e0000-0000-7000-8000-00000000ffdb')
  for (let home = 0; home < 100; home++) expect(homeOf(idAt(id, home, 100), 100)).toBe(home)
})

test.for(COUNTS)('ids and names are spread over %d partitions evenly', (count) => {
  const all = 400 * count
  const ids = Array.from({ length: count }, () => 0)
  const names = Array.from({ length: count }, () => 0)
  for (let n = 0; n < all; n++) {
    ids[homeOf(newJobId(), count)!]! += 1
    names[homeOfName(`["task","tenant-${n}"]`, count)]! += 1
  }
  // A fair die is off by a quarter with each of 128 faces once in many thousand times.
  for (const found of [...ids, ...names]) expect(Math.abs(found - 400)).toBeLessThan(120)
})

test('what is no id of ours tells no partition', () => {
  for (const id of ['', 'a', '019e0000-0000-4000-8000-00000000ffff']) expect(homeOf(id, 3)).toBeUndefined()
})

test('names lead where they always did: jobs that are stored go by it', () => {
  expect(['', 'a', '["score","ada"]', '["score","ä€😀"]'].map((name) => homeOfName(name, 100))).toEqual([
    23, 15, 42, 69,
  ])
})
