/**
 * How many jobs does one producer process enqueue in a second, with no worker running: awaited one by one, by a hundred
 * callers at a time, and in bulk calls of 1,000?
 *
 *   npm run bench -- enqueue            ROUNDS in the environment changes it
 *
 * The same on BullMQ. Ours parses each input by its schema; BullMQ validates nothing.
 */
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { Queue } from 'bullmq'
import { z } from 'zod'
import { connection, input, inTurn, line, median, ratio, url } from './kit/rounds.ts'

const tasks = defineTasks({ nothing: task({ input: z.object({ text: z.string() }) }) })

const KINDS = { 'one by one': 5_000, '100 callers': 30_000, 'bulk of 1,000': 50_000 } as const
type Kind = keyof typeof KINDS

interface Producer {
  one(): Promise<unknown>
  many(count: number): Promise<unknown>
}

async function rate(kind: Kind, { one, many }: Producer): Promise<number> {
  const jobs = KINDS[kind]
  for (let i = 0; i < 500; i++) await one() // warm
  const from = performance.now()
  if (kind === 'one by one') for (let i = 0; i < jobs; i++) await one()
  else if (kind === 'bulk of 1,000') for (let i = 0; i < jobs; i += 1_000) await many(1_000)
  else {
    let left = jobs
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        while (left-- > 0) await one()
      }),
    )
  }
  return jobs / ((performance.now() - from) / 1_000)
}

async function lovage(kind: Kind): Promise<number> {
  const queue = createQueue({ tasks, redis: url })
  const perSecond = await rate(kind, {
    one: () => queue.nothing.enqueue(input),
    many: (count) => queue.nothing.enqueueMany(Array.from({ length: count }, () => input)),
  })
  await queue.close()
  return perSecond
}

async function bullmq(kind: Kind): Promise<number> {
  const queue = new Queue('bench', { connection: connection() })
  const perSecond = await rate(kind, {
    one: () => queue.add('nothing', input),
    many: (count) => queue.addBulk(Array.from({ length: count }, () => ({ name: 'nothing', data: input }))),
  })
  await queue.close()
  return perSecond
}

for (const kind of Object.keys(KINDS) as Kind[]) {
  const rates = await inTurn({ lovage: () => lovage(kind), bullmq: () => bullmq(kind) })
  for (const [name, rounds] of Object.entries(rates)) {
    console.log(
      line(`enqueue ${kind}`, name, `${Math.round(median(rounds)).toLocaleString('en')} jobs/s`, rounds),
    )
  }
  console.log(`${' '.repeat(25)}${ratio(median(rates.lovage), median(rates.bullmq))}`)
}
