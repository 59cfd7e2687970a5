/**
 * Unix ms as text. A number of more than 31 bits is made text by V8's runtime, which takes a lone job's worker 4.5 µs where
 * its caches are cold; the seconds of two jobs are mostly the same.
 */
import { bySize } from './by-size.ts'

const SECOND_MS = 1_000

export function msText(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS)
  if (seconds !== lastSeconds) {
    lastSeconds = seconds
    lastText = `${seconds}`
  }
  const rest = ms - seconds * SECOND_MS
  return seconds > 0 && Number.isInteger(ms) ? lastText + threeDigits(rest) : `${ms}`
}

let lastSeconds: number | undefined
let lastText = ''

const threeDigits = bySize((rest) => `${rest}`.padStart(3, '0'))
