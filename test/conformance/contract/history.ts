import { HISTORY_MAX, type Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claimOne,
  failed,
  failure,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  retrying,
  settle,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function historyContract(test: ContractTest): void {
  const error = { name: failure.name, message: failure.message }

  describe('history', () => {
    const historyOf = async (store: Store, id: string) =>
      ((await store.get(id)) as { history?: unknown }).history

    test('tells of each attempt that did not end its job: when, how long, where and why', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      const first = await claimOne(store, 's1')
      await clock.advance(30)
      await settle(store, 's1', retrying(first, 1_000))
      const history = [{ attempt: 1, startedAt: first.claimedAt, ms: 30, worker: 's1', error }]
      expect(await store.get('a')).toMatchObject({ state: 'retrying' })
      expect(await historyOf(store, 'a')).toEqual(history)
      await clock.advance(1_000)
      const second = await claimOne(store, 's2')
      expect(await store.get('a')).toMatchObject({ state: 'running', worker: 's2', history })
      await clock.advance(LEASE_MS)
      await joinAll(store, 's3')
      await store.extend('s3', LEASE_MS)
      history.push({
        attempt: 2,
        startedAt: second.claimedAt,
        ms: LEASE_MS,
        worker: 's2',
        error: { name: 'WORKER_LOST', message: 'its worker was lost' },
      })
      expect(await store.get('a')).toMatchObject({ state: 'queued', attempt: 2, history })
      await settle(store, 's3', failed(await claimOne(store, 's3')))
      expect(await store.get('a')).toMatchObject({ state: 'failed', attempt: 3, worker: 's3' })
      expect(await historyOf(store, 'a')).toEqual(history)
    })

    test('is absent as long as nothing went wrong, as is the worker of a success', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      for (const snapshot of [await store.get('a'), await store.get('b')])
        expect(snapshot).not.toHaveProperty('history')
      await settle(store, 's1', succeeded(a))
      await store.cancel(cancelOf('b'))
      for (const snapshot of [await store.get('a'), await store.get('b')]) {
        expect(snapshot).not.toHaveProperty('history')
        expect(snapshot).not.toHaveProperty('worker')
      }
    })

    test('goes with every outcome, and the worker with a success that came after failures', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('success', 'cancel', 'running'))
      await joinAll(store, 's1', 's2')
      const jobs = (await step(store, 's1', { claim: 3 })).claimed
      await settle(store, 's1', ...jobs.map((job) => retrying(job, job.id === 'cancel' ? 1_000 : 0)))
      const success = (await step(store, 's2', { claim: 2 })).claimed.find(({ id }) => id === 'success')
      await clock.advance(5)
      await settle(store, 's2', succeeded(success!))
      await store.cancel(cancelOf('cancel'))
      await store.cancel(cancelOf('running'))
      const history = [{ attempt: 1, startedAt: success!.claimedAt, ms: 0, worker: 's1', error }]
      expect(await store.get('success')).toMatchObject({ state: 'succeeded', worker: 's2', history })
      for (const id of ['cancel', 'running']) {
        expect(await store.get(id)).toMatchObject({ state: 'cancelled', history })
        expect(await store.get(id)).not.toHaveProperty('worker')
      }
    })

    test('does not count what came back from a worker that left or was replaced', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      await claimOne(store, 's1')
      await store.leave('s1')
      await claimOne(store, 's2')
      await store.join({ session: 's3', leaseMs: LEASE_MS, replaces: { session: 's2', holds: [] } })
      await claimOne(store, 's3')
      expect(await store.get('a')).not.toHaveProperty('history')
    })

    test('keeps the newest attempts', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      for (let attempt = 1; attempt <= HISTORY_MAX + 2; attempt++)
        await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      const attempts = (snapshot: unknown) =>
        (snapshot as { history: { attempt: number }[] }).history.map(({ attempt }) => attempt)
      const newest = Array.from({ length: HISTORY_MAX }, (_, n) => n + 3)
      expect(attempts(await store.get('a'))).toEqual(newest)
      await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      expect(attempts(await store.get('a'))).toEqual(newest)
    })

    test('is not that of another job which had the id before', async ({ store }) => {
      await joinAll(store, 's1')
      await store.enqueue([newJob('a')])
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      await store.cancel(cancelOf('a', 0))
      await store.enqueue([newJob('a')])
      expect(await store.get('a')).not.toHaveProperty('history')
      expect(await claimOne(store, 's1')).toMatchObject({ attempt: 1 })
    })
  })
}
