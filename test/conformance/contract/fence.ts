import type { Held } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  encoded,
  failed,
  feedAfter,
  joinAll,
  LEASE_MS,
  newJobs,
  report,
  retrying,
  settle,
  stateOf,
  succeeded,
  told,
  step,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

/** What makes an execution safe: whoever no longer holds a job changes nothing of it. */
export function fenceContract(test: ContractTest): void {
  describe('step fences out', () => {
    const late = (job: Held) => [succeeded(job, 'late'), failed(job), retrying(job)]

    test('a settlement after the job was settled', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      const again = { ...succeeded(job, 'second'), progress: encoded(9) }
      expect(await settle(store, 's1', succeeded(job, 'first'), again)).toMatchObject({ lost: ['a'] })
      for (const settlement of late(job))
        expect(await settle(store, 's1', settlement)).toMatchObject({ alive: true, lost: ['a'] })
      expect(await store.get('a')).toMatchObject({ state: 'succeeded', result: encoded('first') })
      expect(told(await feedAfter(store))).toEqual(['succeeded a'])
    })

    test('a settlement after the session was reaped, whether the job waits, runs elsewhere or has ended', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 'late')
      const job = await claimOne(store, 'late')
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      const attempts = async () => {
        for (const settlement of late(job)) {
          expect(await settle(store, 'late', { ...settlement, progress: encoded(9) })).toMatchObject({
            alive: false,
            lost: ['a'],
          })
        }
        expect(await store.progress('late', [report(job, 9)])).toEqual({ lost: ['a'] })
      }
      await attempts()
      expect(await stateOf(store, 'a')).toBe('queued')
      const second = await claimOne(store, 's2')
      await attempts()
      expect(await store.get('a')).toMatchObject({ state: 'running', attempt: 2 })
      await settle(store, 's2', succeeded(second, 'right'))
      await attempts()
      expect(await store.get('a')).toMatchObject({ state: 'succeeded', attempt: 2, result: encoded('right') })
      expect(told(await feedAfter(store))).toEqual(['succeeded a'])
    })

    test('an earlier execution by the same session', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const first = await claimOne(store, 's1')
      await settle(store, 's1', retrying(first, 0))
      await clock.advance(1)
      const second = await claimOne(store, 's1')
      expect(await settle(store, 's1', succeeded(first, 'stale'))).toMatchObject({ alive: true, lost: ['a'] })
      expect(await store.progress('s1', [report(first, 1)])).toEqual({ lost: ['a'] })
      expect(await settle(store, 's1', failed(first), succeeded(second, 'true'))).toMatchObject({
        lost: ['a'],
      })
      expect(await store.get('a')).toMatchObject({ state: 'succeeded', result: encoded('true'), attempt: 2 })
    })

    test('a session that does not hold the job', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      const job = await claimOne(store, 's1')
      expect(await settle(store, 's2', succeeded(job, 'stolen'))).toMatchObject({ alive: true, lost: ['a'] })
      expect(await settle(store, 's1', succeeded({ ...job, id: 'nobody' }))).toMatchObject({
        lost: ['nobody'],
      })
      expect(await stateOf(store, 'a')).toBe('running')
      expect(await feedAfter(store)).toEqual([])
    })

    test('one settlement without touching the others of the step', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b, c] = await claim(store, 's1')
      await store.cancel(cancelOf('b'))
      expect(await settle(store, 's1', succeeded(a!), succeeded(b!), failed(c!))).toMatchObject({
        lost: ['b'],
      })
      expect(told(await feedAfter(store))).toEqual(['cancelled b', 'succeeded a', 'failed c'])
    })

    test('holds that are no longer true, when asked to verify them', async ({ store, clock }) => {
      await store.enqueue(newJobs('held', 'cancelled', 'ended', 'again'))
      await joinAll(store, 's1')
      const [held, cancelled, ended, again] = await claim(store, 's1')
      await store.cancel(cancelOf('cancelled'))
      await settle(store, 's1', succeeded(ended!), retrying(again!, 0))
      await clock.advance(1)
      await claimOne(store, 's1')
      const verify = [held!, cancelled!, ended!, again!, { id: 'nobody', claimedAt: clock.now() }]
      const reply = await step(store, 's1', { verify })
      expect(reply).toMatchObject({ alive: true, lost: ['cancelled', 'ended', 'again', 'nobody'] })
    })
  })
}
