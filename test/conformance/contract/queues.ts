import type { NewJob } from '@lovage/core'
import { describe, expect } from 'vitest'
import { claimOne, ids, joinAll, LEASE_MS, newJob, newJobs, retrying, step } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const inQueue = (queue: string, ...names: string[]): NewJob[] =>
  names.map((id) => newJob(id, { options: { queue } }))

export function queuesContract(test: ContractTest): void {
  describe('queues', () => {
    test('give their jobs to those who claim from them', async ({ store }) => {
      await store.enqueue([...inQueue('mail', 'm1', 'm2'), ...newJobs('d1'), ...inQueue('video', 'v1')])
      await joinAll(store, 's1')
      const claim = async (...queues: string[]) =>
        ids((await step(store, 's1', { claim: 10, queues })).claimed)
      expect(await claim('nobody', 'Mail', '')).toEqual([])
      expect(await claim()).toEqual([])
      expect(await claim('default')).toEqual(['d1'])
      expect(await claim('mail')).toEqual(['m1', 'm2'])
      expect(await store.counts()).toMatchObject({ queued: 1, running: 3 })
    })

    test('are asked in the order that the worker names them', async ({ store }) => {
      await store.enqueue([
        ...inQueue('low', 'l1', 'l2'),
        ...inQueue('high', 'h1', 'h2'),
        newJob('h3', { options: { queue: 'high', lane: 'k' } }),
      ])
      await joinAll(store, 's1')
      const queues = ['high', 'low']
      expect(ids((await step(store, 's1', { claim: 2, queues })).claimed)).toEqual(['h1', 'h3'])
      expect(ids((await step(store, 's1', { claim: 10, queues })).claimed)).toEqual(['h2', 'l1', 'l2'])
    })

    test('get their jobs back: after a delay, a retry, or the loss of a worker', async ({ store, clock }) => {
      const queues = ['mail']
      await store.enqueue([
        ...inQueue('mail', 'lost', 'retried'),
        newJob('later', { delayMs: 9, options: { queue: 'mail' } }),
      ])
      await joinAll(store, 's1')
      const { claimed } = await step(store, 's1', { claim: 9, queues })
      await step(store, 's1', { settle: [retrying(claimed[1]!, 10)], queues })
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      expect((await step(store, 's2', { claim: 9 })).claimed).toEqual([])
      expect(ids((await step(store, 's2', { claim: 9, queues })).claimed)).toEqual([
        'lost',
        'later',
        'retried',
      ])
    })

    test('do not keep those awake who serve others', { timeout: 4_000 }, async ({ store, clock }) => {
      await store.enqueue(inQueue('mail', 'a'))
      await joinAll(store, 's1')
      const { signal } = new AbortController()
      let isAsleep = false
      for (let look = 0; look < 10 && !isAsleep; look++) {
        expect((await step(store, 's1', { claim: 1 })).claimed).toEqual([])
        const wait = store.wait('s1', { work: true, timeoutMs: 50, signal })
        const turns = clock.advance(50)
        isAsleep = !(await wait).work
        await turns
      }
      expect(isAsleep).toBe(true)
    })

    test('wake those who serve them', { timeout: 4_000 }, async ({ store }) => {
      await joinAll(store, 's1')
      const { signal } = new AbortController()
      await step(store, 's1', { claim: 1, queues: ['video', 'mail'] })
      const wait = store.wait('s1', { work: true, timeoutMs: 10 ** 12, signal })
      await store.enqueue(inQueue('mail', 'a'))
      expect(await wait).toMatchObject({ work: true })
      await claimOne(store, 's1').then(
        () => expect.unreachable('It is of another queue.'),
        () => {},
      )
    })
  })
}
