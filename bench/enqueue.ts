/**
 * How many jobs does one producer process enqueue in a second, with no worker running: awaited one by one, by a hundred
 * callers at a time, and in bulk calls of 1,000? Ours parses each input by its schema; no peer validates anything.
 *
 *   npm run bench -- --only enqueue
 */
import { each, type Name } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { type How, perSecond } from './kit/roles.ts'

/** About a second for most; Celery, which has no bulk call, is spared the largest. */
const JOBS: Record<How, { jobs: number; celery: number }> = {
  one: { jobs: 12_000, celery: 4_000 },
  callers: { jobs: 100_000, celery: 3_000 },
  bulk: { jobs: 150_000, celery: 4_000 },
}
const WARM: Record<How, number> = { one: 2_000, callers: 20_000, bulk: 20_000 }

const measure = (how: How, figure: string, what: string): Measure => {
  return {
    figures: { [figure]: { what, unit: 'jobs/s', better: 'more' } },
    contestants: each(async (stage, who: Name) => {
      const producer = await stage.play(who, 'producer')
      const { jobs, celery } = JOBS[how]
      const count = who === 'celery' ? celery : jobs
      const warm = who === 'celery' ? 500 : WARM[how]
      const span = await producer.enqueue({ how, warm: stage.jobs(warm), jobs: stage.jobs(count) })
      return { [figure]: perSecond(span) }
    }),
  }
}

export const question: Question = {
  name: 'enqueue',
  asks: 'Jobs enqueued in a second by one producer process, with no worker running.',
  measures: [
    measure('one', 'enqueue-1', 'awaited one by one'),
    measure('callers', 'enqueue-100', '100 callers at a time'),
    measure('bulk', 'enqueue-bulk', 'bulk calls of 1,000'),
  ],
}
