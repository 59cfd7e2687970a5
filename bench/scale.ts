/**
 * Does the cost of a job stay the same when there is more of something: larger payloads, handlers that wait, queues; and,
 * as a question of its own since it takes longer, worker processes and waiting jobs?
 *
 *   npm run bench -- --only scale,many        or --only payload, await, queues, workers, waiting
 *
 * All with 100 slots a worker, but for many workers, which have ten each.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { emptied } from './kit/backlog.ts'
import { each, type Name } from './kit/contestants.ts'
import type { Measure, Question } from './kit/question.ts'
import { exactly } from './kit/budget.ts'
import { perSecond } from './kit/roles.ts'
import type { Stage } from './kit/stage.ts'

const SPARED = 'not asked'
const FEW = { groupmq: SPARED, celery: SPARED }
const PER = 10_000

const payload = (name: string, bytes: number, jobs: number): Measure => {
  const figures = [`payload-${name}`, `payload-${name}-enqueue`] as const
  return {
    figures: {
      [figures[0]]: { what: `payloads of ${name.toUpperCase()}B, run`, unit: 'jobs/s', better: 'more' },
      [figures[1]]: { what: `payloads of ${name.toUpperCase()}B, enqueued`, unit: 'jobs/s', better: 'more' },
    },
    contestants: each(async (stage, who) => {
      const { enqueued, processed } = await emptied(stage, who, {
        budget: stage.budget(jobs),
        concurrency: 100,
        bytes,
      })
      return { [figures[0]]: perSecond(processed), [figures[1]]: perSecond(enqueued) }
    }, FEW),
    rounds: 2,
  }
}

const awaiting: Measure = {
  figures: { 'await-1ms': { what: 'handlers that await 1 ms', unit: 'jobs/s', better: 'more' } },
  contestants: each(
    async (stage, who) => {
      const handler = { does: 'wait', ms: 1 } as const
      const { processed } = await emptied(stage, who, {
        budget: stage.budget(60_000),
        concurrency: 100,
        handler,
      })
      return { 'await-1ms': perSecond(processed) }
    },
    { celery: SPARED },
  ),
  rounds: 2,
}

const POLL_MS = 50
/** Jobs of each worker that are not counted: most of an early one's time is the compiler's. */
const WARM_UP = 100

/** What workers start beside their loop, ours a thread that keeps the lease, is no part of a rate either. */
const SETTLE_MS = 3_000

/** All of them idle when the jobs come. */
async function crowd(stage: Stage, who: Name, workers: number): Promise<Record<string, number>> {
  const producer = await stage.play(who, 'producer')
  const crowd = await Promise.all(Array.from({ length: workers }, () => stage.play(who, 'worker')))
  await Promise.all(crowd.map((one) => one.start({ concurrency: 10, handler: { does: 'nothing' } })))
  const ended = async (jobs: number): Promise<void> => {
    for (let done = 0; done < jobs; await pause(POLL_MS)) {
      const counts = await Promise.all(crowd.map((one) => one.ended()))
      done = counts.reduce((sum, count) => sum + count, 0)
    }
  }
  const warmUp = WARM_UP * workers
  await producer.enqueue({ how: 'bulk', budget: exactly(warmUp) })
  await ended(warmUp)
  await pause(SETTLE_MS)
  const cpuBefore = await stage.redisCpu()
  const from = performance.now()
  const { jobs } = await producer.enqueue({ how: 'bulk', budget: stage.budget(50_000) })
  await ended(warmUp + jobs)
  const seconds = (performance.now() - from) / 1_000
  const cpu = (await stage.redisCpu()) - cpuBefore
  return { [`workers-${workers}`]: jobs / seconds, [`workers-${workers}-cpu`]: (cpu / jobs) * PER }
}

const workers = (count: number): Measure => {
  const what = count === 1 ? '1 worker process' : `${count} worker processes`
  return {
    figures: {
      [`workers-${count}`]: { what: `${what}, enqueued in bulk and run`, unit: 'jobs/s', better: 'more' },
      [`workers-${count}-cpu`]: { what: `${what}, CPU of Redis`, unit: 's/10k jobs', better: 'less' },
    },
    contestants: each((stage, who) => crowd(stage, who, count), { ...FEW, floor: SPARED }),
    rounds: 1,
    limitMs: 150_000,
  }
}

const waiting = (name: string, jobs: number): Measure => {
  return {
    figures: {
      [`waiting-${name}`]: {
        what: `${name.toUpperCase()} waiting: the first 50K run`,
        unit: 'jobs/s',
        better: 'more',
      },
      [`waiting-${name}-bytes`]: {
        what: `${name.toUpperCase()} waiting: Redis memory`,
        unit: 'bytes a job',
        better: 'less',
      },
    },
    contestants: each(
      async (stage, who) => {
        const empty = await stage.redisBytes()
        const count = stage.jobs(jobs)
        let bytes = Number.NaN
        const { processed } = await emptied(stage, who, {
          budget: exactly(count),
          run: Math.min(count, stage.jobs(50_000)),
          concurrency: 100,
          async whileWaiting() {
            bytes = ((await stage.redisBytes()) - empty) / count
          },
        })
        return { [`waiting-${name}`]: perSecond(processed), [`waiting-${name}-bytes`]: bytes }
      },
      { ...FEW, 'bee-queue': SPARED, floor: SPARED },
    ),
    rounds: 1,
    limitMs: 150_000,
  }
}

const queues = (count: number): Measure => {
  const figure = `queues-${count}`
  const what = count === 1 ? '1 queue' : `${count.toLocaleString('en')} queues, one worker for all`
  return {
    figures: { [figure]: { what, unit: 'jobs/s', better: 'more' } },
    contestants: {
      async lovage(stage) {
        const budget = stage.budget(80_000)
        const { processed } = await emptied(stage, 'lovage', { budget, concurrency: 100, queues: count })
        return { [figure]: perSecond(processed) }
      },
      bullmq: 'needs a worker with two connections for each queue',
    },
    rounds: 2,
  }
}

const measures = (...all: Measure[]): Measure[] => all.map((measure) => ({ ...measure, isSlow: true }))

export const question: Question = {
  name: 'scale',
  asks: 'Whether a job costs the same when there is more of something.',
  measures: measures(
    payload('10k', 10_000, 5_000),
    payload('100k', 100_000, 1_000),
    awaiting,
    ...[10, 1_000].map(queues),
  ),
}

export const many: Question = {
  name: 'many',
  asks: 'Whether a job costs the same when there are many workers, or many jobs.',
  measures: measures(...[1, 5, 50].map(workers), waiting('100k', 100_000), waiting('1m', 1_000_000)),
}
