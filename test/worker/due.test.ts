/** Workers on a real Redis, and many jobs that come due at one moment: some of them are claimed ahead. */
import { encode, newJobId, Retry, type StoredNotice } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { expect, inject, onTestFinished, test } from 'vitest'
import { feedAfter, newJob } from '../conformance/acts.ts'
import { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'

const MANY = 1_500

async function flood(concurrency: number, touch: (id: string, attempt: number) => void) {
  const namespace = `due-test-${newJobId()}`
  const redis = inject('redisUrl')
  const store = createRedisStore({ url: redis, namespace })
  onTestFinished(() => store.close())
  const ids = Array.from({ length: MANY }, newJobId)
  const runAt = Date.now() + 1_000
  for (let from = 0; from < MANY; from += 500)
    await store.enqueue(
      ids.slice(from, from + 500).map((id) => newJob(id, { task: 'touch', input: encode(undefined), runAt })),
    )
  const worker = createWorker({
    tasks,
    redis,
    namespace,
    concurrency,
    logLevel: 'silent',
    handlers: {
      greet: ({ name }) => name,
      touch: (_, { job }) => touch(job.id, job.attempt),
      climb: () => '',
      mail: { send: () => {} },
    },
  })
  const watcher = new Watcher(worker)
  await worker.start()
  onTestFinished(() => worker.stop({ timeout: 0 }))
  return { store, ids, watcher }
}

test.each([1, 100])('with %i slots they run in order, each once', async (slots) => {
  const ran: string[] = []
  const { store, ids, watcher } = await flood(slots, (id) => void ran.push(id))
  await watcher.until('job.succeeded', MANY)
  expect(ran).toEqual(ids)
  expect(await store.counts()).toMatchObject({ queued: 0, scheduled: 0, running: 0 })
})

test('those that fail come again, each once, and those that were cancelled meanwhile do not', async () => {
  const ran = new Map<string, number[]>()
  const { store, ids, watcher } = await flood(10, (id, attempt) => {
    ran.set(id, [...(ran.get(id) ?? []), attempt])
    if (ids.indexOf(id) % 10 === 0 && attempt === 1) throw new Retry({ delay: '200ms' })
  })
  const given = ids.slice(-400).filter((_, n) => n % 7 === 0)
  await watcher.until('job.succeeded', 200)
  const replies = await Promise.all(
    given.map((id) => store.cancel({ id, by: null, reason: null, ttlMs: 60_000 })),
  )
  const cancelled = new Set(given.filter((_, n) => replies[n]?.outcome === 'cancelled'))
  await watcher.until('job.succeeded', MANY - cancelled.size)
  for (const [n, id] of ids.entries()) {
    const attempts = ran.get(id) ?? []
    if (!cancelled.has(id)) expect(attempts, id).toEqual(n % 10 === 0 ? [1, 2] : [1])
    else expect(attempts.length, id).toBeLessThan(2)
  }
  const ends = (await feedAfter(store)).filter(
    ({ type }: StoredNotice) => type === 'succeeded' || type === 'cancelled',
  )
  expect(ends).toHaveLength(MANY)
  expect(await store.counts()).toMatchObject({ queued: 0, scheduled: 0, retrying: 0, running: 0 })
})
