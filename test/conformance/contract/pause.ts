import { describe, expect } from 'vitest'
import {
  claim,
  claimOne,
  ids,
  inLane,
  joinAll,
  newJob,
  newJobs,
  retrying,
  settle,
  stateOf,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function pauseContract(test: ContractTest): void {
  describe('pause', () => {
    test('of a queue keeps all its jobs from starting, until it is resumed', async ({ store }) => {
      await store.enqueue([...newJobs('a'), ...inLane('k', 'b'), newJob('m', { options: { queue: 'mail' } })])
      await joinAll(store, 's1')
      await store.pause({ queue: 'default' })
      const queues = ['default', 'mail']
      expect(ids((await step(store, 's1', { claim: 9, queues })).claimed)).toEqual(['m'])
      expect(await store.counts()).toMatchObject({ queued: 2 })
      await store.resume({ queue: 'default' })
      expect(ids((await step(store, 's1', { claim: 9, queues })).claimed)).toEqual(['a', 'b'])
    })

    test('of a task lets those of other tasks pass, in every queue', async ({ store }) => {
      await store.enqueue([
        ...newJobs('a', 'b'),
        ...inLane('k', 'c'),
        newJob('d', { options: { queue: 'mail' } }),
        newJob('other', { task: 'send' }),
        newJob('other-k', { task: 'send', options: { lane: 'k' } }),
      ])
      await joinAll(store, 's1')
      await store.pause({ task: 'score' })
      const queues = ['default', 'mail']
      expect(ids((await step(store, 's1', { claim: 9, queues })).claimed)).toEqual(['other', 'other-k'])
      expect((await step(store, 's1', { claim: 9, queues })).claimed).toEqual([])
      await store.enqueue(newJobs('e'))
      await store.resume({ task: 'score' })
      const resumed = ids((await step(store, 's1', { claim: 9, queues })).claimed)
      expect(resumed.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(resumed.indexOf('a')).toBeLessThan(resumed.indexOf('b'))
    })

    test('of a key lets the other keys pass, and those without one', async ({ store }) => {
      await store.enqueue([
        ...inLane('a', 'a1'),
        ...inLane('b', 'b1'),
        ...inLane('', 'n1'),
        ...newJobs('p1'),
        newJob('m1', { task: 'mail', options: { lane: 'a' } }),
      ])
      await joinAll(store, 's1')
      await store.pause({ task: 'score', key: 'a' })
      expect(ids(await claim(store, 's1'))).toEqual(['p1', 'b1', 'n1', 'm1'])
      await store.resume({ task: 'score', key: 'a' })
      expect(ids(await claim(store, 's1'))).toEqual(['a1'])
    })

    test('of a key that nobody can have keeps nobody', async ({ store }) => {
      await store.enqueue([...newJobs('a'), ...inLane('', 'b')])
      await joinAll(store, 's1')
      expect(await store.pause({ task: 'score', key: '' })).toBe(true)
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b'])
    })

    test('leaves alone what runs: it may report, succeed and be tried again', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await store.pause({ task: 'score' })
      expect(await settle(store, 's1', succeeded(a!), retrying(b!, 0))).toMatchObject({ lost: [] })
      expect(await claim(store, 's1')).toEqual([])
      expect([await stateOf(store, 'a'), await stateOf(store, 'b')]).toEqual(['succeeded', 'queued'])
    })

    test('takes in what is enqueued and what becomes due', async ({ store, clock }) => {
      await store.pause({ queue: 'default' })
      await store.enqueue([newJob('a'), newJob('b', { delayMs: 5 })])
      await joinAll(store, 's1')
      await clock.advance(5)
      expect(await step(store, 's1', { claim: 9 })).toMatchObject({ claimed: [], nextDueMs: null })
      expect(await store.counts()).toMatchObject({ queued: 2, scheduled: 0 })
      await store.resume({ queue: 'default' })
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b'])
    })

    test('answers whether it changed anything, as resume does', async ({ store }) => {
      for (const target of [{ queue: 'x' }, { task: 'x' }, { task: 'x', key: 'y' }]) {
        expect(await store.resume(target)).toBe(false)
        expect(await store.pause(target)).toBe(true)
        expect(await store.pause(target)).toBe(false)
        expect(await store.resume(target)).toBe(true)
        expect(await store.resume(target)).toBe(false)
      }
    })

    test('is listed, in the order of its JSON text', async ({ store }) => {
      expect(await store.paused()).toEqual([])
      const targets = [
        { task: 'b' },
        { queue: 'z' },
        { key: 'k "ü"\n|', task: 'a' },
        { task: 'a' },
        { queue: 'a' },
        { task: 'a', key: 'j' },
      ]
      for (const target of targets) await store.pause(target)
      expect(await store.paused()).toEqual([
        { queue: 'a' },
        { queue: 'z' },
        { task: 'a', key: 'j' },
        { task: 'a', key: 'k "ü"\n|' },
        { task: 'a' },
        { task: 'b' },
      ])
      await store.resume({ task: 'a', key: 'j' })
      await store.resume({ queue: 'z' })
      expect(await store.paused()).toHaveLength(4)
    })

    test('stands beside limits and other pauses', async ({ store }) => {
      await store.limit([{ of: 'task', name: 'score', limit: { concurrency: 1 } }])
      await store.enqueue(inLane('k', 'a', 'b'))
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      const pauses = [{ queue: 'default' }, { task: 'score' }, { task: 'score', key: 'k' }]
      for (const target of pauses) await store.pause(target)
      await settle(store, 's1', succeeded(a))
      for (const target of pauses) {
        expect(await claim(store, 's1')).toEqual([])
        await store.resume(target)
      }
      expect(ids(await claim(store, 's1'))).toEqual(['b'])
    })

    test('wakes a worker when it is over', { timeout: 4_000 }, async ({ store }) => {
      await joinAll(store, 's1')
      const { signal } = new AbortController()
      for (const target of [{ queue: 'default' }, { task: 'score' }, { task: 'score', key: 'k' }]) {
        await store.pause(target)
        await store.enqueue(inLane('k', `job-${Object.values(target).join('-')}`))
        const next = (async () => {
          for (;;) {
            const [job] = await claim(store, 's1', 1)
            if (job !== undefined) return job
            await store.wait('s1', { work: true, timeoutMs: 10 ** 12, signal })
          }
        })()
        await store.resume(target)
        await settle(store, 's1', succeeded(await next))
      }
    })
  })
}
