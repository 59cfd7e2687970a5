/**
 * How many jobs that do nothing does one worker process run in a second, when they wait in Redis already? Each is
 * claimed, run and settled, its result kept; ours is parsed at both ends, leased, and its notice written.
 *
 *   npm run bench -- --only process
 *
 * The first fifth warms the worker up and is not counted.
 */
import { emptied } from './kit/backlog.ts'
import { each } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { perSecond } from './kit/roles.ts'

/** More than a second and a half is enough for, but for the floor. */
const JOBS: Record<1 | 10 | 100, number> = { 1: 30_000, 10: 120_000, 100: 200_000 }

const measure = (concurrency: 1 | 10 | 100): Measure => {
  const figure = `process-c${concurrency}`
  const absent = concurrency === 10 ? { celery: 'has a pool of as many children as cores: see 100' } : {}
  return {
    figures: { [figure]: { what: `concurrency ${concurrency}`, unit: 'jobs/s', better: 'more' } },
    contestants: each(async (stage, who) => {
      const { processed } = await emptied(stage, who, {
        budget: stage.budget(JOBS[concurrency]),
        concurrency,
      })
      return { [figure]: perSecond(processed) }
    }, absent),
    isSlow: concurrency === 10,
  }
}

export const question: Question = {
  name: 'process',
  asks: 'Waiting jobs that do nothing, run in a second by one worker process.',
  measures: [measure(1), measure(10), measure(100)],
}
