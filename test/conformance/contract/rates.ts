import type { LimitRule } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  ids,
  inLane,
  joinAll,
  newJob,
  newJobs,
  retrying,
  settle,
  sleeps,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const rate = (of: LimitRule['of'], name: string, limit: number, perMs: number): LimitRule => ({
  of,
  name,
  limit: { rate: { limit, perMs } },
})

export function ratesContract(test: ContractTest): void {
  describe('a rate limit', () => {
    test('lets so many start within any stretch of its length', async ({ store, elapse }) => {
      await store.limit([rate('task', 'score', 3, 1_000)])
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e', 'f', 'g'))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 1))).toEqual(['a'])
      await elapse(600)
      expect(ids(await claim(store, 's1'))).toEqual(['b', 'c'])
      await elapse(399)
      expect(await claim(store, 's1')).toEqual([])
      await elapse(1)
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
      await elapse(599)
      expect(await claim(store, 's1')).toEqual([])
      await elapse(1)
      expect(ids(await claim(store, 's1'))).toEqual(['e', 'f'])
    })

    test(
      'says when it opens, and wakes those who wait',
      { timeout: 4_000 },
      async ({ store, elapse, clock }) => {
        await store.limit([rate('task', 'score', 2, 1_000)])
        await store.enqueue(newJobs('a', 'b', 'c'))
        await joinAll(store, 's1')
        await claim(store, 's1', 1)
        await elapse(300)
        const { claimed, nextDueMs } = await step(store, 's1', { claim: 9 })
        expect(ids(claimed)).toEqual(['b'])
        expect(nextDueMs).toBe(700)
        const until = clock.now() + 700
        await sleeps(store, clock, async () => {
          const reply = await step(store, 's1', { claim: 1 })
          return reply.claimed.length > 0 ? null : reply.nextDueMs
        })
        expect(clock.now()).toBeGreaterThanOrEqual(until)
      },
    )

    test('says nothing of opening when nobody waits for it', async ({ store, clock }) => {
      await store.limit([rate('task', 'score', 1, 1_000)])
      await store.enqueue([...newJobs('a'), newJob('m', { task: 'mail' })])
      await joinAll(store, 's1')
      expect(await step(store, 's1', { claim: 9 })).toMatchObject({ nextDueMs: null })
      await store.enqueue(newJobs('b'))
      await store.cancel(cancelOf('b'))
      await clock.advance(1)
      expect(await step(store, 's1', { claim: 9 })).toMatchObject({ nextDueMs: null })
    })

    test('counts attempts, not jobs, and those that ended at once', async ({ store, elapse }) => {
      await store.limit([rate('task', 'score', 2, 1_000)])
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      const { claimed } = await step(store, 's1', { settle: [retrying(a!, 0), succeeded(b!)], claim: 9 })
      expect(claimed).toEqual([])
      await elapse(1_000)
      expect((await claim(store, 's1')).map(({ id, attempt }) => [id, attempt])).toEqual([
        ['c', 1],
        ['a', 2],
      ])
    })

    test('of keys holds for each key apart, and of a queue for all of it', async ({ store, elapse }) => {
      await store.limit([rate('key', 'score', 1, 1_000), rate('queue', 'default', 3, 500)])
      await store.enqueue([
        ...inLane('a', 'a1', 'a2'),
        ...inLane('b', 'b1', 'b2'),
        ...inLane('', 'n1', 'n2', 'n3'),
      ])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a1', 'b1', 'n1'])
      await elapse(500)
      expect(ids(await claim(store, 's1'))).toEqual(['n2', 'n3'])
      await elapse(500)
      expect(ids(await claim(store, 's1'))).toEqual(['a2', 'b2'])
    })

    test('goes on with what it has counted when it is set again, or to another number', async ({
      store,
      elapse,
    }) => {
      await store.limit([rate('task', 'score', 2, 1_000)])
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1')
      await claim(store, 's1', 2)
      await store.limit([rate('task', 'score', 2, 1_000)])
      expect(await claim(store, 's1')).toEqual([])
      await store.limit([rate('task', 'score', 3, 1_000)])
      expect(ids(await claim(store, 's1'))).toEqual(['c'])
      await store.limit([rate('task', 'score', 1, 1_000)])
      await elapse(999)
      expect(await claim(store, 's1')).toEqual([])
      await elapse(1)
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
    })

    test('when it is narrowed, waits until as few have started lately as it allows', async ({
      store,
      elapse,
    }) => {
      await store.limit([rate('task', 'score', 3, 1_000)])
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 's1')
      for (let n = 0; n < 3; n++) {
        await claim(store, 's1', 1)
        await elapse(300)
      }
      await store.limit([rate('task', 'score', 1, 1_000)])
      await elapse(699)
      expect(await claim(store, 's1')).toEqual([])
      await elapse(1)
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
    })

    test('begins to count when it is set, and when its stretch becomes another one', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1')
      await claim(store, 's1', 2)
      await store.limit([rate('task', 'score', 1, 1_000)])
      expect(ids(await claim(store, 's1'))).toEqual(['c'])
      await store.limit([rate('task', 'score', 1, 2_000)])
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
      await store.limit([rate('task', 'score', 1, 1_000)])
      expect(await claim(store, 's1')).toEqual([])
    })

    test('stands beside a limit of how many run at once', async ({ store, elapse }) => {
      await store.limit([
        { of: 'task', name: 'score', limit: { concurrency: 2, rate: { limit: 3, perMs: 1_000 } } },
      ])
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1')
      const first = await claim(store, 's1')
      expect(ids(first)).toEqual(['a', 'b'])
      await settle(store, 's1', ...first.map((job) => succeeded(job)))
      const second = await claim(store, 's1')
      expect(ids(second)).toEqual(['c'])
      await elapse(1_000)
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
      await settle(store, 's1', succeeded(second[0]!))
      expect(ids(await claim(store, 's1'))).toEqual(['e'])
    })
  })
}
