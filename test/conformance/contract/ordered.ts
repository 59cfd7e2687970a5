import type { NewJob } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  LEASE_MS,
  cancelOf,
  claim,
  claimOne,
  ids,
  inLane,
  joinAll,
  newJob,
  newJobs,
  retrying,
  runAll,
  settle,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function orderedContract(test: ContractTest): void {
  describe('ordered jobs', () => {
    const ordered = (lane: string, ...names: string[]): NewJob[] =>
      names.map((id) => newJob(id, { options: { lane, ordered: true } }))

    test('run one at a time for each key, in order, over all workers and queues', async ({ store }) => {
      await store.enqueue([
        ...ordered('a', 'a2', 'a1'),
        ...ordered('b', 'b1', 'b2'),
        newJob('a3', { options: { lane: 'a', ordered: true, queue: 'other' } }),
      ])
      await joinAll(store, 's1', 's2')
      const [a2, b1, ...more] = await claim(store, 's1')
      expect([a2!.id, b1!.id, more]).toEqual(['a2', 'b1', []])
      expect((await step(store, 's2', { claim: 9, queues: ['default', 'other'] })).claimed).toEqual([])
      await settle(store, 's1', succeeded(a2!))
      expect(ids(await claim(store, 's2'))).toEqual(['a1'])
    })

    test('keep their place through their retries, and are next when they are due', async ({
      store,
      clock,
    }) => {
      await store.enqueue([...ordered('a', 'a1', 'a2'), ...ordered('b', 'b1')])
      await joinAll(store, 's1')
      const [a1] = await claim(store, 's1')
      await settle(store, 's1', retrying(a1!, 1_000))
      expect(await claim(store, 's1')).toEqual([])
      await clock.advance(999)
      expect(await claim(store, 's1')).toEqual([])
      await clock.advance(1)
      const [again, ...more] = await claim(store, 's1')
      expect([again!.id, again!.attempt, more]).toEqual(['a1', 2, []])
      const reply = await step(store, 's1', { settle: [retrying(again!, 0)], claim: 9 })
      expect(reply.claimed).toMatchObject([{ id: 'a1', attempt: 3 }])
      await settle(store, 's1', succeeded(reply.claimed[0]!))
      expect(ids(await claim(store, 's1'))).toEqual(['a2'])
    })

    test('leave their place in other limits free between their attempts', async ({ store }) => {
      await store.limit([
        { of: 'task', name: 'score', limit: { concurrency: 1 } },
        { of: 'queue', name: 'default', limit: { concurrency: 1 } },
      ])
      await store.enqueue([...ordered('a', 'a1', 'a2'), ...ordered('b', 'b1')])
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 1_000))
      expect(ids(await claim(store, 's1'))).toEqual(['b1'])
    })

    test('let the next one start when one is cancelled between its attempts', async ({ store, clock }) => {
      await store.enqueue(ordered('a', 'a1', 'a2', 'a3'))
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 1_000))
      await store.cancel(cancelOf('a1'))
      expect(ids(await claim(store, 's1'))).toEqual(['a2'])
      await clock.advance(1_000)
      expect(await claim(store, 's1')).toEqual([])
    })

    test('are the next ones of their key again when their worker is lost', async ({ store, clock }) => {
      await store.enqueue(ordered('a', 'a1', 'a2'))
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      expect(await claim(store, 's2')).toMatchObject([{ id: 'a1', attempt: 2 }])
    })

    test('do not wait for one that is delayed before its first attempt', async ({ store, clock }) => {
      await store.enqueue([
        newJob('later', { delayMs: 10, options: { lane: 'a', ordered: true } }),
        ...ordered('a', 'a1', 'a2'),
      ])
      await joinAll(store, 's1')
      const a1 = await claimOne(store, 's1')
      await clock.advance(10)
      await settle(store, 's1', succeeded(a1))
      expect(await runAll(store, 's1')).toEqual(['a2', 'later'])
    })

    test('wait for those of their key that run, though these are not ordered themselves, in a lane of their own', async ({
      store,
    }) => {
      await store.enqueue([...inLane('a', 'a1', 'a2'), ...ordered('a', 'a3', 'a4'), ...inLane('a', 'a5')])
      await joinAll(store, 's1')
      const [a1, a2, a5, ...more] = await claim(store, 's1')
      expect([a1!.id, a2!.id, a5!.id, more]).toEqual(['a1', 'a2', 'a5', []])
      await settle(store, 's1', succeeded(a1!), succeeded(a2!))
      expect(await claim(store, 's1')).toEqual([])
      await settle(store, 's1', succeeded(a5!))
      expect(await runAll(store, 's1')).toEqual(['a3', 'a4'])
    })

    test('hold up none of their key that are not', async ({ store }) => {
      await store.enqueue([...ordered('a', 'a1', 'a2'), ...inLane('a', 'a3', 'a4')])
      await joinAll(store, 's1')
      const [a1] = await claim(store, 's1', 1)
      expect(a1!.id).toBe('a1')
      await settle(store, 's1', retrying(a1!, 1_000))
      expect(ids(await claim(store, 's1'))).toEqual(['a3', 'a4'])
    })

    test('are like any others without a key', async ({ store }) => {
      await store.enqueue([
        newJob('a', { options: { ordered: true } }),
        newJob('b', { options: { ordered: true } }),
        newJob('c', { options: { ordered: true, lane: '' } }),
        newJob('d', { options: { ordered: true, lane: '' } }),
      ])
      await joinAll(store, 's1')
      const all = await claim(store, 's1')
      expect(ids(all)).toEqual(['a', 'c', 'b', 'd'])
      await settle(store, 's1', ...all.map((job) => retrying(job, 0)))
      await store.enqueue(newJobs('e'))
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'c', 'b', 'd', 'e'])
    })
  })
}
