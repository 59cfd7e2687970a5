// When delayed jobs are due on Redis.
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { expect } from 'vitest'
import { test } from './stage.ts'

const tasks = defineTasks({ report: task({}) })

test('jobs with a moment are due at that moment, however long it takes to enqueue them all', async ({
  url,
  namespace,
  redis,
  key,
}) => {
  const queue = createQueue({ tasks, redis: url, namespace })
  const runAt = new Date(Date.now() + 60_000)
  await queue.report.enqueueMany(
    Array.from({ length: 2_000 }, () => undefined),
    { runAt },
  )
  expect(await redis.zcount(key('later'), runAt.getTime(), runAt.getTime())).toBe(2_000)
  await queue.close()
})
