/**
 * How long does a caller wait, from the call of enqueue until it holds the result? The worker is another process, with
 * ten slots. One job at a time while nothing else goes on, and many at a steady pace.
 *
 *   npm run bench -- --only latency
 *
 * What has not come within a second counts as a second. Most of an early tail is the compiler's, so 3,000 jobs warm up, and
 * at a pace 6,000 at that pace: what jobs one at a time have compiled is not all that they go through.
 */
import { each } from './kit/contestants.ts'
import { quantile } from './kit/figures.ts'
import type { Figure, Measure, Question } from './kit/question.ts'

const WARM = 3_000
const WARM_AT_PACE = 6_000
const CELERY_WARM = 300
/** Ten of them are above a p99. */
const LEAST = 1_000

const measure = (name: string, what: string, jobs: number, pace?: number): Measure => {
  const figure = (share: string): Record<string, Figure> => {
    return { [`latency-${name}-${share}`]: { what: `${what}, ${share}`, unit: 'ms', better: 'less' } }
  }
  return {
    figures: { ...figure('p50'), ...figure('p99') },
    contestants: each(
      async (stage, who) => {
        const worker = await stage.play(who, 'worker')
        await worker.start({ concurrency: 10, handler: { does: 'nothing' } })
        const producer = await stage.play(who, 'producer')
        const options = {
          warm: stage.jobs(who === 'celery' ? CELERY_WARM : pace === undefined ? WARM : WARM_AT_PACE),
          budget: { jobs: stage.jobs(jobs), seconds: stage.isQuick ? 1 : 4, least: stage.jobs(LEAST) },
          ...(pace !== undefined && { perSecond: pace }),
        }
        const ms = await producer.latency(options)
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
    measure('idle', 'one at a time', 3_000),
    measure('500', '500 a second', 2_500, 500),
    { ...measure('5000', '5,000 a second', 12_500, 5_000), isSlow: true },
  ],
}
