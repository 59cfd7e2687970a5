/**
 * How many jobs that do nothing does one worker process run in a second, when they wait in Redis already? Each is
 * claimed, run and settled, its result kept; ours is parsed at both ends, leased, and its notice written.
 *
 *   npm run bench -- --only process
 *
 * The first fifth warms the worker up and is not counted.
 */
import { emptied } from './kit/backlog.ts'
import { each, type Name } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { perSecond } from './kit/roles.ts'

type Counts = Partial<Record<Name, number>> & { others: number }

/** A second or two for each. */
const JOBS: Record<1 | 10 | 100, Counts> = {
  1: { others: 15_000, celery: 4_000, groupmq: 2_000 },
  10: { others: 50_000, lovage: 80_000, floor: 100_000 },
  100: { others: 50_000, celery: 5_000, lovage: 120_000, floor: 150_000 },
}

const measure = (concurrency: 1 | 10 | 100): Measure => {
  const figure = `process-c${concurrency}`
  const absent = concurrency === 10 ? { celery: 'has a pool of as many children as cores: see 100' } : {}
  return {
    figures: { [figure]: { what: `concurrency ${concurrency}`, unit: 'jobs/s', better: 'more' } },
    contestants: each(async (stage, who) => {
      const { others, ...own } = JOBS[concurrency]
      const jobs = stage.jobs((own as Partial<Counts>)[who] ?? others)
      const { processed } = await emptied(stage, who, { jobs, concurrency })
      return { [figure]: perSecond(processed) }
    }, absent),
  }
}

export const question: Question = {
  name: 'process',
  asks: 'Waiting jobs that do nothing, run in a second by one worker process.',
  measures: [measure(1), measure(10), measure(100)],
}
