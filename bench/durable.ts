/**
 * What does durability cost? Waiting jobs that do nothing, one worker with 100 slots, and a Redis that keeps an append-only
 * file: synced every second, and before each answer.
 *
 *   npm run bench -- --only aof
 */
import { emptied } from './kit/backlog.ts'
import { each } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { perSecond } from './kit/roles.ts'

const JOBS = 150_000
const SPARED = 'not asked'

const measure = (sync: 'everysec' | 'always', what: string): Measure => {
  const figure = `aof-${sync}`
  return {
    figures: { [figure]: { what, unit: 'jobs/s', better: 'more' } },
    contestants: each(
      async (stage, who) => {
        const { processed } = await emptied(stage, who, { budget: stage.budget(JOBS), concurrency: 100 })
        return { [figure]: perSecond(processed) }
      },
      { groupmq: SPARED, celery: SPARED },
    ),
    rounds: 2,
    isSlow: true,
    redis: ['--appendonly', 'yes', '--appendfsync', sync],
  }
}

export const question: Question = {
  name: 'durable',
  asks: 'Waiting jobs that do nothing, run in a second by one worker with 100 slots, with an append-only file.',
  measures: [measure('everysec', 'synced every second'), measure('always', 'synced before each answer')],
}
