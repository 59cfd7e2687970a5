// The one reader of the feed behind all followers: slow ones, many, and what it may miss itself.
import type { Engine, Notice } from '@lovage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { all, altered, setUp, setUpCounted, typesOf } from './stage.ts'

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
  const { queue, driver, calls: looks } = await setUpCounted('range')
  const handles = await queue.plain.enqueueMany(Array.from({ length: 1_000 }, (_, n) => ({ n })))
  for (let n = 0; n < 10; n++)
    for (const claimed of await driver.claim(100)) await driver.succeed(claimed, 'done')
  const seen = await Promise.all(handles.map((job) => all(job)))
  expect(seen.map(typesOf)).toEqual(handles.map(() => ['succeeded']))
  expect(looks()).toBe(2) // 1,000 records in pages of 500
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

test('what is taken at once and what goes through the loop come once, in one order, however they are mixed', async () => {
  const seed = Number(process.env.LOVAGE_SEED ?? Date.now() % 2 ** 31)
  const mixed = fc.array(
    fc.record({ reports: fc.integer({ min: 0, max: 1_300 }), takes: fc.nat({ max: 1_500 }) }),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  await fc.assert(
    fc.asyncProperty(mixed, fc.boolean(), async (rounds, oneJob) => {
      const { queue, driver } = await setUp()
      const { '~engine': engine } = queue as unknown as { '~engine': Engine }
      const job = await queue.plain.enqueue({ n: 1 })
      const claimed = await driver.next()
      const seen: Notice[] = []
      let room = 0
      const own = new AbortController()
      const listening = {
        signal: own.signal,
        take(notices: readonly Notice[]) {
          const count = Math.min(room, notices.length)
          room -= count
          seen.push(...notices.slice(0, count))
          return count
        },
      }
      let heard = (): void => {}
      const reading = (async () => {
        const batches = oneJob ? engine.followInBatches(job.id, listening) : engine.feedInBatches(listening)
        for await (const batch of batches) {
          seen.push(...batch)
          heard()
        }
      })()
      await new Promise<void>((resolve) => void (heard = resolve))
      let written = 0
      for (const { reports, takes } of rounds) {
        room = takes
        for (let n = 0; n < reports; n++) await driver.report(claimed, written++)
        await new Promise(setImmediate)
      }
      await driver.succeed(claimed, 7)
      const ended = (): boolean => seen.at(-1)?.type === 'succeeded'
      while (!ended()) await new Promise(setImmediate)
      own.abort()
      await reading
      const data = seen.flatMap((notice) => (notice.type === 'progress' ? [notice.data] : []))
      expect(data).toEqual(Array.from({ length: written }, (_, n) => n))
      await queue.close()
    }),
    { seed, numRuns: 40 },
  )
}, 120_000)
