/** One tenant has a hundred thousand jobs in line; another one enqueues one. How long does that wait? */
import { defineTasks, newJobId, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { expect, inject, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { gate } from '../worker/harness.ts'

const BACKLOG = 100_000
const CONCURRENCY = 4

const tasks = defineTasks({
  render: task({ input: z.object({ tenant: z.string(), n: z.number() }), key: ({ tenant }) => tenant }),
})

test('it waits for those that run, and for no more', async () => {
  const namespace = `fair-${newJobId()}`
  const queue = createQueue({ tasks, redis: inject('redisUrl'), namespace })
  onTestFinished(() => queue.close())
  await queue.render.enqueueMany(Array.from({ length: BACKLOG }, (_, n) => ({ tenant: 'big', n })))
  expect(await queue.counts()).toMatchObject({ queued: BACKLOG })

  let isEnqueued = false
  let before = 0
  const started = gate()
  const some = gate()
  let count = 0
  const worker = createWorker({
    tasks,
    redis: inject('redisUrl'),
    namespace,
    concurrency: CONCURRENCY,
    logLevel: 'silent',
    handlers: {
      async render({ tenant }) {
        count += 1
        if (count === 100) some.open()
        if (tenant === 'small') return started.open()
        if (isEnqueued) before += 1
        await new Promise((resolve) => setTimeout(resolve, 5))
      },
    },
  })
  onTestFinished(() => worker.stop({ timeout: 0 }))
  await worker.start()
  await some.promise
  await queue.render.enqueue({ tenant: 'small', n: 0 })
  isEnqueued = true
  await started.promise
  console.log(
    `behind ${BACKLOG} jobs of another tenant, at ${CONCURRENCY} at a time, one job waited for ${before} others: ` +
      `${(before / CONCURRENCY).toFixed(2)} times the time of one job`,
  )
  // Two rounds at most: the claims that were under way, and those that were asked for in the same moment.
  expect(before).toBeLessThanOrEqual(2 * CONCURRENCY)
})
