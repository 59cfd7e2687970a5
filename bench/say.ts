/**
 * What do words cost? On Redis: a call that writes the progress of 100 running jobs, against one that writes what they
 * said since the last, as lines or as text; and what a job that talked leaves behind. In the worker: a line.
 *
 *   npm run bench -- --only say
 *
 * The time of Redis is its own: INFO commandstats, usec_per_call of EVALSHA.
 */
import { encode, newJobId, type Claimed, type SaidPart } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import type { Question } from './kit/question.ts'
import type { Stage } from './kit/stage.ts'

const ROUNDS = 200
const JOBS = 100

const line = {
  at: Date.now(),
  level: 'info',
  message: 'scored the next hundred sentences',
  fields: { ms: 12 },
}
const lines = (round: number, count: number): SaidPart => ({
  type: 'log',
  first: 1 + round * count,
  count,
  dropped: 0,
  data: encode(Array.from({ length: count }, () => line)),
})
const words = 'and then the next few tokens '
const text = (round: number): SaidPart => ({
  type: 'chunk',
  first: round * words.length,
  count: words.length,
  dropped: 0,
  data: encode(words),
})

async function cost({ url, redis }: Stage): Promise<Record<string, number>> {
  const namespace = `bench-${newJobId()}`
  const store = createRedisStore({ url, namespace })
  await store.join({ session: 's', leaseMs: 3_600_000 })
  const ids = Array.from({ length: JOBS }, () => newJobId())
  const common = { task: 'talk', owner: null, input: encode(1), options: {}, delayMs: 0, announce: false }
  await store.enqueue(ids.map((id) => ({ ...common, id })))
  const { claimed } = await store.step({ session: 's', settle: [], claim: JOBS, queues: ['default'] })

  const perJob = async (
    call: (jobs: readonly Claimed[], round: number) => Promise<unknown>,
  ): Promise<number> => {
    await call(claimed, 0)
    await redis.call('CONFIG', 'RESETSTAT')
    for (let round = 1; round <= ROUNDS; round++) await call(claimed, round)
    const stats = await redis.info('commandstats')
    return Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(stats)?.[1]) / JOBS
  }
  const say = (part: (round: number) => SaidPart) => (jobs: readonly Claimed[], round: number) =>
    store.say(
      's',
      jobs.map((job) => ({ ...job, parts: [part(round)], keepMs: 60_000 })),
    )
  const progress = await perJob((jobs) =>
    store.progress(
      's',
      jobs.map((job) => ({ ...job, data: encode(7) })),
    ),
  )
  const lineMicros = await perJob(say((round) => lines(round, 1)))
  const bytes = Number(await redis.call('MEMORY', 'USAGE', `{${namespace}:default}:said:${ids[0]}`))
  const textMicros = await perJob(say(text))
  await store.close()
  return {
    'say-progress': progress,
    'say-line': lineMicros,
    'say-text': textMicros,
    'say-bytes': bytes / (ROUNDS + 1),
  }
}

export const question: Question = {
  name: 'say',
  asks: 'What words cost Redis, where 100 running jobs each say something in one call.',
  measures: [
    {
      figures: {
        'say-progress': { what: 'progress', unit: 'µs a job', better: 'less' },
        'say-line': { what: 'a line of the log', unit: 'µs a job', better: 'less' },
        'say-text': { what: 'a piece of text', unit: 'µs a job', better: 'less' },
        'say-bytes': { what: 'a line that is kept', unit: 'bytes', better: 'less' },
      },
      contestants: { lovage: cost },
      isSlow: true,
    },
  ],
}
