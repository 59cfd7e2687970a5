import { describe, expect, test, vi } from 'vitest'
import { Discard, isDiscard, isRetry, Retry } from './signals.ts'

describe('Retry', () => {
  test('says when, in ms, and why', () => {
    expect(new Retry({ delay: '30s', reason: '429' })).toMatchObject({
      name: 'Retry',
      delayMs: 30_000,
      message: '429',
    })
  })

  test('leaves the delay to the policy when it has none', () => {
    expect(new Retry().delayMs).toBeUndefined()
    expect(new Retry().message).not.toBe('')
  })

  test('refuses a delay that is none', () => {
    expect(() => new Retry({ delay: 'soon' as '1s' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})

describe('isRetry and isDiscard', () => {
  test('tell the two from each other and from any other error', () => {
    const errors = [new Retry(), new Discard('no'), new Error('no')]
    expect(errors.map(isRetry)).toEqual([true, false, false])
    expect(errors.map(isDiscard)).toEqual([false, true, false])
    expect([isRetry({ name: 'Retry' }), isDiscard(null)]).toEqual([false, false])
  })

  test('know those of another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('./signals.ts')
    expect(new Retry()).not.toBeInstanceOf(copy.Retry)
    expect([copy.isRetry(new Retry()), copy.isDiscard(new Discard('no'))]).toEqual([true, true])
  })
})
