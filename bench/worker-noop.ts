/**
 * How many jobs that do nothing does one worker process run in a second? 50,000 jobs of 100 bytes wait in Redis; each
 * is parsed, run, and settled with its result and its notice. The log is at `warn`, as it would be at such a rate.
 *
 *   npm run bench -- worker-noop            JOBS, ROUNDS and CONCURRENCY=1,10,100 in the environment change it
 *
 * The same on BullMQ, which validates nothing. Both keep results: BullMQ each in the hash of its job, its newest
 * 10,000 events on a stream; we each as a string for 24 h, the newest 10,000 notices on a stream.
 */
import { encode, newJobId, type NewJob, defineTasks, task } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { Queue, Worker } from 'bullmq'
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
  await empty()
  return rate
}

async function bullmq(concurrency: number): Promise<Measured> {
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port) }
  const queue = new Queue('bench', { connection })
  for (let from = 0; from < JOBS; from += BATCH) {
    const jobs = Array.from({ length: Math.min(BATCH, JOBS - from) }, () => ({
      name: 'nothing',
      data: input,
    }))
    await queue.addBulk(jobs)
  }
  const worker = new Worker('bench', async () => ({ ok: true }), {
    connection: { ...connection, maxRetriesPerRequest: null },
    concurrency,
    autorun: false,
  })
  await worker.waitUntilReady()
  let left = JOBS
  const rate = await measured(async (done) => {
    worker.on('completed', () => (left -= 1) === 0 && done())
    void worker.run()
  })
  await worker.close()
  await queue.close()
  await empty()
  return rate
}

async function empty(): Promise<void> {
  const redis = new Redis(url)
  await redis.flushdb()
  await redis.quit()
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

console.log(`${JOBS} jobs, ${ROUNDS} rounds each, one after the other: the median, and every round`)
for (const concurrency of CONCURRENCIES) {
  const rounds = { lovage: [] as Measured[], bullmq: [] as Measured[] }
  for (let round = 0; round < ROUNDS; round++) {
    rounds.lovage.push(await lovage(concurrency))
    rounds.bullmq.push(await bullmq(concurrency))
  }
  for (const [name, measures] of Object.entries(rounds)) {
    const rates = measures.map(({ perSecond }) => perSecond)
    const all = rates.map((rate) => `${(rate / 1000).toFixed(1)}k`).join(' ')
    const cpuUs = median(measures.map((measure) => measure.cpuUs))
    const rate = Math.round(median(rates)).toLocaleString('en').padStart(7)
    console.log(
      `${name}  concurrency ${String(concurrency).padEnd(3)} ${rate} jobs/s ${cpuUs.toFixed(1).padStart(6)} µs CPU a job  (${all})`,
    )
  }
}
