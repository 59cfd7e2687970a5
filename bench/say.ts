/**
 * What do words cost? On Redis: a call that writes the progress of 100 running jobs, against one that writes what they
 * said since the last, as lines or as text; and what a job that talked leaves behind. In the worker: a line.
 *
 *   npm run bench -- say                    ROUNDS in the environment changes it
 *
 * The time of Redis is its own: INFO commandstats, usec_per_call of EVALSHA.
 */
import { encode, newJobId, type Claimed, type SaidPart } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'

const ROUNDS = Number(process.env['ROUNDS'] ?? 200)
const JOBS = 100
const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'

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

const redis = new Redis(url)
const namespace = `bench-${newJobId()}`
const store = createRedisStore({ url, namespace })
try {
  await store.join({ session: 's', leaseMs: 3_600_000 })
  const ids = Array.from({ length: JOBS }, () => newJobId())
  const common = { task: 'talk', owner: null, input: encode(1), options: {}, delayMs: 0, announce: false }
  await store.enqueue(ids.map((id) => ({ ...common, id })))
  const { claimed } = await store.step({ session: 's', settle: [], claim: JOBS, queues: ['default'] })

  const perJob = async (
    call: (job: readonly Claimed[], round: number) => Promise<unknown>,
  ): Promise<number> => {
    await call(claimed, 0)
    await redis.call('CONFIG', 'RESETSTAT')
    for (let round = 1; round <= ROUNDS; round++) await call(claimed, round)
    const stats = await redis.info('commandstats')
    return Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(stats)?.[1]) / JOBS
  }
  const told = (name: string, us: number): void => console.log(`${name.padEnd(36)} ${us.toFixed(2)} µs a job`)

  told(
    'progress',
    await perJob((jobs) =>
      store.progress(
        's',
        jobs.map((job) => ({ ...job, data: encode(7) })),
      ),
    ),
  )
  const say = (part: (round: number) => SaidPart) => (jobs: readonly Claimed[], round: number) =>
    store.say(
      's',
      jobs.map((job) => ({ ...job, parts: [part(round)], keepMs: 60_000 })),
    )
  told('one line', await perJob(say((round) => lines(round, 1))))
  const bytes = Number(await redis.call('MEMORY', 'USAGE', `{${namespace}:default}:said:${ids[0]}`))
  console.log(`${ROUNDS + 1} lines of ${JSON.stringify(line).length} bytes, kept in ${bytes} bytes`)
  told('a piece of text', await perJob(say(text)))
} finally {
  const keys = await redis.keys(`{${namespace}:*`)
  if (keys.length > 0) await redis.del(keys)
  await store.close()
  redis.disconnect()
}
