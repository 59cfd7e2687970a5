import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  ids,
  inLane,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  settle,
  stateOf,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

/** A cancelled job has ended for all the world; where limits ask, its handler runs until its worker says otherwise. */
export function releaseContract(test: ContractTest): void {
  describe('a job that was cancelled while it ran', () => {
    const one = (of: 'queue' | 'task' | 'key', name: string) => ({ of, name, limit: { concurrency: 1 } })

    test('keeps its place in every limit until its worker releases it', async ({ store }) => {
      await store.enqueue([...inLane('k', 'a'), ...newJobs('plain'), ...inLane('k', 'b')])
      await joinAll(store, 's1', 's2')
      await store.limit([one('key', 'score')])
      const [plain, a] = await claim(store, 's1')
      await settle(store, 's1', succeeded(plain!))
      await store.cancel(cancelOf(a!.id))
      for (const [rule, gone] of [
        [one('key', 'score'), one('queue', 'default')],
        [one('queue', 'default'), one('task', 'score')],
        [one('task', 'score'), one('key', 'score')],
      ] as const) {
        await store.limit([{ ...gone, limit: null }, rule])
        expect([rule.of, await claim(store, 's2')]).toEqual([rule.of, []])
      }
      expect(await stateOf(store, 'a')).toBe('cancelled')
      expect(await store.counts()).toMatchObject({ running: 0, queued: 1 })
      expect((await step(store, 's1', { release: ['a'], claim: 1 })).claimed).toMatchObject([{ id: 'b' }])
    })

    test('is released by its own session alone, and once', async ({ store }) => {
      await store.limit([one('task', 'score')])
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 's1', 's2')
      await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      const release = ['a', 'nobody', 'b', 'a']
      expect((await step(store, 's2', { release, claim: 1 })).claimed).toEqual([])
      expect(ids((await step(store, 's1', { release, claim: 9 })).claimed)).toEqual(['b'])
      expect((await step(store, 's1', { release, claim: 9 })).claimed).toEqual([])
      expect(await stateOf(store, 'b')).toBe('running')
    })

    test('is released when its session leaves', async ({ store }) => {
      await store.limit([one('task', 'score')])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1', 's2')
      await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      expect(await claim(store, 's2')).toEqual([])
      expect(await store.leave('s1')).toEqual({ returned: 0 })
      expect(ids(await claim(store, 's2'))).toEqual(['b'])
    })

    test('is released when its session is lost', async ({ store, clock }) => {
      await store.limit([one('task', 'score')])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      expect(await claim(store, 's2')).toEqual([])
      await store.extend('s2', LEASE_MS)
      expect(ids(await claim(store, 's2'))).toEqual(['b'])
    })

    test('moves with its session to the one that replaces it', async ({ store }) => {
      await store.limit([one('task', 'score')])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 'old')
      const a = await claimOne(store, 'old')
      await store.cancel(cancelOf('a'))
      const request = { session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds: [a] } }
      expect([await store.join(request), await store.join(request)]).toEqual([
        { lost: ['a'] },
        { lost: ['a'] },
      ])
      expect((await step(store, 'old', { release: ['a'] })).alive).toBe(false)
      expect(await claim(store, 'new')).toEqual([])
      expect(ids((await step(store, 'new', { release: ['a'], claim: 1 })).claimed)).toEqual(['b'])
    })

    test('may have an id that runs again', async ({ store }) => {
      await store.limit([{ of: 'task', name: 'score', limit: { concurrency: 2 } }])
      await joinAll(store, 's1', 's2')
      for (let round = 0; round < 2; round++) {
        await store.enqueue(newJobs('a'))
        await claimOne(store, 's1')
        await store.cancel(cancelOf('a', 0))
      }
      await store.enqueue(newJobs('a', 'b', 'c'))
      expect(await claim(store, 's2')).toEqual([])
      expect(ids((await step(store, 's1', { release: ['a'], claim: 9 })).claimed)).toEqual(['a', 'b'])
      expect((await step(store, 's1', { release: ['a'], claim: 9 })).claimed).toEqual([])
    })

    test('wakes those who waited for its place', { timeout: 4_000 }, async ({ store }) => {
      await store.limit([one('task', 'score')])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1', 's2')
      await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      const { signal } = new AbortController()
      const next = (async () => {
        for (;;) {
          const [job] = await claim(store, 's2', 1)
          if (job !== undefined) return job.id
          await store.wait('s2', { work: true, timeoutMs: 10 ** 12, signal })
        }
      })()
      await step(store, 's1', { release: ['a'] })
      expect(await next).toBe('b')
    })

    test('holds back those of its key, when they are ordered', async ({ store }) => {
      await store.enqueue(['a', 'b'].map((id) => newJob(id, { options: { lane: 'k', ordered: true } })))
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      expect(await claim(store, 's1')).toEqual([])
      expect(ids((await step(store, 's1', { release: ['a'], claim: 1 })).claimed)).toEqual(['b'])
    })
  })
}
