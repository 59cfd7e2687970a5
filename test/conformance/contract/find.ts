import type { Search, Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  joinAll,
  newJob,
  newJobs,
  parentOf,
  retrying,
  settle,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

/** All pages. */
async function all(store: Store, search: Search, limit = 100): Promise<string[]> {
  const found: string[] = []
  let after: string | undefined
  do {
    const page = await store.find(search, { limit, after })
    expect(page.ids.length).toBeLessThanOrEqual(limit)
    found.push(...page.ids)
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
}

const tagged = (id: string, ...tags: string[]) => newJob(id, { options: { tags } })

export function findContract(test: ContractTest): void {
  describe('find', () => {
    test('by tag answers jobs in whatever state, oldest first, of the same ms by id', async ({
      store,
      clock,
    }) => {
      await store.enqueue([tagged('c', 'x'), tagged('a', 'x', 'y'), tagged('other', 'y'), newJob('none')])
      await clock.advance(1)
      await store.enqueue([tagged('b', 'x'), newJob('d', { delayMs: 5, options: { tags: ['x'] } })])
      await joinAll(store, 's1')
      const [c] = await claim(store, 's1', 2)
      await settle(store, 's1', succeeded(c!))
      await store.cancel(cancelOf('b'))
      expect(await all(store, { tag: 'x' })).toEqual(['a', 'c', 'b', 'd'])
      expect(await all(store, { tag: 'y' })).toEqual(['a', 'other'])
      expect(await store.find({ tag: 'nothing' }, { limit: 9 })).toEqual({ ids: [], next: null })
    })

    test('by tag answers those that have ended as long as their outcome is kept', async ({
      store,
      elapse,
    }) => {
      await store.enqueue(['a', 'b', 'c'].map((id) => tagged(id, 'x')))
      await store.cancel(cancelOf('a', 60_000))
      await store.cancel(cancelOf('b', 0))
      expect(await all(store, { tag: 'x' })).toEqual(['a', 'c'])
      await elapse(60_000)
      expect(await all(store, { tag: 'x' })).toEqual(['c'])
    })

    test('by tag answers a page at a time, without hole or repeat', async ({ store, clock }) => {
      const names = Array.from({ length: 25 }, (_, n) => `job-${String(n).padStart(2, '0')}`)
      for (const [n, id] of names.entries()) {
        await store.enqueue([tagged(id, 'x')])
        if (n % 3 === 0) await clock.advance(1)
      }
      for (const limit of [1, 7, 25, 100]) expect(await all(store, { tag: 'x' }, limit)).toEqual(names)
    })

    test('knows any tag, and keeps tags apart', async ({ store }) => {
      const tags = ['', ' ', ':', 'a:b', '\n', 'ü€😀', '"', '\\', '*', 'x'.repeat(300)]
      await store.enqueue(tags.map((tag, n) => tagged(`t${n}`, tag)))
      for (const [n, tag] of tags.entries())
        expect([tag, await all(store, { tag })]).toEqual([tag, [`t${n}`]])
    })

    test('by state answers who is in it', async ({ store }) => {
      await store.enqueue([
        ...newJobs('retries', 'runs', 'queued'),
        newJob('in-lane', { options: { lane: 'k' } }),
        newJob('urgent', { options: { priority: 9, queue: 'q' } }),
        newJob('later', { delayMs: 10 }),
        parentOf('waits', 1),
      ])
      await joinAll(store, 's1')
      const retries = await claimOne(store, 's1')
      await store.enqueue([newJob('cancelled')])
      await store.cancel(cancelOf('cancelled'))
      const inLane = await claimOne(store, 's1')
      expect(inLane.id).toBe('in-lane')
      await settle(store, 's1', retrying(retries))
      expect((await all(store, { state: 'queued' })).toSorted()).toEqual(['queued', 'runs', 'urgent'])
      expect(await all(store, { state: 'running' })).toEqual(['in-lane'])
      expect(await all(store, { state: 'waiting' })).toEqual(['waits'])
      expect(await all(store, { state: 'scheduled' })).toEqual(['later'])
      expect(await all(store, { state: 'retrying' })).toEqual(['retries'])
      expect(await all(store, { state: 'failed' })).toEqual([])
    })

    test('by state answers delayed ones by when they are due', async ({ store }) => {
      await store.enqueue([
        newJob('c', { delayMs: 10 }),
        newJob('d', { delayMs: 5 }),
        newJob('a', { delayMs: 10 }),
        newJob('b', { delayMs: 20 }),
        ...newJobs('x', 'y', 'z'),
      ])
      await joinAll(store, 's1')
      const [x, y, z] = await claim(store, 's1')
      await settle(store, 's1', retrying(x!, 30), retrying(z!, 7), retrying(y!, 7))
      for (const limit of [1, 2, 100]) {
        expect(await all(store, { state: 'scheduled' }, limit)).toEqual(['d', 'a', 'c', 'b'])
        expect(await all(store, { state: 'retrying' }, limit)).toEqual(['y', 'z', 'x'])
      }
    })

    test('by state goes through thousands, a page at a time', async ({ store }) => {
      const names = Array.from({ length: 1_500 }, (_, n) => `job-${String(n).padStart(4, '0')}`)
      for (let from = 0; from < 1_500; from += 500)
        await store.enqueue(
          names
            .slice(from, from + 500)
            .map((id, n) => newJob(id, { options: n % 3 ? {} : { lane: `k${n % 7}` } })),
        )
      const found = await all(store, { state: 'queued' }, 100)
      expect(new Set(found)).toEqual(new Set(names))
    })

    test('refuses a place that it never gave', async ({ store }) => {
      await store.enqueue([tagged('a', 'x')])
      for (const search of [
        { tag: 'x' },
        { state: 'queued' },
        { state: 'failed' },
        { state: 'scheduled' },
      ] as const) {
        await expect(store.find(search, { limit: 1, after: 'no such place' })).rejects.toMatchObject({
          name: 'LovageError',
          code: 'CURSOR_INVALID',
        })
      }
    })
  })

  describe('last', () => {
    test('answers the newest job of a task and an owner that asked for it', async ({ store }) => {
      expect(await store.last('score', 'ada')).toBeNull()
      await store.enqueue([
        newJob('b', { isLast: true }),
        newJob('a', { isLast: true }),
        newJob('c'),
        newJob('eve', { isLast: true, owner: 'eve' }),
        newJob('nobody', { isLast: true, owner: null }),
        newJob('mail', { isLast: true, task: 'mail' }),
      ])
      expect(await store.last('score', 'ada')).toBe('a')
      expect(await store.last('score', 'eve')).toBe('eve')
      expect(await store.last('score', null)).toBe('nobody')
      expect(await store.last('mail', 'ada')).toBe('mail')
      expect(await store.last('mail', null)).toBeNull()
    })

    test('answers it as long as it or its outcome is kept', async ({ store, elapse }) => {
      await store.enqueue([newJob('a', { isLast: true }), newJob('b', { isLast: true })])
      await joinAll(store, 's1')
      await claim(store, 's1')
      expect(await store.last('score', 'ada')).toBe('b')
      await store.cancel(cancelOf('b', 60_000))
      expect(await store.last('score', 'ada')).toBe('b')
      await elapse(60_000)
      expect(await store.last('score', 'ada')).toBeNull()
    })

    test('is not changed by a call that is repeated, nor by one that found another job', async ({
      store,
    }) => {
      const unique = [{ type: 'once', name: 'n', windowMs: 1_000 }] as const
      await store.enqueue([newJob('a', { isLast: true, unique }), newJob('b', { isLast: true })])
      await store.enqueue([newJob('a', { isLast: true, unique }), newJob('c', { isLast: true, unique })])
      expect(await store.last('score', 'ada')).toBe('b')
    })
  })
}
