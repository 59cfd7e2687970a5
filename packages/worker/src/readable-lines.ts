/** Log lines for a terminal: time, level, sentence, and the stack of an error below it. */
import { harmless } from '@lovage/core/harmless'
import type { DestinationStream } from 'pino'

const LEVELS: { readonly [level: number]: string } = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
const COLOURS: { readonly [level: number]: number } = { 40: 33, 50: 31, 60: 31 }

/**
 * Turns pino's JSON lines into readable ones; whatever is no such line passes as it is.
 *
 * @param isColourful Default: unless `NO_COLOR` is set (no-color.org).
 */
export function readableLines(
  out: { write(text: string): unknown },
  isColourful = !process.env['NO_COLOR'],
): DestinationStream {
  return { write: (line) => void out.write(readable(line, isColourful)) }
}

function readable(line: string, isColourful: boolean): string {
  let record: Line
  try {
    record = JSON.parse(line) as Line
  } catch {
    return line
  }
  const { time, level, msg = '', err, error } = record
  const clock = new Date(time).toTimeString().slice(0, 8)
  const word = (LEVELS[level] ?? String(level)).padEnd(5)
  const colour = isColourful ? COLOURS[level] : undefined
  const stack = err?.stack ?? error?.stack
  const below = stack === undefined ? '' : `${harmless(stack).replace(/^/gm, '    ')}\n`
  const sentence = harmless(msg).replaceAll('\n', '\\n')
  return `${clock} ${colour === undefined ? word : `\u001b[${colour}m${word}\u001b[0m`} ${sentence}\n${below}`
}

interface Line {
  time: number
  level: number
  msg?: string
  err?: { stack?: string }
  error?: { stack?: string }
}
