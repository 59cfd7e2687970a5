/**
 * What does a job cost? 50,000 of them, or as many as three seconds are enough for, are enqueued in bulk and run by one worker process with 100 slots.
 *
 *   npm run bench -- --only bytes,redis-cpu,worker-cpu,commands
 *
 * Bytes are what Redis says it holds, once nobody is connected. Streams of notices are bounded for all who have one (at
 * about 10,000), so they are not counted. The CPU of Redis is that of the whole life, enqueue included; the worker's is
 * taken while it runs, once it is warm. Commands are what clients send, counted by MONITOR; what runs inside of a script
 * is not among them.
 */
import { emptied } from './kit/backlog.ts'
import { each, type Name } from './kit/contestants.ts'
import type { Question } from './kit/question.ts'
import { exactly } from './kit/budget.ts'
import type { Stage } from './kit/stage.ts'

/** Many, or what a server holds anyway would count. */
const JOBS = 50_000
const LEAST = 3_000
const SECONDS = 3
const COUNTED_JOBS = 2_000
const PER = 10_000

async function life(stage: Stage, who: Name): Promise<Record<string, number>> {
  const budget = {
    jobs: stage.isQuick ? JOBS / 2 : JOBS,
    seconds: stage.isQuick ? SECONDS / 3 : SECONDS,
    least: LEAST,
  }
  const empty = await stage.redisBytes()
  const cpuBefore = await stage.redisCpu()
  let waiting = Number.NaN
  let cpuSpared = 0
  const {
    processed,
    enqueued: { jobs },
  } = await emptied(stage, who, {
    budget,
    run: 'all',
    concurrency: 100,
    async whileWaiting(jobs) {
      const from = await stage.redisCpu()
      waiting = ((await stage.redisBytes()) - empty) / jobs
      cpuSpared = (await stage.redisCpu()) - from
    },
  })
  const cpu = (await stage.redisCpu()) - cpuBefore - cpuSpared
  const finished = ((await stage.redisBytes()) - (await stage.streamBytes()) - empty) / jobs
  return {
    'bytes-waiting': waiting,
    'bytes-finished': finished,
    'redis-cpu': (cpu / jobs) * PER,
    'worker-cpu': (processed.cpuSeconds / processed.jobs) * PER,
  }
}

async function commands(stage: Stage, who: Name): Promise<Record<string, number>> {
  const jobs = stage.jobs(COUNTED_JOBS)
  const sent = await stage.countCommands(() =>
    emptied(stage, who, { budget: exactly(jobs), concurrency: 100 }),
  )
  return { 'commands-backlog': sent / jobs }
}

export const question: Question = {
  name: 'cost',
  asks: 'What a job of 100 bytes costs that does nothing, in bulk and with 100 slots.',
  measures: [
    {
      figures: {
        'bytes-waiting': { what: 'Redis memory, waiting', unit: 'bytes', better: 'less' },
        'bytes-finished': { what: 'Redis memory, ended and kept', unit: 'bytes', better: 'less' },
        'redis-cpu': { what: 'CPU of Redis, whole life', unit: 's/10k jobs', better: 'less' },
        'worker-cpu': { what: 'CPU of the worker', unit: 's/10k jobs', better: 'less' },
      },
      contestants: each(life),
      rounds: 2,
    },
    {
      figures: { 'commands-backlog': { what: 'commands sent, whole life', unit: 'a job', better: 'less' } },
      contestants: each(commands),
      rounds: 1,
      isSlow: true,
    },
  ],
}
