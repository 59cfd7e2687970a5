/** How much a store keeps of what is over. */
import { LovageError } from './errors.ts'
import { type StreamBounds, streamBounds } from './stream-bounds.ts'

export interface RetentionOptions {
  /** How many notices are kept; on Redis about, since it trims whole nodes of 100. Default 10,000. */
  streamMaxLen?: number
  /** How many notices are kept at most for consumer groups that have not taken them. Default ten times `streamMaxLen`. */
  streamCap?: number
  /** Outcomes are dropped when their time is over (`resultTtl`), or when `max` jobs have ended after them. Default
   * 1,000,000; on Redis about 300 bytes each, their results beside. `Infinity`: by their time alone. */
  results?: { max?: number }
  /** How many failed jobs are kept for a retry, and for how long, in ms. Default 10,000, and 7 days. With `max: 0` none
   * are. */
  failed?: { max?: number; maxAgeMs?: number }
}

export interface Retention extends StreamBounds {
  /** Infinity: no bound. */
  resultsMax: number
  failedMax: number
  failedMaxAgeMs: number
}

const WEEK_MS = 604_800_000

/** @throws LovageError `OPTION_INVALID` */
export function retentionOf({ results, failed, ...stream }: RetentionOptions): Retention {
  const { max: resultsMax = 1_000_000 } = results ?? {}
  const { max: failedMax = 10_000, maxAgeMs: failedMaxAgeMs = WEEK_MS } = failed ?? {}
  if (resultsMax !== Infinity) mustBeWhole('results.max', resultsMax, 1)
  mustBeWhole('failed.max', failedMax, 0)
  mustBeWhole('failed.maxAgeMs', failedMaxAgeMs, 1)
  return { ...streamBounds(stream), resultsMax, failedMax, failedMaxAgeMs }
}

function mustBeWhole(option: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return
  const expected = `a whole number from ${least}`
  throw new LovageError('OPTION_INVALID', { option, seen: String(value), expected })
}
