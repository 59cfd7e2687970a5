import type { Notice, Page } from '@lovage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { all, altered, setUp, typesOf } from './stage.ts'

test('whoever follows from the enqueue sees every notice, once and in order, and the loop ends', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  const seen = all(job)
  const [claimed] = await driver.claim(1, ['score'])
  await driver.report(claimed!, 0.5)
  await driver.succeed(claimed!, 7)
  expect(typesOf(await seen).filter((type) => type !== 'ready')).toEqual([
    'queued',
    'started',
    'progress',
    'succeeded',
  ])
})

test('a job that ended before anybody followed it is seen all the same, from its cursor and without one', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  await driver.succeed(await driver.next(), 7)
  expect(typesOf(await all(job))).toEqual(['queued', 'succeeded'])
  const late = queue.attach({ id: job.id, task: 'score' })
  expect(await all(late)).toMatchObject([{ type: 'succeeded', result: 7, jobId: job.id }])
})

test('without a cursor the first notice is the job as it is, and what follows is live', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.report(claimed, 0.25)
  const loop = queue.attach({ id: job.id, task: 'score' }).notices()
  const first = await loop.next()
  expect(first.value).toMatchObject({ type: 'ready', job: { state: 'running', progress: 0.25 } })
  await driver.report(claimed, 0.5)
  expect((await loop.next()).value).toMatchObject({ type: 'progress', data: 0.5 })
})

test('a loop that was left goes on at its cursor, and each notice comes once', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.report(claimed, 1)
  const before: Notice[] = []
  for await (const notice of job) {
    before.push(notice)
    if (notice.type === 'progress') break
  }
  await driver.report(claimed, 2)
  await driver.succeed(claimed, 7)
  const stored = JSON.parse(JSON.stringify(job)) as { id: string; task: 'score'; cursor: string }
  const after = await all(queue.attach(stored))
  expect(typesOf([...before, ...after])).toEqual(['queued', 'progress', 'progress', 'succeeded'])
})

test('a cursor from before the trimmed history gets a gap with the exact number, then the job as it is', async () => {
  const { queue, driver } = await setUp(undefined, 10)
  const job = await queue.score.enqueue({ n: 1 }) // notice 1: queued
  const claimed = await driver.next()
  for (let n = 0; n < 24; n++) await driver.report(claimed, n) // notices 2 to 25; 16 to 25 are kept
  const loop = job.notices()
  expect((await loop.next()).value).toMatchObject({ type: 'gap', missed: 15 })
  expect((await loop.next()).value).toMatchObject({ type: 'ready', job: { state: 'running', progress: 23 } })
  await driver.succeed(claimed, 7)
  expect((await loop.next()).value).toMatchObject({ type: 'succeeded', result: 7 })
})

test('the feed tells the same gap and goes on with what is kept', async () => {
  const { queue, driver } = await setUp(undefined, 10)
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  for (let n = 0; n < 24; n++) await driver.report(claimed, n)
  const loop = queue.notices({ from: job.cursor })
  expect((await loop.next()).value).toMatchObject({ type: 'gap', missed: 15 })
  expect((await loop.next()).value).toMatchObject({ type: 'progress', data: 14 })
})

test('a feed can be narrowed to tasks and types, and begins now unless told otherwise', async () => {
  const { queue, driver } = await setUp()
  await queue.score.enqueue({ n: 0 })
  const old = queue.notices({ from: 'start' })
  expect((await old.next()).value).toMatchObject({ type: 'queued' })
  const loop = queue.notices({ tasks: ['plain'], types: ['succeeded'] })
  expect((await loop.next()).value).toMatchObject({ type: 'ready' })
  const plain = await queue.plain.enqueue({ n: 1 })
  const [first, second] = await driver.claim(2)
  await driver.succeed(first!, 1)
  await driver.succeed(second!, 2)
  expect((await loop.next()).value).toMatchObject({
    type: 'succeeded',
    jobId: plain.id,
    task: 'plain',
    result: 2,
  })
})

test('a result that was too large for the feed is fetched for whoever follows', async () => {
  const slim = (page: Page): Page => ({ ...page, notices: page.notices.map(({ data: _, ...rest }) => rest) })
  const { queue, driver } = await setUp((store) =>
    altered(store, { range: async (after, limit) => slim(await store.range(after, limit)) }),
  )
  const job = await queue.plain.enqueue({ n: 1 })
  await driver.succeed(await driver.next(), { big: true })
  expect((await all(job)).at(-1)).toMatchObject({ type: 'succeeded', result: { big: true } })
})

test('closing the queue ends every loop that follows', async () => {
  const { queue } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const loops = [job.notices(), queue.notices()]
  for (const loop of loops) await loop.next()
  const ends = loops.map((loop) => loop.next())
  await queue.close()
  for (const end of ends) expect(await end).toMatchObject({ done: true })
})

test('no notice carries a stack', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  await driver.fail(await driver.next(), 'boom')
  for (const notice of [...(await all(job)), ...(await all(queue.attach({ id: job.id, task: 'plain' })))]) {
    expect(JSON.stringify(notice)).not.toContain('operators only')
  }
  expect(await job.get()).toMatchObject({ error: { stack: expect.stringContaining('operators only') } })
})

test('in any order of enqueue, follow, report and end, each follower sees each notice once and in order', async () => {
  const seed = Number(process.env.LOVAGE_SEED ?? Date.now() % 2 ** 31)
  const acts = fc.array(fc.constantFrom('follow', 'follow feed', 'report', 'turn'), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(acts, async (order) => {
      const { queue, driver } = await setUp()
      const job = await queue.score.enqueue({ n: 1 })
      const claimed = await driver.next()
      const followers: Promise<Notice[]>[] = []
      let reports = 0
      for (const act of [...order, 'follow', 'end', 'follow']) {
        if (act === 'follow') followers.push(all(queue.attach(job.toJSON())))
        if (act === 'follow feed') {
          followers.push(
            (async () => {
              const notices: Notice[] = []
              for await (const notice of queue.notices({ from: 'start' })) {
                notices.push(notice)
                if (notice.type === 'succeeded') break
              }
              return notices
            })(),
          )
        }
        if (act === 'report') await driver.report(claimed, reports++)
        if (act === 'turn') await new Promise(setImmediate)
        if (act === 'end') await driver.succeed(claimed, 7)
      }
      const expected = ['queued', ...Array.from({ length: reports }, (_, n) => `progress ${n}`), 'succeeded']
      for (const notices of await Promise.all(followers)) {
        const seen = notices
          .filter(({ type }) => type !== 'ready')
          .map((notice) => (notice.type === 'progress' ? `progress ${String(notice.data)}` : notice.type))
        expect(seen).toEqual(expected)
      }
      await queue.close()
    }),
    { seed, numRuns: 200 },
  )
})
