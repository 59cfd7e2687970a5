import { beforeEach, describe, expect, test, vi } from 'vitest'
import { enqueuedAtOf } from './id.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const NOW_MS = Date.UTC(2026, 10, 21)

/** Ids depend on those made before, so each test has a process of its own, as far as this module can see. */
let newJobId: (nowMs?: number) => string
beforeEach(async () => {
  vi.resetModules()
  ;({ newJobId } = await import('./id.ts'))
})

describe('newJobId', () => {
  test('makes UUIDs of version 7', () => {
    for (let n = 0; n < 1_000; n++) expect(newJobId()).toMatch(UUID_V7)
  })

  test('makes 100,000 ids in one ms that are all different and sorted', () => {
    const ids = Array.from({ length: 100_000 }, () => newJobId(NOW_MS))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  test('borrows from the next ms when its counter is full, and no more than it needs', () => {
    const ids = Array.from({ length: 100_000 }, () => newJobId(NOW_MS))
    expect(enqueuedAtOf(ids[0]!)).toBe(NOW_MS)
    expect(enqueuedAtOf(ids.at(-1)!)! - NOW_MS).toBeLessThanOrEqual(Math.ceil(100_000 / 4_096))
    const steps = ids.slice(1).map((id, n) => enqueuedAtOf(id)! - enqueuedAtOf(ids[n]!)!)
    expect(Math.max(...new Set(steps))).toBe(1)
  })

  test('keeps the order while time passes, stands still and goes back', () => {
    const times = [0, 0, 1, 5, 5, 4, 0, -60_000, 6, 7, 7].map((ms) => NOW_MS + ms)
    const ids = times.map((ms) => newJobId(ms))
    expect(ids.toSorted()).toEqual(ids)
  })

  test('makes different ids in two processes that begin in the same ms', async () => {
    const mine = Array.from({ length: 1_000 }, () => newJobId(NOW_MS))
    vi.resetModules()
    const other = await import('./id.ts')
    const theirs = Array.from({ length: 1_000 }, () => other.newJobId(NOW_MS))
    expect(new Set([...mine, ...theirs]).size).toBe(2_000)
  })
})

describe('enqueuedAtOf', () => {
  test.for([0x1000, NOW_MS, 2 ** 48 - 1])('reads back the ms %d in which an id was made', (ms) => {
    expect(enqueuedAtOf(newJobId(ms))).toBe(ms)
  })

  test.for([
    '',
    'job-1',
    '0',
    '019a0000-0000-4000-8000-000000000000',
    '019a0000-0000-7000-c000-000000000000',
    '019a0000000070008000000000000000',
    '019a0000-0000-7000-8000-00000000000g',
    ' 019a0000-0000-7000-8000-000000000000',
    '019a0000-0000-7000-8000-000000000000\n',
  ])('is null for %j, which is none of these ids', (id) => {
    expect(enqueuedAtOf(id)).toBeNull()
  })
})
