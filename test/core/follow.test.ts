import {
  defineTasks,
  type JobHandle,
  type Notice,
  type Page,
  queueOver,
  type Store,
  task,
} from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ManualClock } from '../kit/manual-clock.ts'
import { Driver } from './driver.ts'

const tasks = defineTasks({
  score: task({
    input: z.object({ n: z.number() }),
    output: z.number(),
    progress: z.number(),
    notices: ['queued', 'started'],
  }),
  plain: task({ input: z.object({ n: z.number() }), output: z.any() }),
})

async function setUp(change: (store: Store) => Store = (store) => store, streamMaxLen?: number) {
  const clock = new ManualClock(Date.now())
  const inner = createMemoryStore({ clock, ...(streamMaxLen === undefined ? {} : { streamMaxLen }) })
  const store = change(inner)
  const queue = queueOver(tasks, store, { clock, random: () => 0.5 })
  return { clock, store: inner, queue, driver: await Driver.start(inner) }
}

const typesOf = (notices: readonly Notice[]): string[] => notices.map(({ type }) => type)

async function all(handle: JobHandle): Promise<Notice[]> {
  const notices: Notice[] = []
  for await (const notice of handle) notices.push(notice)
  return notices
}

/** A store of which some methods are replaced. */
function altered(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, key) {
      const own = (methods as Record<PropertyKey, unknown>)[key] ?? Reflect.get(target, key)
      return typeof own === 'function' ? (own as (...args: unknown[]) => unknown).bind(target) : own
    },
  })
}

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

test('a thousand followers share one reader of the feed, and leave nothing behind', async () => {
  let readers = 0
  const { queue, driver, clock, store } = await setUp((inner) =>
    altered(inner, {
      live: async function* (after, signal) {
        readers += 1
        try {
          yield* store.live(after, signal)
        } finally {
          readers -= 1
        }
      },
    }),
  )
  const handles = await queue.plain.enqueueMany(Array.from({ length: 1_000 }, (_, n) => ({ n })))
  const results = handles.map((job) => job.result())
  for (let n = 0; n < 10; n++)
    for (const claimed of await driver.claim(100)) await driver.succeed(claimed, 'done')
  expect(new Set(await Promise.all(results))).toEqual(new Set(['done']))
  expect(readers).toBe(1)
  await clock.advance(5_000)
  await Promise.resolve()
  await new Promise(setImmediate)
  expect(readers).toBe(0)
})

test('a follower too slow for its buffer loses nothing: it reads history again', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  const loop = job.notices()
  const seen: unknown[] = []
  for (let next = await loop.next(); !next.done; next = await loop.next()) {
    if (next.value.type === 'progress') seen.push(next.value.data)
    if (next.value.type === 'ready' && seen.length === 0) {
      for (let n = 0; n < 2_500; n++) await driver.report(claimed, n)
      await driver.succeed(claimed, 7)
    }
  }
  expect(seen).toEqual(Array.from({ length: 2_500 }, (_, n) => n))
})

test('a reader that fails goes on from where it was: followers miss nothing', async () => {
  const broken = new Error('the connection is gone')
  let failures = 3
  const { queue, driver, clock, store } = await setUp((inner) =>
    altered(inner, {
      live: async function* (after, signal) {
        for await (const batch of store.live(after, signal)) {
          yield batch
          if (failures-- > 0) throw broken
        }
      },
    }),
  )
  const job = await queue.score.enqueue({ n: 1 })
  const loop = job.notices()
  const claimed = await driver.next()
  const seen: string[] = []
  for (let n = 0; n < 6; n++) {
    await driver.report(claimed, n)
    const next = loop.next()
    await clock.advance(60_000)
    seen.push(((await next).value as Notice).type)
    await clock.advance(60_000)
  }
  await driver.succeed(claimed, 7)
  for (let next = await loop.next(); !next.done; next = await loop.next()) seen.push(next.value.type)
  expect(seen.filter((type) => type === 'progress')).toHaveLength(6)
  expect(seen.at(-1)).toBe('succeeded')
})

test('history is read only when the reader has its place, so nothing falls between the two', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const { queue, driver } = await setUp((store) =>
    altered(store, { tail: () => gate.then(() => store.tail()) }),
  )
  const job = await queue.score.enqueue({ n: 1 })
  const seen = all(job)
  await new Promise(setImmediate)
  await driver.succeed(await driver.next(), 7)
  open()
  expect(typesOf(await seen)).toEqual(['queued', 'succeeded'])
})

test('whoever comes while the reader is behind misses nothing of a job that has ended meanwhile', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const { queue, driver } = await setUp((store) =>
    altered(store, {
      live: async function* (after, signal) {
        await gate
        yield* store.live(after, signal)
      },
    }),
  )
  await queue.notices().next() // starts the reader
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.report(claimed, 1)
  await driver.succeed(claimed, 7)
  const seen = all(job)
  await new Promise(setImmediate)
  open()
  expect(typesOf(await seen).filter((type) => type !== 'ready')).toEqual(['queued', 'progress', 'succeeded'])
})

test('a thousand followers with old cursors cost the store one look at its history', async () => {
  let looks = 0
  const { queue, driver } = await setUp((store) =>
    altered(store, {
      range: (after, limit) => {
        looks += 1
        return store.range(after, limit)
      },
    }),
  )
  const handles = await queue.plain.enqueueMany(Array.from({ length: 1_000 }, (_, n) => ({ n })))
  for (let n = 0; n < 10; n++)
    for (const claimed of await driver.claim(100)) await driver.succeed(claimed, 'done')
  const seen = await Promise.all(handles.map((job) => all(job)))
  expect(seen.map(typesOf)).toEqual(handles.map(() => ['succeeded']))
  expect(looks).toBe(2) // 1,000 records in pages of 500
})

test('a follower from before what the hub can keep reads the store itself, and misses nothing', async () => {
  const { queue, driver } = await setUp(undefined, 30_000)
  const job = await queue.score.enqueue({ n: 1 })
  const claimed = await driver.next()
  for (let n = 0; n < 12_000; n++) await driver.report(claimed, n)
  await driver.succeed(claimed, 7)
  const notices = await all(job)
  expect(notices).toHaveLength(12_002)
  expect(notices.at(-2)).toMatchObject({ type: 'progress', data: 11_999 })
})

test.for([
  ['failed', 'JOB_FAILED', (driver: Driver) => driver.next().then((job) => driver.fail(job, 'boom'))],
  ['cancelled', 'JOB_CANCELLED', undefined],
] as const)('result() of a job that %s throws %s', async ([, code, act]) => {
  const { queue, driver } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const waiting = job.result()
  const seen = expect(waiting).rejects.toMatchObject({ code })
  await (act === undefined ? job.cancel('no longer needed') : act(driver))
  await seen
})

test('result() ends with RESULT_TIMEOUT when the time is up, and the job goes on', async () => {
  const { queue, driver, clock } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const waiting = expect(job.result({ timeout: '10s' })).rejects.toMatchObject({
    code: 'RESULT_TIMEOUT',
    details: { waitedMs: 10_000 },
  })
  await new Promise(setImmediate)
  await clock.advance(10_000)
  await waiting
  await driver.succeed(await driver.next(), 'late')
  expect(await job.result()).toBe('late')
})

test('after its loop has seen the end, a handle has the result and asks nobody', async () => {
  let looks = 0
  const { queue, driver } = await setUp((store) =>
    altered(store, {
      get: (id) => {
        looks += 1
        return store.get(id)
      },
    }),
  )
  const job = await queue.plain.enqueue({ n: 1 })
  await driver.succeed(await driver.next(), 7)
  await all(job)
  const before = looks
  expect(await job.result()).toBe(7)
  expect(looks).toBe(before)
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
