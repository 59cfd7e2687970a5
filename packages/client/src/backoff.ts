/** Delays between attempts to connect. */

const FIRST_MS = 500
/** A server that is back is found within half a minute. */
const MAX_MS = 30_000

/**
 * How long to wait before an attempt, the first being 0: anything between nothing and a bound that doubles. The whole
 * span is drawn from, so that clients who lost one server together do not come back together.
 */
export const reconnectMs = (attempt: number, random: () => number): number =>
  random() * Math.min(FIRST_MS * 2 ** attempt, MAX_MS)
