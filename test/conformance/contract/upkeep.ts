import { START } from '@lovage/core'
import { describe, expect } from 'vitest'
import { cancelOf, claim, joinAll, LEASE_MS, newJob, newJobs, retrying, settle, succeeded } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function upkeepContract(test: ContractTest): void {
  describe('counts', () => {
    test('is all zero for a new queue', async ({ store }) => {
      expect(await store.counts()).toEqual({
        queued: 0,
        waiting: 0,
        scheduled: 0,
        retrying: 0,
        running: 0,
        workers: 0,
      })
    })

    test('counts each live job once, by its state, and no ended one', async ({ store }) => {
      await store.enqueue(newJobs('ends', 'retries', 'runs', 'runs-too', 'queued', 'cancelled', 'queued-too'))
      await store.enqueue([
        newJob('later', { delayMs: 10 }),
        newJob('later-too', { delayMs: 20 }),
        newJob('never', { delayMs: 5 }),
      ])
      await joinAll(store, 's1', 's2')
      const [ends, retries] = await claim(store, 's1', 3)
      await claim(store, 's2', 1)
      await settle(store, 's1', succeeded(ends!), retrying(retries!))
      await store.cancel(cancelOf('cancelled'))
      await store.cancel(cancelOf('never'))
      expect(await store.counts()).toEqual({
        queued: 2,
        waiting: 0,
        scheduled: 2,
        retrying: 1,
        running: 2,
        workers: 2,
      })
    })

    test('counts the workers whose lease runs, reaped or not', async ({ store, clock }) => {
      await joinAll(store, 's1', 's2', 's3')
      await store.leave('s2')
      expect(await store.counts()).toMatchObject({ workers: 2 })
      await clock.advance(LEASE_MS - 1)
      await store.extend('s3', LEASE_MS)
      expect(await store.counts()).toMatchObject({ workers: 2 })
      await clock.advance(1)
      expect(await store.counts()).toMatchObject({ workers: 1 })
    })

    test('is all zero again when everything has ended', async ({ store, clock }) => {
      await store.enqueue([...newJobs('a', 'b'), newJob('c', { delayMs: 10 })])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', retrying(a!, 10), succeeded(b!))
      await clock.advance(10)
      await settle(store, 's1', ...(await claim(store, 's1')).map((job) => succeeded(job)))
      await store.leave('s1')
      expect(await store.counts()).toEqual({
        queued: 0,
        waiting: 0,
        scheduled: 0,
        retrying: 0,
        running: 0,
        workers: 0,
      })
    })
  })

  describe('check', () => {
    test('answers sentences', async ({ store }) => {
      for (const sentence of await store.check()) expect(sentence).toMatch(/^[A-Z].*\.$/s)
    })
  })

  describe('name', () => {
    test('says what errors and log lines call the store', async ({ store }) => {
      expect(store.name).not.toBe('')
    })
  })

  describe('close', () => {
    test('ends the waits and the live feeds', async ({ store }) => {
      await joinAll(store, 's1')
      const { signal } = new AbortController()
      const wait = store.wait('s1', { work: true, timeoutMs: 600_000, signal })
      const feed = store.live(START, signal)[Symbol.asyncIterator]()
      const ends = Promise.allSettled([wait, feed.next()])
      await store.close()
      expect(await ends).toHaveLength(2)
    })

    test('may be called twice, and nothing more can be done', async ({ store }) => {
      await store.close()
      await store.close()
      await expect(store.enqueue(newJobs('a'))).rejects.toMatchObject({ name: 'LovageError' })
    })
  })
}
