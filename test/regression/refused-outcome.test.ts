// An outcome that Redis refuses whenever it comes, since somebody has spoilt a key that it needs. It took all outcomes of its
// step with it, some of them written in part, and the worker joined anew for ever.
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { expect, onTestFinished } from 'vitest'
import { test } from '../redis/stage.ts'
import { Watcher } from '../worker/watcher.ts'

const tasks = defineTasks({
  plain: task({}),
  flaky: task({ retry: { attempts: 5, backoff: { type: 'fixed', delay: '1h' } } }),
})
const PLAIN = 6

function opened(url: string, namespace: string) {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const queue = createQueue({ tasks, redis: url, namespace })
  const worker = createWorker({
    tasks,
    redis: url,
    namespace,
    logLevel: 'silent',
    concurrency: 20,
    handlers: {
      plain: () => gate,
      async flaky() {
        await gate
        throw new Error('this once')
      },
    },
  })
  onTestFinished(async () => {
    await worker.stop({ timeout: 0 })
    await queue.close()
  })
  return { queue, worker, watcher: new Watcher(worker), open }
}

test('ends its job as failed, with the reason, and those beside it end as they did, once', async ({
  url,
  namespace,
  redis,
  key,
}) => {
  const { queue, worker, watcher, open } = opened(url, namespace)
  const plain = await queue.plain.enqueueMany(Array.from({ length: PLAIN }, () => undefined))
  const flaky = await queue.flaky.enqueue()
  await worker.start()
  await watcher.until('job.started', PLAIN + 1)
  await redis.set(key('retry'), 'not a set')
  open()
  await expect(flaky.result({ timeout: '20s' })).rejects.toMatchObject({
    code: 'JOB_FAILED',
    details: { error: { name: 'OUTCOME_REFUSED', message: expect.stringContaining('WRONGTYPE') } },
  })
  for (const job of plain) await job.result({ timeout: '20s' })
  const ends = (await redis.xrange(key('outcomes'), '-', '+')).map(([, fields]) => fields[1] as string)
  expect(ends.toSorted()).toEqual([...plain.map(({ id }) => id), flaky.id].toSorted())
  expect(watcher.all('job.lost')).toEqual([])
})

test('that cannot even be told as failed is put aside, and goes back to the line when the worker stops', async ({
  url,
  namespace,
  redis,
  key,
}) => {
  const { queue, worker, watcher, open } = opened(url, namespace)
  const flaky = await queue.flaky.enqueue()
  await worker.start()
  await watcher.until('job.started')
  await redis.mset(key('retry'), 'not a set', key('failed'), 'no sorted set')
  open()
  const { error } = await watcher.until('worker.error', 2)
  expect(String(error)).toContain('WRONGTYPE')
  // The worker works on, and does not try it any more.
  const plain = await queue.plain.enqueue()
  await plain.result({ timeout: '20s' })
  expect((await flaky.get()).state).toBe('running')
  await redis.del(key('retry'), key('failed'))
  await worker.stop()
  expect((await flaky.get()).state).toBe('queued')
})
