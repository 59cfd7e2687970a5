/**
 * How long from the call of enqueue until the caller holds the result, when nothing else is going on? One job at a
 * time, producer and worker in two processes' worth of connections in one process, so that no clock is compared.
 *
 *   npm run bench -- latency            ROUNDS in the environment changes it
 *
 * BullMQ: `job.waitUntilFinished(queueEvents)`.
 */
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { Queue, QueueEvents, Worker } from 'bullmq'
import { z } from 'zod'
import { connection, input, inTurn, line, median, quantile, url } from './kit/rounds.ts'

const WARM = 1_000 // most of an early tail is the compiler's
const JOBS = 2_000

const tasks = defineTasks({
  nothing: task({ input: z.object({ text: z.string() }), output: z.object({ ok: z.boolean() }) }),
})

interface Latency {
  p50: number
  p99: number
}

async function latency(once: () => Promise<unknown>): Promise<Latency> {
  for (let i = 0; i < WARM; i++) await once()
  const ms: number[] = []
  for (let i = 0; i < JOBS; i++) {
    const from = performance.now()
    await once()
    ms.push(performance.now() - from)
  }
  return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) }
}

async function lovage(): Promise<Latency> {
  const queue = createQueue({ tasks, redis: url })
  const worker = createWorker({
    tasks,
    redis: url,
    logLevel: 'silent',
    handlers: { nothing: () => ({ ok: true }) },
  })
  await worker.start()
  const measured = await latency(async () => (await queue.nothing.enqueue(input)).result())
  await worker.stop()
  await queue.close()
  return measured
}

async function bullmq(): Promise<Latency> {
  const queue = new Queue('bench', { connection: connection() })
  const events = new QueueEvents('bench', { connection: connection() })
  const worker = new Worker('bench', async () => ({ ok: true }), {
    connection: connection(),
    concurrency: 10,
  })
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()])
  const measured = await latency(async () => (await queue.add('nothing', input)).waitUntilFinished(events))
  await worker.close()
  await events.close()
  await queue.close()
  return measured
}

const measures = await inTurn({ lovage, bullmq })
for (const share of ['p50', 'p99'] as const) {
  for (const [name, rounds] of Object.entries(measures)) {
    const ms = rounds.map((round) => round[share])
    console.log(line(`enqueue to result, ${share}`, name, `${median(ms).toFixed(3)} ms`, ms, 3))
  }
  const [ours, theirs] = [measures.lovage, measures.bullmq].map((rounds) =>
    median(rounds.map((round) => round[share])),
  )
  console.log(
    `${' '.repeat(25)}lovage/bullmq ${((ours as number) / (theirs as number)).toFixed(2)} (below 1 we are faster)`,
  )
}
