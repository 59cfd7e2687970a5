/**
 * How dear it is to write to a socket and to be woken by another, on this machine and today: most of what one job costs
 * that travels alone, and it differs between machines by more than all else.
 */
import { quantile } from './figures.ts'
import { Stage, type StartRedis } from './stage.ts'

const WARM = 1_000
const PINGS = 3_000

/** µs from a `PING` until its answer, one at a time; the median. */
export function pingUs(startRedis: StartRedis): Promise<number> {
  return Stage.with(startRedis, { isQuick: false }, async ({ redis }) => {
    const took: number[] = []
    for (let n = 0; n < WARM + PINGS; n++) {
      const from = performance.now()
      await redis.ping()
      took.push((performance.now() - from) * 1_000)
    }
    return Math.round(quantile(took.slice(WARM), 0.5))
  })
}
