import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Backoff, backoffMs, DEFAULT_ATTEMPTS, retryPolicy, type RetryPolicy } from './backoff.ts'

describe('retryPolicy', () => {
  test('tries three times, from 1 s doubled up to 10 min, unless told otherwise', () => {
    const defaults = { attempts: 3, type: 'exponential', firstMs: 1_000, maxMs: 600_000 }
    expect(DEFAULT_ATTEMPTS).toBe(3)
    expect(retryPolicy()).toEqual(defaults)
    expect(retryPolicy({})).toEqual(defaults)
    expect(retryPolicy({ backoff: 'exponential' })).toEqual(defaults)
    expect(retryPolicy({ backoff: 'fixed' })).toEqual({ ...defaults, type: 'fixed' })
    expect(retryPolicy({ backoff: { type: 'fixed' } })).toEqual({ ...defaults, type: 'fixed' })
  })

  test('takes durations in words', () => {
    expect(retryPolicy({ attempts: 8, backoff: { type: 'exponential', delay: '250ms', max: '1m' } })).toEqual(
      {
        attempts: 8,
        type: 'exponential',
        firstMs: 250,
        maxMs: 60_000,
      },
    )
  })

  test.for([0, -1, 1.5, NaN, Infinity, '3'])('refuses %j attempts', (attempts) => {
    const seen = typeof attempts === 'string' ? JSON.stringify(attempts) : String(attempts)
    expect(() => retryPolicy({ attempts: attempts as number })).toThrow(
      `The option retry.attempts is ${seen};`,
    )
  })

  test('names the option of a bad duration', () => {
    const backoff = (part: object): Backoff => ({ type: 'fixed', ...part })
    expect(() => retryPolicy({ backoff: backoff({ delay: 'soon' }) })).toThrow('retry.backoff.delay')
    expect(() => retryPolicy({ backoff: backoff({ max: 'never' }) })).toThrow('retry.backoff.max')
  })
})

describe('backoffMs', () => {
  const policy = (over: Partial<RetryPolicy>): RetryPolicy => ({ ...retryPolicy(), ...over })
  const longest = () => 1
  const shortest = () => 0

  test('doubles with each failure, up to the longest delay', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((failures) =>
      backoffMs(policy({ maxMs: 10_000 }), failures, longest),
    )
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  })

  test('stays the same when it is fixed', () => {
    expect([1, 2, 10].map((failures) => backoffMs(policy({ type: 'fixed' }), failures, longest))).toEqual([
      1_000, 1_000, 1_000,
    ])
  })

  test('spreads over the second half of the delay, by the chance that is passed in', () => {
    expect(backoffMs(policy({}), 1, shortest)).toBe(500)
    expect(backoffMs(policy({}), 1, () => 0.5)).toBe(750)
    expect(backoffMs(policy({}), 1, longest)).toBe(1_000)
  })

  test('is a whole number of ms within its bounds, after however many failures', () => {
    const policies = fc.record({
      attempts: fc.constant(3),
      type: fc.constantFrom('exponential' as const, 'fixed' as const),
      firstMs: fc.nat(100_000),
      maxMs: fc.nat(1_000_000),
    })
    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (p, failures, chance) => {
          const ms = backoffMs(p, failures, () => chance)
          const doubled = p.firstMs === 0 ? 0 : p.firstMs * 2 ** (failures - 1)
          const nominal = Math.min(p.type === 'fixed' ? p.firstMs : doubled, p.maxMs)
          expect(Number.isInteger(ms)).toBe(true)
          expect(ms).toBeGreaterThanOrEqual(Math.floor(nominal / 2))
          expect(ms).toBeLessThanOrEqual(nominal)
        },
      ),
      { examples: [[{ attempts: 3, type: 'exponential', firstMs: 0, maxMs: 1_000 }, 2_000, 0.5]] },
    )
  })
})
