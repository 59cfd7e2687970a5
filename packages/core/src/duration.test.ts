import { describe, expect, test } from 'vitest'
import { type Duration, durationMs } from './duration.ts'
import { isLovageError } from './errors.ts'

describe('durationMs', () => {
  test.for<[Duration, number]>([
    [0, 0],
    [1_500, 1_500],
    ['0ms', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1.5s', 1_500],
    ['0.25h', 900_000],
  ])('%j is %d ms', ([duration, ms]) => {
    expect(durationMs(duration, 'delay')).toBe(ms)
  })

  test('rounds to whole ms', () => {
    expect(durationMs(0.4, 'delay')).toBe(0)
    expect(durationMs(1.5, 'delay')).toBe(2)
    expect(durationMs('0.0015s', 'delay')).toBe(2)
  })

  test.for([
    -1,
    -0.6,
    NaN,
    -Infinity,
    Infinity,
    2 ** 53,
    `${'9'.repeat(400)}w`,
    '',
    ' ',
    '5',
    's',
    'ms',
    '-5s',
    '+5s',
    '5 parsecs',
    '5S',
    '5sec',
    '1h30m',
    '.5s',
    '5.s',
    '1e3s',
    '0x10s',
    '٥s',
    'Infinitys',
    'NaNms',
    '5s\n',
    null,
    {},
    [],
    true,
  ])('%j is no duration, and the error says for which option', (garbage) => {
    let error: unknown
    try {
      durationMs(garbage as Duration, 'retry.backoff.delay')
    } catch (thrown) {
      error = thrown
    }
    if (!isLovageError(error, 'OPTION_INVALID')) throw new Error('It was taken for a duration.')
    expect(error.details).toMatchObject({ option: 'retry.backoff.delay', seen: `${garbage as Duration}` })
    expect(error.message).toContain('retry.backoff.delay')
    expect(error.message).toContain("'30s'")
  })
})
