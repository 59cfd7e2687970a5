/** How long the feed may get, as every store is told. */
import { LovageError } from './errors.ts'

export interface StreamBounds {
  /** How many notices are kept. */
  streamMaxLen: number
  /** How many are kept at most for consumer groups that have not taken them. */
  streamCap: number
}

const DEFAULT_STREAM_MAX_LEN = 10_000
/** At a hundred notices a second, a consumer that was away for a quarter of an hour misses nothing. */
const CAP_FACTOR = 10

/** @throws LovageError `OPTION_INVALID` */
export function streamBounds(options: Partial<StreamBounds>): StreamBounds {
  const { streamMaxLen = DEFAULT_STREAM_MAX_LEN } = options
  check('streamMaxLen', streamMaxLen, 1, 'a whole number from 1')
  const { streamCap = streamMaxLen * CAP_FACTOR } = options
  check('streamCap', streamCap, streamMaxLen, `a whole number from streamMaxLen (${streamMaxLen})`)
  return { streamMaxLen, streamCap }
}

function check(option: string, seen: number, least: number, expected: string): void {
  if (Number.isInteger(seen) && seen >= least) return
  throw new LovageError('OPTION_INVALID', { option, seen: String(seen), expected })
}
