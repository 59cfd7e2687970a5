/**
 * How many jobs that do nothing does one worker process run in a second? 50,000 jobs of 100 bytes wait in Redis; the
 * worker parses, runs, and settles each with its notice. The log is at `warn`, as it would be at this rate.
 *
 *   npm run bench -- worker-noop
 *
 * With BULLMQ=1 the same on BullMQ, whose jobs keep neither a notice for followers nor a result beyond the last 1,000.
 */
import { encode, newJobId, type NewJob, defineTasks, task } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { Redis } from 'ioredis'
import { z } from 'zod'

const JOBS = Number(process.env['JOBS'] ?? 50_000)
const CONCURRENCIES = (process.env['CONCURRENCY'] ?? '1,10,100').split(',').map(Number)
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const BATCH = 500

const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const input = { text: 'x'.repeat(87) } // 100 bytes as JSON

const tasks = defineTasks({
  nothing: task({ input: z.object({ text: z.string() }), output: z.object({ ok: z.boolean() }) }),
})

interface Measured {
  perSecond: number
  /** CPU of this process, in µs for each job. */
  cpuUs: number
}

/** Runs until `done` resolves and answers at what rate. */
async function measured(run: (done: () => void) => Promise<void>): Promise<Measured> {
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  const cpu = process.cpuUsage()
  const from = performance.now()
  await run(finish)
  await finished
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: JOBS / seconds, cpuUs: (user + system) / JOBS }
}

async function lovage(concurrency: number): Promise<Measured> {
  const namespace = `bench-${newJobId()}`
  const store = createRedisStore({ url, namespace })
  const encoded = encode(input)
  for (let from = 0; from < JOBS; from += BATCH) {
    const jobs = Array.from({ length: Math.min(BATCH, JOBS - from) }, (): NewJob => ({
      id: newJobId(),
      task: 'nothing',
      owner: null,
      input: encoded,
      options: {},
      delayMs: 0,
      announce: false,
    }))
    await store.enqueue(jobs)
  }
  const worker = createWorker({
    tasks,
    redis: url,
    namespace,
    concurrency,
    logLevel: 'warn',
    handlers: { nothing: () => ({ ok: true }) },
  })
  let left = JOBS
  const rate = await measured((done) => {
    worker.on('job.succeeded', () => (left -= 1) === 0 && done())
    return worker.start()
  })
  await worker.stop()
  const counts = await store.counts()
  if (counts.queued + counts.running > 0) throw new Error(`${counts.queued + counts.running} jobs are left.`)
  await store.close()
  await empty(url)
  return rate
}

async function empty(address: string): Promise<void> {
  const redis = new Redis(address)
  await redis.flushdb()
  await redis.quit()
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

console.log(`${JOBS} jobs, ${ROUNDS} rounds each; the median, and all rounds`)
for (const concurrency of CONCURRENCIES) {
  const rounds: Measured[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await lovage(concurrency))
  const rates = rounds.map(({ perSecond }) => perSecond)
  const cpu = median(rounds.map(({ cpuUs }) => cpuUs))
  console.log(
    `lovage  concurrency ${String(concurrency).padStart(3)}  ${Math.round(median(rates)).toLocaleString('en').padStart(8)} jobs/s` +
      `  ${cpu.toFixed(1)} µs CPU a job  (${rates.map((rate) => `${(rate / 1000).toFixed(1)}k`).join(' ')})`,
  )
}
