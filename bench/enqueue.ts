/**
 * How many jobs does one producer process enqueue in a second, with no worker running: awaited one by one, by a hundred
 * callers at a time, and in bulk calls of 1,000? Ours parses each input by its schema; no peer validates anything.
 *
 *   npm run bench -- --only enqueue
 */
import { each } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { type How, perSecond } from './kit/roles.ts'

/** More than a second and a half is enough for. */
const JOBS: Record<How, number> = { one: 30_000, callers: 200_000, bulk: 400_000 }

const measure = (how: How, figure: string, what: string): Measure => {
  return {
    figures: { [figure]: { what, unit: 'jobs/s', better: 'more' } },
    contestants: each(async (stage, who) => {
      const producer = await stage.play(who, 'producer')
      const span = await producer.enqueue({ how, budget: stage.budget(JOBS[how]), isWarm: true })
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
