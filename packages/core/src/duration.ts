import { LovageError } from './errors.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A span of time that ends: milliseconds as a number, or a number with a unit: `'250ms' '10s' '5m' '1h' '7d' '2w'`. */
export type Duration = number | `${number}${keyof typeof UNITS}`

/**
 * Milliseconds in a duration, rounded to whole ones.
 *
 * @param option The option that it was given for; the error names it.
 * @throws LovageError `OPTION_INVALID` when it is negative, not a number, without end, or in no known unit.
 */
export function durationMs(duration: Duration, option: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (ms >= 0 && Math.round(ms) <= Number.MAX_SAFE_INTEGER) return Math.round(ms)
  throw new LovageError('OPTION_INVALID', {
    option,
    seen: String(duration),
    expected: `milliseconds, or a number with one of ${Object.keys(UNITS).join(', ')}, such as '30s'`,
  })
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : Number.NaN
}
