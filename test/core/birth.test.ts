// Who enqueues and waits: nobody looks at a job of which all that became has come by.
import { expect, test } from 'vitest'
import { all, altered, setUp, setUpCounted, typesOf } from './stage.ts'

test('a result is waited for without a look at the job, while the feed is being read', async () => {
  const { queue, driver, calls: looks } = await setUpCounted('get')
  const run = async () => driver.succeed(await driver.next(), 7)
  const first = await queue.plain.enqueue({ n: 1 })
  await Promise.all([first.result(), run()])
  expect(looks()).toBe(1) // reading began only after it had been enqueued

  const second = await queue.plain.enqueue({ n: 2 })
  const waiting = second.result()
  await run()
  expect(await waiting).toBe(7)
  const third = await queue.plain.enqueue({ n: 3 })
  await run()
  await new Promise(setImmediate)
  expect(await third.result()).toBe(7)
  const fourth = await queue.score.enqueue({ n: 4 })
  await run()
  expect(typesOf(await all(fourth))).toEqual(['queued', 'succeeded'])
  expect(looks()).toBe(1)

  expect(await queue.plain.result(third.id)).toBe(7)
  expect(looks()).toBe(2)
})

test('nor at those that were enqueued together, though some have ended before anybody waits', async () => {
  const { queue, driver, calls: looks } = await setUpCounted('get')
  const succeed = async (count: number) => {
    for (const claimed of await driver.claim(count)) await driver.succeed(claimed, 7)
  }
  const first = await queue.plain.enqueue({ n: 1 })
  await Promise.all([first.result(), succeed(1)])
  expect(looks()).toBe(1)
  const jobs = await queue.plain.enqueueMany(Array.from({ length: 100 }, (_, n) => ({ n })))
  await succeed(60)
  const results = Promise.all(jobs.map((job) => job.result()))
  await succeed(40)
  expect(await results).toEqual(jobs.map(() => 7))
  expect(looks()).toBe(1)
})

test('a job that was lost when the feed began anew is missed, though it was enqueued here', async () => {
  let lost = ''
  const readers: AbortController[] = []
  const { queue, driver } = await setUp((store) =>
    altered(store, {
      get: async (id) => (id === lost ? null : store.get(id)),
      live: async function* (after, signal) {
        const reader = new AbortController()
        readers.push(reader)
        yield* store.live(after, AbortSignal.any([signal, reader.signal]))
      },
    }),
  )
  const first = await queue.plain.enqueue({ n: 1 })
  await Promise.all([first.result(), driver.succeed(await driver.next(), 7)])
  const job = await queue.plain.enqueue({ n: 2 })
  lost = job.id
  const { reading } = queue['~engine']
  readers.at(-1)!.abort()
  await expect.poll(() => queue['~engine'].reading).toBe(reading + 1)
  await expect(job.result({ timeout: '1m' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
