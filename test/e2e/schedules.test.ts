/** Ten worker processes and one clock: each tick is one job, whichever of them is there. */
import { newJobId } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { expect, inject, onTestFinished, test } from 'vitest'
import { tasks } from './fixtures/ticks.ts'
import { Fixture } from './processes.ts'

const WORKERS = 10
const KILLED = 3

test('ten workers, of which some are killed, make one job of each tick and one schedule of what all declare', async () => {
  const redis = inject('redisUrl')
  const namespace = `ticks-${newJobId()}`
  const queue = createQueue({ tasks, redis, namespace })
  onTestFinished(() => queue.close())
  await queue.schedules.add('tick', queue.tick.call(), { every: '1s', missed: 'all', overlap: 'allow' })
  const [schedule] = await queue.schedules.list()
  const first = schedule!.nextAt

  const workers = Array.from(
    { length: WORKERS },
    () => new Fixture('ticker', { REDIS_URL: redis, NAMESPACE: namespace }),
  )
  onTestFinished(async () => void (await Promise.all(workers.map((worker) => worker.end('SIGKILL')))))
  await Promise.all(workers.map((worker) => worker.line('joined')))
  let ended = 0
  for await (const { type } of queue.tick.notices({ from: 'start', types: ['succeeded'] })) {
    if (type !== 'succeeded') continue
    ended += 1
    if (ended === 4) await Promise.all(workers.slice(0, KILLED).map((worker) => worker.end('SIGKILL')))
    if (ended === 10) break
  }
  const ends = await Promise.all(workers.slice(KILLED).map((worker) => worker.end('SIGTERM')))
  expect(ends.map(({ code }) => code)).toEqual(Array(WORKERS - KILLED).fill(0))

  const schedules = await queue.schedules.list()
  expect(schedules.map(({ name, source }) => [name, source])).toEqual([
    ['nightly', 'code'],
    ['tick', 'user'],
  ])
  const fired = (schedules[1]!.nextAt - first) / 1_000
  let succeeded = 0
  for await (const { type } of queue.tick.notices({ from: 'start', types: ['succeeded'] })) {
    if (type === 'ready') break
    if (type === 'succeeded') succeeded += 1
  }
  const { queued, running, retrying } = await queue.counts()
  expect(succeeded + queued + running + retrying).toBe(fired)
})
