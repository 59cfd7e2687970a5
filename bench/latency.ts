/**
 * How long does a caller wait, from the call of enqueue until it holds the result? The worker is another process, with
 * ten slots. One job at a time while nothing else goes on, and many at a steady pace.
 *
 *   npm run bench -- --only latency
 *
 * What has not come within a second counts as a second. Most of an early tail is the compiler's, so 9,000 jobs warm up, or 6,000
 * and 20,000 at the pace in question: what jobs one at a time have compiled is not all that they go through. Much of a late one is
 * the host's, which gives a virtual machine's cores to others for some ms: those stretches count in which it did so least, and
 * those rounds.
 */
import { exactly } from './kit/budget.ts'
import { each } from './kit/contestants.ts'
import { quantile } from './kit/figures.ts'
import type { Figure, Measure, Question } from './kit/question.ts'
import { quieterHalf, type Watched, watched } from './kit/stolen.ts'

const CELERY_WARM = 300
/** Ten of them are above a p99. */
const LEAST = 1_000
const SECONDS = 4
/** Of which half count: so they take twice as long together. */
const STRETCHES = 10

const measure = (name: string, what: string, jobs: number, warmUp: number, pace?: number): Measure => {
  const figure = (share: string): Record<string, Figure> => {
    return { [`latency-${name}-${share}`]: { what: `${what}, ${share}`, unit: 'ms', better: 'less' } }
  }
  return {
    rounds: 5,
    isQuieterHalf: true,
    figures: { ...figure('p50'), ...figure('p99') },
    contestants: each(
      async (stage, who) => {
        const worker = await stage.play(who, 'worker')
        await worker.start({ concurrency: 10, handler: { does: 'nothing' } })
        const producer = await stage.play(who, 'producer')
        const atPace = pace !== undefined && { perSecond: pace }
        const seconds = stage.isQuick ? SECONDS / 4 : SECONDS
        const part = (whole: number): number => (2 * whole) / STRETCHES
        const budget = {
          jobs: part(stage.jobs(jobs)),
          seconds: part(seconds),
          least: part(stage.jobs(LEAST)),
        }
        const warm = stage.jobs(who === 'celery' ? CELERY_WARM : warmUp)
        await producer.latency({ warm, budget: exactly(1), ...atPace })
        const stretches: Watched<number[]>[] = []
        while (stretches.length < STRETCHES)
          stretches.push(await watched(() => producer.latency({ warm: 0, budget, ...atPace })))
        const ms = quieterHalf(stretches).flat()
        return { [`latency-${name}-p50`]: quantile(ms, 0.5), [`latency-${name}-p99`]: quantile(ms, 0.99) }
      },
      {
        groupmq: 'has no notices',
        ...(pace !== undefined && pace > 1_000 && { celery: 'is not that fast' }),
      },
    ),
  }
}

export const question: Question = {
  name: 'latency',
  asks: 'From the call of enqueue until the caller holds the result.',
  measures: [
    measure('idle', 'one at a time', 3_000, 9_000),
    measure('500', '500 a second', 2_500, 6_000, 500),
    { ...measure('5000', '5,000 a second', 12_500, 20_000, 5_000), isSlow: true },
  ],
}
