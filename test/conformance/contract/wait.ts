import type { Claimed, Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import type { ManualClock } from '../../kit/manual-clock.ts'
import {
  cancelOf,
  claim,
  claimOne,
  ids,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  retrying,
  settle,
  succeeded,
  step,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

/** Longer than any of these tests lets pass: a wait that ends was woken. */
const LONG_MS = 10 ** 12
const SHORT_MS = 50
/** A store may look by itself now and then (on Redis with each beat); a test in which only that helped has failed. */
const MISSED_MS = 4_000

const NOTHING = { work: false, cancelled: [] }
const told = { id: 'a', by: 'ada', reason: 'no longer needed' }

/** A worker with one hand free: steps, and waits for no longer than the step allows, until it has a job. */
async function nextJob(store: Store, session: string): Promise<Claimed> {
  const { signal } = new AbortController()
  for (;;) {
    const { claimed, nextDueMs } = await step(store, session, { claim: 1 })
    if (claimed[0] !== undefined) return claimed[0]
    await store.wait(session, { work: true, timeoutMs: Math.min(LONG_MS, nextDueMs ?? LONG_MS), signal })
  }
}

/** Lets time pass, ms by ms, until something has happened. */
async function arrives(clock: ManualClock, event: Promise<unknown>): Promise<void> {
  let hasHappened = false
  void event.then(() => (hasHappened = true))
  while (!hasHappened) await clock.advance(1)
}

export function waitContract(test: ContractTest): void {
  describe('wait', { timeout: MISSED_MS }, () => {
    const { signal } = new AbortController()

    test('ends at once when work is there', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      expect(await store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })).toEqual({
        work: true,
        cancelled: [],
      })
    })

    test('ends when a job is enqueued', async ({ store }) => {
      await joinAll(store, 's1')
      const wake = store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })
      await store.enqueue(newJobs('a'))
      expect(await wake).toEqual({ work: true, cancelled: [] })
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('ends for each of those who wait, as long as there is work left for them', async ({ store }) => {
      await joinAll(store, 's1', 's2', 's3')
      const claims = ['s1', 's2', 's3'].map(async (session) => {
        for (;;) {
          const [job] = await claim(store, session, 1)
          if (job !== undefined) return job.id
          await store.wait(session, { work: true, timeoutMs: LONG_MS, signal })
        }
      })
      await store.enqueue(newJobs('a', 'b', 'c'))
      expect((await Promise.all(claims)).sort()).toEqual(['a', 'b', 'c'])
    })

    test('misses nothing that came between the last step and the wait', async ({ store }) => {
      await joinAll(store, 's1')
      for (const id of ['a', 'b', 'c']) {
        expect(await claim(store, 's1')).toEqual([])
        await store.enqueue(newJobs(id))
        expect(await store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })).toMatchObject({
          work: true,
        })
        await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      }
    })

    test('ends when jobs are handed back by a session that leaves, is replaced or is reaped', async ({
      store,
      clock,
    }) => {
      await store.join({ session: 's1', leaseMs: 100 * LEASE_MS })
      const waitForWork = () => store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })
      /** The job comes into the line, and once `s1` has been woken for it, another takes it. */
      const taken = async (session: string, comeIntoLine: () => Promise<unknown>) => {
        const wake = waitForWork()
        await comeIntoLine()
        expect(await wake).toMatchObject({ work: true })
        await joinAll(store, session)
        await claimOne(store, session)
      }
      const replaces = { session: 'replaced', holds: [] }
      await taken('leaves', () => store.enqueue(newJobs('a')))
      await taken('replaced', () => store.leave('leaves'))
      await taken('reaped', () => store.join({ session: 'other', leaseMs: LEASE_MS, replaces }))
      await clock.advance(LEASE_MS)
      await taken('last', () => store.extend('s1', 100 * LEASE_MS))
    })

    test('ends not later than the next delayed job is due, when bounded by what step said', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1')
      await store.enqueue([newJob('a', { delayMs: SHORT_MS })])
      const { nextDueMs } = await step(store, 's1', { claim: 1 })
      const wake = store.wait('s1', { work: true, timeoutMs: nextDueMs!, signal })
      await clock.advance(SHORT_MS)
      await wake
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('ends in time for a job that was delayed after it began', async ({ store, clock }) => {
      await joinAll(store, 's1')
      const wake = store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })
      await store.enqueue([newJob('a', { delayMs: SHORT_MS })])
      await clock.advance(SHORT_MS)
      expect(await wake).toMatchObject({ work: true })
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('ends in time for a retry that another session asked for after it began', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1', 's2')
      await store.enqueue(newJobs('a'))
      await store.wait('s1', { work: true, timeoutMs: LONG_MS, signal })
      const job = await claimOne(store, 's2')
      const claimed = nextJob(store, 's1')
      await settle(store, 's2', retrying(job, SHORT_MS))
      await arrives(clock, claimed)
      expect(await claimed).toMatchObject({ id: 'a', attempt: 2 })
    })

    test('ends in time for a delayed job of which a worker knows that has no hand free any more', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1', 's2')
      const claimed = Promise.all([nextJob(store, 's1'), nextJob(store, 's2')])
      await store.counts()
      await store.enqueue([newJob('a', { delayMs: SHORT_MS }), newJob('b')])
      await arrives(clock, claimed)
      expect(ids(await claimed).sort()).toEqual(['a', 'b'])
    })

    test('ends with nothing when its time is over', async ({ store, clock }) => {
      await joinAll(store, 's1')
      const wake = store.wait('s1', { work: true, timeoutMs: SHORT_MS, signal })
      await clock.advance(SHORT_MS)
      expect(await wake).toEqual(NOTHING)
    })

    test('ends with nothing when it is aborted, before or meanwhile', async ({ store }) => {
      await joinAll(store, 's1')
      expect(await store.wait('s1', { work: true, timeoutMs: LONG_MS, signal: AbortSignal.abort() })).toEqual(
        NOTHING,
      )
      const abort = new AbortController()
      const wake = store.wait('s1', { work: true, timeoutMs: LONG_MS, signal: abort.signal })
      abort.abort()
      expect(await wake).toEqual(NOTHING)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ alive: true })
    })

    test('is not woken by work that it does not wait for', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const wake = store.wait('s1', { work: false, timeoutMs: SHORT_MS, signal })
      await store.enqueue(newJobs('b'))
      await clock.advance(SHORT_MS)
      expect(await wake).toEqual(NOTHING)
    })

    test.for([true, false])(
      'is told of a job of its session that is cancelled, with work: %s',
      async (work, { store }) => {
        await store.enqueue(newJobs('a'))
        await joinAll(store, 's1')
        await claimOne(store, 's1')
        const wake = store.wait('s1', { work, timeoutMs: LONG_MS, signal })
        await store.cancel(cancelOf('a'))
        expect((await wake).cancelled).toEqual([told])
      },
    )

    test('is told of all jobs that were cancelled while nobody waited, and once', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      await claim(store, 's1')
      await store.cancel(cancelOf('a'))
      await store.cancel({ id: 'b', by: null, reason: null, ttlMs: 1_000 })
      await store.extend('s1', LEASE_MS)
      const seen = new Map<string, unknown>()
      while (seen.size < 2) {
        const { cancelled } = await store.wait('s1', { work: false, timeoutMs: LONG_MS, signal })
        for (const job of cancelled) {
          expect(seen).not.toContain(job.id)
          seen.set(job.id, job)
        }
      }
      expect([...seen.values()]).toEqual([told, { id: 'b', by: null, reason: null }])
      const wake = store.wait('s1', { work: false, timeoutMs: SHORT_MS, signal })
      await clock.advance(SHORT_MS)
      expect(await wake).toEqual(NOTHING)
    })

    test('is told only of the jobs of its own session', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'waits'))
      await joinAll(store, 's1', 's2')
      await claimOne(store, 's1')
      const mine = store.wait('s1', { work: false, timeoutMs: LONG_MS, signal })
      const other = store.wait('s2', { work: false, timeoutMs: SHORT_MS, signal })
      await store.cancel(cancelOf('waits'))
      await store.cancel(cancelOf('a'))
      await clock.advance(SHORT_MS)
      expect(await other).toEqual(NOTHING)
      expect(await mine).toEqual({ work: false, cancelled: [told] })
    })

    test('tells the session that took the job over', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 'old')
      const job = await claimOne(store, 'old')
      await store.join({ session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds: [job] } })
      const wake = store.wait('new', { work: false, timeoutMs: LONG_MS, signal })
      await store.cancel(cancelOf('a'))
      expect((await wake).cancelled).toEqual([told])
    })
  })
}
