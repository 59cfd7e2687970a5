import type { LimitRule, NewJob } from '@lovage/core'
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

const atOnce = (of: LimitRule['of'], name: string, concurrency: number): LimitRule => ({
  of,
  name,
  limit: { concurrency },
})

export function limitsContract(test: ContractTest): void {
  describe('limit', () => {
    test('holds for all workers together, and each job that ends lets the next one start', async ({
      store,
    }) => {
      await store.limit([atOnce('task', 'score', 3)])
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1', 's2')
      const [a] = await claim(store, 's1', 2)
      const [c, ...more] = await claim(store, 's2')
      expect([c!.id, more]).toEqual(['c', []])
      expect(await claim(store, 's1')).toEqual([])
      await settle(store, 's1', succeeded(a!))
      expect(ids(await claim(store, 's2'))).toEqual(['d'])
      const reply = await step(store, 's2', { settle: [succeeded(c!)], claim: 5 })
      expect(ids(reply.claimed)).toEqual(['e'])
    })

    test('of a queue holds for its plain line and its lanes, of whatever task', async ({ store }) => {
      await store.limit([atOnce('queue', 'mail', 2)])
      const inMail = (id: string, job: Partial<NewJob> = {}) =>
        newJob(id, { ...job, options: { ...job.options, queue: 'mail' } })
      await store.enqueue([
        inMail('a'),
        inMail('b', { task: 'send', options: { lane: 'k' } }),
        inMail('c'),
        ...newJobs('other'),
      ])
      await joinAll(store, 's1')
      const queues = ['mail', 'default']
      const { claimed } = await step(store, 's1', { claim: 9, queues })
      expect(ids(claimed)).toEqual(['a', 'b', 'other'])
      const next = await step(store, 's1', { settle: [succeeded(claimed[1]!)], claim: 9, queues })
      expect(ids(next.claimed)).toEqual(['c'])
    })

    test('of a task holds in all queues and lanes, and no other task waits for it', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue([
        ...newJobs('a', 'b'),
        newJob('c', { options: { queue: 'mail' } }),
        ...inLane('k', 'd'),
        newJob('other', { task: 'send' }),
      ])
      await joinAll(store, 's1')
      const queues = ['default', 'mail']
      const { claimed } = await step(store, 's1', { claim: 9, queues })
      expect(ids(claimed)).toEqual(['other', 'd'])
      expect(await runAll(store, 's1', queues)).toEqual([])
      await settle(store, 's1', succeeded(claimed[1]!))
      expect(await runAll(store, 's1', queues)).toEqual(['a', 'b', 'c'])
    })

    test('of a task leaves its jobs that have no lane in order, by priority too', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue([
        ...newJobs('c', 'a', 'b'),
        newJob('low', { options: { priority: 1 } }),
        newJob('high', { options: { priority: 2 } }),
      ])
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['high', 'low', 'c', 'a', 'b'])
    })

    test('of keys holds for each key of the task apart', async ({ store }) => {
      await store.limit([atOnce('key', 'score', 2)])
      await store.enqueue([
        ...inLane('a', 'a1', 'a2', 'a3'),
        ...inLane('b', 'b1', 'b2', 'b3'),
        ...inLane('', 'none1', 'none2', 'none3'),
        newJob('plain'),
        ...['m1', 'm2', 'm3'].map((id) => newJob(id, { task: 'mail', options: { lane: 'a' } })),
        newJob('a4', { options: { lane: 'a', queue: 'other' } }),
      ])
      await joinAll(store, 's1')
      const { claimed } = await step(store, 's1', { claim: 50, queues: ['default', 'other'] })
      expect(ids(claimed).sort()).toEqual(
        ['plain', 'a1', 'a2', 'b1', 'b2', 'm1', 'm2', 'm3', 'none1', 'none2', 'none3'].sort(),
      )
      await settle(store, 's1', succeeded(claimed.find(({ id }) => id === 'a2')!))
      expect((await step(store, 's1', { claim: 9, queues: ['other', 'default'] })).claimed).toMatchObject([
        { id: 'a4' },
      ])
    })

    test('lets a job start only when all that concern it do', async ({ store }) => {
      await store.limit([
        atOnce('queue', 'default', 4),
        atOnce('task', 'score', 3),
        atOnce('key', 'score', 2),
      ])
      await store.enqueue([
        ...inLane('a', 'a1', 'a2', 'a3'),
        ...inLane('b', 'b1', 'b2'),
        newJob('m1', { task: 'mail' }),
        newJob('m2', { task: 'mail' }),
      ])
      await joinAll(store, 's1')
      const claimed = await claim(store, 's1')
      expect(ids(claimed)).toEqual(['m1', 'a1', 'b1', 'm2'])
      await settle(store, 's1', succeeded(claimed[0]!), succeeded(claimed[3]!))
      expect(ids(await claim(store, 's1'))).toEqual(['a2'])
      await settle(store, 's1', succeeded(claimed[2]!))
      expect(ids(await claim(store, 's1'))).toEqual(['b2'])
    })

    test('counts what runs already when it is set', async ({ store }) => {
      await store.enqueue([...newJobs('a', 'b', 'c', 'd'), ...inLane('k', 'k1', 'k2', 'k3')])
      await joinAll(store, 's1')
      const running = await claim(store, 's1', 5)
      expect(ids(running)).toEqual(['a', 'k1', 'b', 'k2', 'c'])
      await store.limit([
        atOnce('task', 'score', 3),
        atOnce('key', 'score', 1),
        atOnce('queue', 'default', 4),
      ])
      await settle(store, 's1', succeeded(running[0]!))
      expect(await claim(store, 's1')).toEqual([])
      await settle(store, 's1', succeeded(running[2]!))
      expect(await claim(store, 's1')).toEqual([])
      await settle(store, 's1', succeeded(running[4]!))
      expect(ids(await claim(store, 's1'))).toEqual(['d'])
      await settle(store, 's1', succeeded(running[1]!))
      expect(await claim(store, 's1')).toEqual([])
      await settle(store, 's1', succeeded(running[3]!))
      expect(ids(await claim(store, 's1'))).toEqual(['k3'])
    })

    test('may be changed and taken away, each by itself', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1), atOnce('key', 'score', 2)])
      await store.enqueue(inLane('a', 'a1', 'a2', 'a3', 'a4'))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a1'])
      await store.limit([atOnce('task', 'score', 3)])
      expect(ids(await claim(store, 's1'))).toEqual(['a2'])
      await store.limit([{ of: 'key', name: 'score', limit: null }])
      expect(ids(await claim(store, 's1'))).toEqual(['a3'])
      await store.limit([{ of: 'task', name: 'score', limit: null }])
      expect(ids(await claim(store, 's1'))).toEqual(['a4'])
    })

    test('takes the last of several rules for one name, and none when given none', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 5), atOnce('task', 'score', 1)])
      await store.limit([])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('leaves no trace when it is taken away: jobs of the task stand in the plain line again', async ({
      store,
    }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.limit([{ of: 'task', name: 'score', limit: null }])
      await store.enqueue([...newJobs('a', 'b'), newJob('c', { task: 'mail' })])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b', 'c'])
    })

    test('lets jobs go that waited in a lane for it, when it is taken away', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue([
        ...newJobs('a', 'b', 'c'),
        newJob('m1', { task: 'mail' }),
        newJob('m2', { task: 'mail' }),
      ])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['m1', 'm2', 'a'])
      await store.limit([{ of: 'task', name: 'score', limit: null }])
      await store.enqueue(newJobs('d'))
      expect(ids(await claim(store, 's1')).sort()).toEqual(['b', 'c', 'd'])
    })

    test('gives the place of a job free that is tried again later, and of one that comes back', async ({
      store,
      clock,
    }) => {
      await store.limit([
        atOnce('task', 'score', 1),
        atOnce('key', 'score', 1),
        atOnce('queue', 'default', 1),
      ])
      await store.enqueue(inLane('a', 'a1', 'a2', 'a3', 'a4'))
      await joinAll(store, 's1', 's2', 's3')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 1_000_000))
      expect(await claimOne(store, 's1')).toMatchObject({ id: 'a2' })
      await store.leave('s1')
      expect(await claimOne(store, 's2')).toMatchObject({ id: 'a2' })
      await clock.advance(LEASE_MS - 1)
      await store.extend('s3', LEASE_MS)
      await clock.advance(1)
      expect(await claim(store, 's3')).toEqual([])
      expect(await store.extend('s3', LEASE_MS)).toMatchObject({ reaped: 1 })
      expect(await claimOne(store, 's3')).toMatchObject({ id: 'a2', attempt: 2 })
      expect(await claim(store, 's3')).toEqual([])
    })

    test('of a task lets its jobs that come back from a worker go before those that wait, in its lane too', async ({
      store,
      clock,
    }) => {
      const urgent = newJob('urgent', { options: { priority: 1 } })
      const other = newJob('other', { task: 'mail' })
      await store.limit([atOnce('task', 'score', 2)])
      await store.enqueue([...newJobs('a', 'b', 'c', 'd'), urgent, other])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['other', 'urgent', 'a'])
      await store.leave('s1')
      await joinAll(store, 's2')
      expect(ids(await claim(store, 's2'))).toEqual(['other', 'urgent', 'a'])
      await clock.advance(LEASE_MS)
      await joinAll(store, 's3')
      await store.extend('s3', LEASE_MS)
      expect(await runAll(store, 's3')).toEqual(['other', 'urgent', 'a', 'b', 'c', 'd'])
    })

    test('keeps the places of jobs that move to another session', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 2)])
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 'old')
      const [a, b] = await claim(store, 'old', 2)
      const join = () =>
        store.join({ session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds: [a!] } })
      await join()
      await join()
      expect(ids(await claim(store, 'new'))).toEqual(['b'])
      await settle(store, 'old', succeeded(b!))
      expect(await claim(store, 'new')).toEqual([])
      await settle(store, 'new', succeeded(a!))
      expect(ids(await claim(store, 'new'))).toEqual(['c'])
    })

    test('is not confused by settlements that are lost', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1', 's2')
      const a = await claimOne(store, 's1')
      await settle(store, 's2', succeeded(a))
      expect(await claim(store, 's2')).toEqual([])
      await settle(store, 's1', succeeded(a), succeeded(a), retrying(a))
      expect(ids(await claim(store, 's2'))).toEqual(['b'])
    })

    test('does not see cancelled jobs that never ran', async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue([...newJobs('a', 'b', 'c'), newJob('d', { delayMs: 5 })])
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      await store.cancel(cancelOf('b'))
      await store.cancel(cancelOf('d'))
      await settle(store, 's1', succeeded(a))
      expect(ids(await claim(store, 's1'))).toEqual(['c'])
    })

    test('wakes a worker when there is room again', { timeout: 4_000 }, async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1', 's2')
      const { signal } = new AbortController()
      const a = await claimOne(store, 's1')
      const claimed = (async () => {
        for (;;) {
          const [job] = await claim(store, 's2', 1)
          if (job !== undefined) return job.id
          await store.wait('s2', { work: true, timeoutMs: 10 ** 12, signal })
        }
      })()
      await settle(store, 's1', succeeded(a))
      expect(await claimed).toBe('b')
    })

    test('wakes a worker when it is widened or taken away', { timeout: 4_000 }, async ({ store }) => {
      await store.limit([atOnce('task', 'score', 1)])
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1', 's2')
      const { signal } = new AbortController()
      await claimOne(store, 's1')
      for (const limit of [{ concurrency: 2 }, null]) {
        expect(await claim(store, 's2')).toEqual([])
        const next = (async () => {
          for (;;) {
            await store.wait('s2', { work: true, timeoutMs: 10 ** 12, signal })
            const [job] = await claim(store, 's2', 1)
            if (job !== undefined) return
          }
        })()
        await store.limit([{ of: 'task', name: 'score', limit }])
        await next
      }
    })
  })
}
