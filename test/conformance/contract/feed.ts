import { parseCursor, START, type Store, type StoredNotice } from '@lovage/core'
import { describe, expect } from 'vitest'
import { cancelOf, claim, feedAfter, joinAll, newJob, report, seqOf, succeeded, told, step } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

/** Writes `count` notices, `queued <prefix>0` and on. */
async function write(store: Store, count: number, prefix = 'n'): Promise<void> {
  const jobs = Array.from({ length: count }, (_, n) => newJob(`${prefix}${n}`, { announce: true }))
  for (let from = 0; from < count; from += 500) await store.enqueue(jobs.slice(from, from + 500))
}

const CURSOR_INVALID: unknown = expect.objectContaining({ name: 'LovageError', code: 'CURSOR_INVALID' })

export function feedContract(test: ContractTest): void {
  describe('tail', () => {
    test('is the start of a feed in which nothing is written', async ({ store }) => {
      expect(await store.tail()).toBe(START)
    })

    test('is the place of the newest record, and what is written later comes after it', async ({ store }) => {
      await write(store, 3)
      const tail = await store.tail()
      expect(tail).toBe((await feedAfter(store)).at(-1)!.cursor)
      expect(await feedAfter(store, tail)).toEqual([])
      await write(store, 1, 'later')
      expect(told(await feedAfter(store, tail))).toEqual(['queued later0'])
    })
  })

  describe('range', () => {
    test('answers an empty page of an empty feed', async ({ store }) => {
      expect(await store.range(START, 10)).toEqual({ notices: [], missed: 0, cursor: START, end: true })
    })

    test('counts the records densely from 1, in whatever act they were written', async ({ store, clock }) => {
      await write(store, 3)
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1', 2)
      await clock.advance(5)
      await store.progress('s1', [report(a!, 1), report(b!, 1)])
      await step(store, 's1', {
        settle: [{ ...succeeded(a!), progress: { json: '2' } }],
        claim: 1,
        announce: new Set(['score']),
      })
      await store.cancel(cancelOf(b!.id))
      expect((await feedAfter(store)).map(({ cursor }) => seqOf(cursor))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    })

    test('gives ids that rise, also within a ms and when the clock goes back', async ({ store, clock }) => {
      await write(store, 3, 'a')
      await clock.advance(1)
      await write(store, 2, 'b')
      await clock.advance(-60_000)
      await write(store, 2, 'c')
      const places = (await feedAfter(store)).map(({ cursor }) => parseCursor(cursor))
      expect(places).toHaveLength(7)
      for (const [n, place] of places.entries()) {
        const before = places[n - 1]
        if (before) expect(place.ms > before.ms || (place.ms === before.ms && place.n > before.n)).toBe(true)
      }
    })

    test('pages through the feed without hole or repeat', async ({ store }) => {
      await write(store, 25)
      const all = await feedAfter(store)
      const read: StoredNotice[] = []
      let page = await store.range(START, 10)
      const shape = [[page.notices.length, page.end]]
      read.push(...page.notices)
      while (!page.end) {
        expect(page.cursor).toBe(page.notices.at(-1)!.cursor)
        page = await store.range(page.cursor, 10)
        expect(page.missed).toBe(0)
        shape.push([page.notices.length, page.end])
        read.push(...page.notices)
      }
      expect(read).toEqual(all)
      expect(shape).toEqual([
        [10, false],
        [10, false],
        [5, true],
      ])
      expect(await store.range(page.cursor, 10)).toEqual({
        notices: [],
        missed: 0,
        cursor: page.cursor,
        end: true,
      })
    })

    test('says that nothing stands behind a page that is just full', async ({ store }) => {
      await write(store, 10)
      expect(await store.range(START, 10)).toMatchObject({ end: true })
      expect(await store.range(START, 9)).toMatchObject({ end: false })
    })

    test('counts the records that were trimmed before the page', async ({ openWith }) => {
      const store = await openWith({ streamMaxLen: 100 })
      await write(store, 300)
      const early = await store.range(START, 5)
      expect(early.missed).toBe(seqOf(early.notices[0]!.cursor) - 1)
      expect(early.missed).toBeGreaterThan(0)
      const seen = (await feedAfter(store)).length
      expect(seen).toBeGreaterThanOrEqual(100)
      expect(early.missed + seen).toBe(300)
      expect(told(await feedAfter(store)).at(-1)).toBe('queued n299')
      expect((await store.range(early.cursor, 5)).missed).toBe(0)
    })

    test('counts them from the place that the reader had reached', async ({ openWith }) => {
      const store = await openWith({ streamMaxLen: 100 })
      await write(store, 40, 'early')
      const tail = await store.tail()
      const middle = (await store.range(START, 10)).cursor
      await write(store, 360, 'late')
      const first = seqOf((await feedAfter(store))[0]!.cursor)
      expect(first).toBeGreaterThan(41)
      expect((await store.range(START, 1)).missed).toBe(first - 1)
      expect((await store.range(middle, 1)).missed).toBe(first - 1 - 10)
      expect((await store.range(tail, 1)).missed).toBe(first - 1 - 40)
    })

    test('keeps the newest 10,000 records by default', async ({ store }) => {
      await write(store, 10_400)
      const { notices, missed } = await store.range(START, 1)
      expect(notices).toHaveLength(1)
      expect(missed).toBeGreaterThan(0)
      expect(missed).toBeLessThanOrEqual(400)
    })

    test.for(['', 'x', '1-1', '1-1.', '1.1', '-1-0.1', '1-0.1 ', '$', '+', '0', '1-0.1.1', '٣-0.1'])(
      'refuses %j, which is no cursor',
      async (cursor, { store }) => {
        await expect(store.range(cursor, 1)).rejects.toEqual(CURSOR_INVALID)
        await expect(
          store.live(cursor, new AbortController().signal)[Symbol.asyncIterator]().next(),
        ).rejects.toEqual(CURSOR_INVALID)
      },
    )
  })

  describe('live', () => {
    const read = async (
      feed: AsyncIterable<readonly StoredNotice[]>,
      abort: AbortController,
      count: number,
    ) => {
      const seen: StoredNotice[] = []
      for await (const batch of feed) {
        seen.push(...batch)
        if (seen.length >= count) abort.abort()
      }
      return seen
    }

    test('gives what was written after the cursor, then what is written, without hole or repeat', async ({
      store,
    }) => {
      await write(store, 700, 'before')
      const after = (await store.range(START, 50)).cursor
      const abort = new AbortController()
      const reading = read(store.live(after, abort.signal), abort, 650 + 3 * 400)
      for (const batch of ['x', 'y', 'z']) await write(store, 400, batch)
      const seen = await reading
      expect(seen).toEqual(await feedAfter(store, after))
      expect(seen.map(({ cursor }) => seqOf(cursor))).toEqual(Array.from({ length: 1_850 }, (_, n) => 51 + n))
    })

    test('wakes a reader who is at the end for each new record', async ({ store }) => {
      const abort = new AbortController()
      const feed = store.live(await store.tail(), abort.signal)[Symbol.asyncIterator]()
      for (const id of ['a', 'b', 'c']) {
        const next = feed.next()
        await store.enqueue([newJob(id, { announce: true })])
        const { value, done } = await next
        expect([done, told(value as StoredNotice[])]).toEqual([false, [`queued ${id}`]])
      }
      abort.abort()
      expect(await feed.next()).toEqual({ value: undefined, done: true })
    })

    test('gives several readers the same', async ({ store }) => {
      const aborts = [new AbortController(), new AbortController()]
      const readings = aborts.map((abort) => read(store.live(START, abort.signal), abort, 30))
      await write(store, 30)
      const all = await feedAfter(store)
      expect(await Promise.all(readings)).toEqual([all, all])
    })

    test('ends when it is aborted while it waits, or was before', async ({ store }) => {
      const abort = new AbortController()
      const feed = store.live(START, abort.signal)[Symbol.asyncIterator]()
      const next = feed.next()
      abort.abort()
      expect(await next).toEqual({ value: undefined, done: true })
      const late = store.live(START, abort.signal)[Symbol.asyncIterator]()
      await write(store, 1)
      expect(await late.next()).toEqual({ value: undefined, done: true })
    })
  })
}
