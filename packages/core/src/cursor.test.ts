import { describe, expect, test } from 'vitest'
import { checkCursor, compareCursors, parseCursor, placeBefore, seqOf, START, streamId } from './cursor.ts'

describe('parseCursor', () => {
  test('reads the place in the feed and the number of the record', () => {
    expect(parseCursor('1795219200000-12.345')).toEqual({ ms: 1_795_219_200_000, n: 12, seq: 345 })
    expect(parseCursor(START)).toEqual({ ms: 0, n: 0, seq: 0 })
  })

  test.for([
    '',
    '0',
    '0-0',
    '0-0.',
    '.0',
    '-0.0',
    '0-.0',
    '0.0-0',
    '1-1.1.1',
    '1-1.1 ',
    ' 1-1.1',
    '1-1.1\n',
    '-1-1.1',
    '1--1.1',
    '1-1.-1',
    '1.5-1.1',
    '1e3-1.1',
    'a-b.c',
    '$',
    '>',
    '+',
    '*',
    '٣-٣.٣',
    '12345678901234567-0.1',
    `${'9'.repeat(200)}-0.1`,
  ])('refuses %j with the code CURSOR_INVALID', (cursor) => {
    expect(() => parseCursor(cursor)).toThrow(
      expect.objectContaining({ name: 'LovageError', code: 'CURSOR_INVALID' }),
    )
  })

  test('repeats no more than 100 characters of a bad cursor in its error', () => {
    expect(() => parseCursor('x'.repeat(1_000_000))).toThrow(
      expect.objectContaining({ details: { cursor: 'x'.repeat(100) } }),
    )
  })
})

describe('compareCursors', () => {
  test('orders by ms, then by n, as numbers', () => {
    const sorted = ['0-0.0', '9-0.1', '9-9.2', '9-10.3', '10-0.4', '100-0.5', '1795219200000-0.6']
    expect(sorted.toReversed().sort(compareCursors)).toEqual(sorted)
    expect(sorted.toSorted(compareCursors)).toEqual(sorted)
  })

  test('is zero for one place', () => {
    expect(compareCursors('5-1.7', '5-1.7')).toBe(0)
    expect(compareCursors(START, START)).toBe(0)
  })

  test('refuses what is no cursor on either side', () => {
    expect(() => compareCursors('x', '1-1.1')).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }))
    expect(() => compareCursors('1-1.1', 'x')).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }))
  })
})

test('streamId is the cursor without the number of the record', () => {
  expect(streamId('1795219200000-12.345')).toBe('1795219200000-12')
  expect(streamId(START)).toBe('0-0')
})

test('placeBefore stands before its record and behind every one that came before', () => {
  for (const record of ['5-3.7', '5-0.7', '0-1.1']) {
    const place = placeBefore(record, 6)
    expect(compareCursors(place, record)).toBeLessThan(0)
    expect(parseCursor(place).seq).toBe(6)
  }
  expect(compareCursors(placeBefore('5-3.7', 6), '5-2.6')).toBe(0)
  expect(compareCursors(placeBefore('5-0.7', 6), '4-999999.6')).toBeGreaterThan(0)
})

describe('a joint cursor', () => {
  test('is behind another where it is in some partition, and ahead in none', () => {
    const place = '5-1.3,7-0.9'
    expect(compareCursors(place, place)).toBe(0)
    expect(compareCursors('5-1.3,6-0.8', place)).toBeLessThan(0)
    expect(compareCursors(place, '5-1.3,6-0.8')).toBeGreaterThan(0)
    expect(compareCursors('6-0.4,6-0.8', place)).toBeGreaterThan(0)
    expect(compareCursors(place, '6-0.4,6-0.8')).toBeGreaterThan(0)
  })

  test('counts the records of all partitions', () => {
    expect(seqOf('5-1.3,7-0.9')).toBe(12)
    expect(seqOf('5-1.3')).toBe(3)
  })

  test('is a cursor, and not comparable with the place of one feed', () => {
    const refused = expect.objectContaining({ code: 'CURSOR_INVALID' })
    checkCursor('5-1.3,7-0.9')
    for (const bad of ['5-1.3,', ',5-1.3', '5-1.3,x', '5-1.3, 7-0.9'])
      expect(() => checkCursor(bad)).toThrow(refused)
    expect(() => compareCursors('5-1.3,7-0.9', '5-1.2')).toThrow(refused)
    expect(() => compareCursors('5-1.2', '5-1.3,7-0.9')).toThrow(refused)
  })
})
