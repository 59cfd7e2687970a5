import type { Notice, Page, Store } from '@lovage/core'
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

test('a feed goes on behind its gap: who comes back there is not told of it again, and misses nothing', async () => {
  const { queue, driver } = await setUp(undefined, 10)
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  for (let n = 0; n < 24; n++) await driver.report(claimed, n)
  const gap = (await queue.notices({ from: job.cursor }).next()).value as Notice
  const again = queue.notices({ from: gap.cursor })
  for (let n = 14; n < 24; n++)
    expect((await again.next()).value).toMatchObject({ type: 'progress', data: n })
  expect((await again.next()).value).toMatchObject({ type: 'ready' })
})

test('who leaves between the gap and the job as it is gets both when he comes back', async () => {
  const { queue, driver } = await setUp(undefined, 10)
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  for (let n = 0; n < 24; n++) await driver.report(claimed, n)
  expect((await job.notices().next()).value).toMatchObject({ type: 'gap', missed: 15 })
  const again = queue.attach(job.toJSON()).notices()
  expect((await again.next()).value).toMatchObject({ type: 'gap', missed: 15 })
  expect((await again.next()).value).toMatchObject({ type: 'ready', job: { progress: 23 } })
})

/** Another API process, which is slow: it has its place in the feed, but reads on only once it is let. */
async function slowElsewhere(store: Store) {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const { queue } = await setUp(() =>
    altered(store, {
      live: async function* (after, signal) {
        await gate
        yield* store.live(after, signal)
      },
    }),
  )
  await queue.notices().next() // starts its reader
  return { queue, open }
}

test('who comes from a process that has read further is given nothing of what he has seen there', async () => {
  const { queue, driver, store } = await setUp()
  const elsewhere = await slowElsewhere(store)
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  const feed = queue.notices({ from: job.cursor })
  const own = job.notices()
  for (let n = 1; n <= 3; n++) await driver.report(claimed, n)
  const last = async (loop: AsyncGenerator<Notice>): Promise<Notice> => {
    for (;;) {
      const { value } = await loop.next()
      if (value.type === 'progress' && value.data === 3) return value
    }
  }
  const { cursor } = await last(feed)
  expect(await last(own)).toMatchObject({ cursor })

  const feedThere = elsewhere.queue.notices({ from: cursor })
  const ownThere = elsewhere.queue.attach({ ...job.toJSON(), cursor }).notices()
  for (const loop of [feedThere, ownThere])
    expect((await loop.next()).value).toEqual({ type: 'ready', cursor })
  elsewhere.open()
  await driver.report(claimed, 4)
  for (const loop of [feedThere, ownThere])
    expect((await loop.next()).value).toMatchObject({ type: 'progress', data: 4 })
})

test('a cursor from before the queue was put back is told that all begins anew, and the job as it is', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  const tail = (await queue.notices().next()).value!.cursor
  const ahead = '99999999999999-7.1234'
  const restarted = { type: 'ready', cursor: tail, restarted: true }
  const feed = queue.notices({ from: ahead })
  expect((await feed.next()).value).toEqual(restarted)
  const own = queue.attach({ ...job.toJSON(), cursor: ahead }).notices()
  expect((await own.next()).value).toMatchObject({ ...restarted, job: { state: 'queued' } })
  await driver.succeed(await driver.next(), 7)
  for (const loop of [feed, own]) expect((await loop.next()).value).toMatchObject({ type: 'succeeded' })
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
