import { describe, expect } from 'vitest'
import {
  cancelOf,
  childOf,
  claim,
  claimOne,
  feedAfter,
  ids,
  joinAll,
  LEASE_MS,
  newJob,
  parentOf,
  retrying,
  settle,
  sleeps,
  stateOf,
  step,
  succeeded,
  told,
  TTL_MS,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function expiryContract(test: ContractTest): void {
  describe('a job that must begin in time', () => {
    test('expires at its very ms, and not before', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { expiresMs: 100, options: { ttlMs: TTL_MS } })])
      await joinAll(store, 's1')
      expect(await step(store, 's1')).toMatchObject({ nextDueMs: 100 })
      await clock.advance(99)
      expect(await step(store, 's1')).toMatchObject({ nextDueMs: 1 })
      expect(await stateOf(store, 'a')).toBe('queued')
      await clock.advance(1)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ claimed: [], nextDueMs: null })
      expect(await stateOf(store, 'a')).toBe('expired')
    })

    test('ends with an outcome and a notice', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { expiresMs: 100, owner: null, options: { ttlMs: TTL_MS } })])
      await joinAll(store, 's1')
      await clock.advance(150)
      await step(store, 's1')
      const at = clock.now()
      const cursor = expect.any(String)
      const job = { task: 'score', owner: null }
      expect(await feedAfter(store)).toEqual([{ cursor, type: 'expired', jobId: 'a', ...job, at }])
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'expired',
        id: 'a',
        ...job,
        attempt: 0,
        finishedAt: at,
      })
      expect(await store.counts()).toMatchObject({ queued: 0 })
      expect(await store.cancel(cancelOf('a'))).toEqual({ outcome: 'ended', state: 'expired' })
    })

    test('keeps its outcome as long as its options say, without any for no time', async ({
      store,
      clock,
      elapse,
    }) => {
      await store.enqueue([
        newJob('short', { expiresMs: 1, options: { ttlMs: 60_000 } }),
        newJob('long', { expiresMs: 1, options: { ttlMs: 120_000 } }),
        newJob('none', { expiresMs: 1 }),
      ])
      await joinAll(store, 's1')
      await clock.advance(1)
      await step(store, 's1')
      const states = () => Promise.all(['short', 'long', 'none'].map((id) => stateOf(store, id)))
      expect(await states()).toEqual(['expired', 'expired', null])
      await elapse(60_000)
      expect(await states()).toEqual([null, 'expired', null])
      expect(told(await feedAfter(store))).toEqual(['expired long', 'expired none', 'expired short'])
    })

    test('may be delayed, or wait for others', async ({ store, clock }) => {
      await store.enqueue([
        newJob('delayed', { delayMs: 1_000, expiresMs: 500, options: { ttlMs: TTL_MS } }),
        parentOf('parent', 1, { expiresMs: 600, options: { ttlMs: TTL_MS } }),
        childOf('parent', 0, { id: 'child', delayMs: 5_000, options: { ttlMs: TTL_MS } }),
      ])
      await joinAll(store, 's1')
      await clock.advance(599)
      await step(store, 's1')
      expect([await stateOf(store, 'delayed'), await stateOf(store, 'parent')]).toEqual([
        'expired',
        'waiting',
      ])
      await clock.advance(1)
      await step(store, 's1')
      expect([await stateOf(store, 'parent'), await stateOf(store, 'child')]).toEqual([
        'expired',
        'cancelled',
      ])
      await clock.advance(9_000)
      expect(await claim(store, 's1')).toEqual([])
    })

    test('expires before it is promoted, and before it is claimed, in the same ms', async ({
      store,
      clock,
    }) => {
      await store.enqueue([
        newJob('a', { expiresMs: 10 }),
        newJob('b', { delayMs: 10, expiresMs: 10 }),
        newJob('c', { delayMs: 10, expiresMs: 11 }),
      ])
      await joinAll(store, 's1')
      await clock.advance(10)
      expect(ids(await claim(store, 's1'))).toEqual(['c'])
    })

    test('goes in the order of the moments, in the same ms by id', async ({ store, clock }) => {
      await store.enqueue([
        newJob('c', { expiresMs: 5 }),
        newJob('d', { expiresMs: 4 }),
        newJob('a', { expiresMs: 5 }),
        newJob('b', { expiresMs: 5, delayMs: 3 }),
      ])
      await clock.advance(5)
      await step(store, 'nobody')
      expect(told(await feedAfter(store))).toEqual(['expired d', 'expired a', 'expired b', 'expired c'])
    })

    test('does not expire once an attempt has begun, whatever comes of that', async ({ store, clock }) => {
      await store.enqueue(
        ['runs', 'retries', 'lost', 'back'].map((id) => newJob(id, { expiresMs: LEASE_MS })),
      )
      await joinAll(store, 's1', 's2', 's3')
      const [, retries] = await claim(store, 's1', 2)
      await claimOne(store, 's2')
      await claimOne(store, 's3')
      await settle(store, 's1', retrying(retries!, 1))
      await store.extend('s1', 2 * LEASE_MS)
      await store.extend('s3', 2 * LEASE_MS)
      await clock.advance(LEASE_MS)
      await store.extend('s1', LEASE_MS)
      await step(store, 's1')
      await store.leave('s3')
      await step(store, 's1')
      expect(await feedAfter(store)).toMatchObject([{ type: 'retrying' }])
      expect(ids(await claim(store, 's1')).toSorted()).toEqual(['back', 'lost', 'retries'])
    })

    test('is not due for anything once it has ended', async ({ store, clock }) => {
      await store.enqueue(['done', 'cancelled'].map((id) => newJob(id, { expiresMs: 10 })))
      await joinAll(store, 's1')
      await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      await store.cancel(cancelOf('cancelled'))
      expect(await step(store, 's1')).toMatchObject({ nextDueMs: null })
      await clock.advance(10)
      await step(store, 's1')
      expect(told(await feedAfter(store))).toEqual(['succeeded done', 'cancelled cancelled'])
    })

    test('wakes whoever waits', { timeout: 4_000 }, async ({ store, clock }) => {
      await store.pause({ queue: 'default' })
      await store.enqueue([newJob('a', { expiresMs: 1_000 })])
      await joinAll(store, 's1')
      await sleeps(store, clock, async () => (await step(store, 's1', { claim: 1 })).nextDueMs)
      expect(told(await feedAfter(store))).toEqual(['expired a'])
    })
  })
}
