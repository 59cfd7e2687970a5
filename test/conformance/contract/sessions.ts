import type { Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  encoded,
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

export function sessionContract(test: ContractTest): void {
  describe('join', () => {
    test('starts a session that can claim', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      expect(await store.join({ session: 's1', leaseMs: LEASE_MS })).toEqual({ lost: [] })
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        alive: true,
        claimed: [{ id: 'a' }],
      })
    })

    test('moves the jobs that are still held to the new session, as they were claimed', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 'old')
      const [a, b] = await claim(store, 'old')
      await store.progress('old', [report(a!, 0.5)])
      await clock.advance(100)
      expect(
        await store.join({
          session: 'new',
          leaseMs: LEASE_MS,
          replaces: { session: 'old', holds: [a!, b!] },
        }),
      ).toEqual({ lost: [] })
      expect(await store.get('a')).toMatchObject({
        state: 'running',
        attempt: 1,
        startedAt: a!.claimedAt,
        progress: encoded(0.5),
      })
      expect(await settle(store, 'old', succeeded(a!))).toMatchObject({ alive: false, lost: ['a'] })
      expect(await settle(store, 'new', succeeded(a!), retrying(b!))).toMatchObject({ alive: true, lost: [] })
      expect(told(await feedAfter(store))).toEqual(['progress a', 'succeeded a', 'retrying b'])
    })

    test('hands claims that the worker never heard of back to the head of the line, without counting', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 'old')
      const [, b] = await claim(store, 'old', 3)
      await store.join({ session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds: [b!] } })
      expect(await store.counts()).toMatchObject({ queued: 3, running: 1, workers: 1 })
      const claimed = await claim(store, 'new')
      expect(claimed.map(({ id, attempt }) => [id, attempt])).toEqual([
        ['a', 1],
        ['c', 1],
        ['d', 1],
      ])
    })

    test('answers the holds that are no longer true', async ({ store, clock }) => {
      await store.enqueue(newJobs('settled', 'cancelled', 'again', 'held'))
      await joinAll(store, 'old')
      const [settled, cancelled, again, held] = await claim(store, 'old')
      await settle(store, 'old', succeeded(settled!), retrying(again!, 0))
      await store.cancel(cancelOf('cancelled'))
      await clock.advance(1)
      await claimOne(store, 'old')
      const holds = [settled!, cancelled!, again!, held!, { id: 'nobody', claimedAt: 1 }]
      const { lost } = await store.join({
        session: 'new',
        leaseMs: LEASE_MS,
        replaces: { session: 'old', holds },
      })
      expect(lost).toEqual(['settled', 'cancelled', 'again', 'nobody'])
      expect(await stateOf(store, 'held')).toBe('running')
      expect(await store.get('again')).toMatchObject({ state: 'queued', attempt: 1 })
    })

    test('changes nothing when it is repeated, and answers the same', async ({ store, clock }) => {
      await store.enqueue(newJobs('held', 'settled', 'unheard'))
      await joinAll(store, 'old')
      const [held, settled] = await claim(store, 'old')
      await settle(store, 'old', succeeded(settled!))
      await clock.advance(5)
      const replaces = { session: 'old', holds: [held!, settled!] }
      const join = () => store.join({ session: 'new', leaseMs: LEASE_MS, replaces })
      const seen = async () => [await store.get('held'), await store.get('unheard'), await store.counts()]
      const first = await join()
      const before = await seen()
      expect([first, await join(), await join()]).toEqual(
        Array.from({ length: 3 }, () => ({ lost: ['settled'] })),
      )
      expect(await seen()).toEqual(before)
      expect(await settle(store, 'new', succeeded(held!))).toMatchObject({ alive: true, lost: [] })
    })

    test('answers every hold of a session that was reaped, even of jobs that others hold now', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 'old')
      const holds = await claim(store, 'old')
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      await claimOne(store, 's2')
      expect(
        await store.join({ session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds } }),
      ).toEqual({ lost: ['a', 'b'] })
      expect([await stateOf(store, 'a'), await stateOf(store, 'b')]).toEqual(['running', 'queued'])
    })
  })

  describe('extend', () => {
    test('renews the lease: the session outlives it by as much', async ({ store, clock }) => {
      await joinAll(store, 's1')
      await store.join({ session: 'watch', leaseMs: 10 * LEASE_MS })
      await clock.advance(LEASE_MS - 1)
      expect(await store.extend('s1', LEASE_MS)).toEqual({ alive: true, reaped: 0 })
      await clock.advance(LEASE_MS - 1)
      expect(await store.extend('watch', LEASE_MS)).toEqual({ alive: true, reaped: 0 })
      expect(await step(store, 's1')).toMatchObject({ alive: true })
    })

    test('reaps a session at the ms at which its lease ends, and not before', async ({ store, clock }) => {
      await joinAll(store, 's1')
      await store.join({ session: 'watch', leaseMs: 10 * LEASE_MS })
      await clock.advance(LEASE_MS - 1)
      expect(await store.extend('watch', 10 * LEASE_MS)).toEqual({ alive: true, reaped: 0 })
      await clock.advance(1)
      expect(await store.extend('watch', 10 * LEASE_MS)).toEqual({ alive: true, reaped: 1 })
      expect(await store.extend('watch', 10 * LEASE_MS)).toEqual({ alive: true, reaped: 0 })
      expect(await store.extend('s1', LEASE_MS)).toEqual({ alive: false, reaped: 0 })
    })

    test('puts the jobs of the dead at the head of the line, oldest first, with one attempt counted', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1', 's2')
      const a = await claimOne(store, 's1')
      await claimOne(store, 's2')
      await claimOne(store, 's1')
      await settle(store, 's1', retrying(a, 0)) // `a` goes to the end, and has one attempt behind it
      await clock.advance(1)
      await claim(store, 's1', 2) // d, e
      await claimOne(store, 's2') // a
      await store.enqueue(newJobs('f'))
      await clock.advance(LEASE_MS)
      await joinAll(store, 'watch')
      expect(await store.extend('watch', LEASE_MS)).toEqual({ alive: true, reaped: 2 })
      expect(await store.get('a')).toMatchObject({ state: 'queued', attempt: 2 })
      const claimed = await claim(store, 'watch')
      expect(claimed.map(({ id, attempt }) => [id, attempt])).toEqual([
        ['a', 3],
        ['b', 2],
        ['c', 2],
        ['d', 2],
        ['e', 2],
        ['f', 1],
      ])
    })

    test('tells nobody of a reaped job but who claims it', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      await clock.advance(LEASE_MS)
      await joinAll(store, 'watch')
      await store.extend('watch', LEASE_MS)
      expect(await feedAfter(store)).toEqual([])
    })

    test('renews a lease that has run out, as long as nobody reaped it', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await clock.advance(LEASE_MS + 1)
      expect(await store.extend('s1', LEASE_MS)).toEqual({ alive: true, reaped: 0 })
      expect(await settle(store, 's1', succeeded(job))).toMatchObject({ alive: true, lost: [] })
    })

    test('says so to a session that was reaped, never joined or left, and does not bring it back', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 'reaped', 'left')
      await store.leave('left')
      await clock.advance(LEASE_MS)
      await joinAll(store, 'watch')
      await store.extend('watch', LEASE_MS)
      await store.enqueue(newJobs('a'))
      for (const session of ['reaped', 'left', 'nobody']) {
        expect([session, await store.extend(session, LEASE_MS)]).toEqual([
          session,
          { alive: false, reaped: 0 },
        ])
        expect(await step(store, session, { claim: 1 })).toMatchObject({
          alive: false,
          claimed: [],
        })
      }
    })

    test('leaves alone what a reaped session had settled', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(a!), retrying(b!, 2 * LEASE_MS))
      await store.cancel(cancelOf('c'))
      await clock.advance(LEASE_MS)
      await joinAll(store, 'watch')
      await store.extend('watch', LEASE_MS)
      expect(await claim(store, 'watch')).toEqual([])
      expect(await store.get('b')).toMatchObject({ state: 'retrying', attempt: 1 })
      expect(await store.counts()).toEqual({
        queued: 0,
        waiting: 0,
        scheduled: 0,
        retrying: 1,
        running: 0,
        workers: 1,
      })
    })
  })

  describe('handing back what has not begun', () => {
    test('puts it at the head of its line at once, oldest first, without counting; the rest stays held', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 's1', 's2')
      const [a, b, c] = await claim(store, 's1', 3)
      await store.handBack('s1', [c!, b!])
      expect(await store.get('b')).toMatchObject({ state: 'queued', attempt: 0 })
      expect(await store.get('a')).toMatchObject({ state: 'running', worker: 's1' })
      const claimed = await claim(store, 's2')
      expect(claimed.map(({ id, attempt }) => [id, attempt])).toEqual([
        ['b', 1],
        ['c', 1],
        ['d', 1],
      ])
      expect(await settle(store, 's1', succeeded(a!))).toMatchObject({ alive: true, lost: [] })
    })

    test('fences the hold out', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await store.handBack('s1', [job])
      expect(await settle(store, 's1', succeeded(job))).toMatchObject({ alive: true, lost: ['a'] })
      await clock.advance(1)
      const again = await claimOne(store, 's1')
      expect(await settle(store, 's1', succeeded(again))).toMatchObject({ lost: [] })
    })

    test('takes a hold that is named twice for one', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      const job = await claimOne(store, 's1')
      await store.handBack('s1', [job, job])
      expect(await store.counts()).toMatchObject({ queued: 1, running: 0 })
      expect((await claim(store, 's2')).map(({ id }) => id)).toEqual(['a'])
    })

    test('passes over holds that are no longer true', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1', 's2')
      const [a, b] = await claim(store, 's1', 2)
      await settle(store, 's1', succeeded(a!))
      await store.handBack('s1', [b!])
      await clock.advance(1)
      const [taken] = await claim(store, 's2', 1)
      expect(taken).toMatchObject({ id: 'b' })
      await store.handBack('s1', [a!, b!, { id: 'nobody', claimedAt: 1 }])
      await store.handBack('nobody', [taken!])
      expect(await store.get('a')).toMatchObject({ state: 'succeeded' })
      expect(await store.get('b')).toMatchObject({ state: 'running', worker: 's2' })
      expect(await settle(store, 's2', succeeded(taken!))).toMatchObject({ lost: [] })
    })

    test('keeps the attempts that had counted before, and wakes who waits', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      const held = await claimOne(store, 's1')
      const waiting = store.wait('s2', {
        work: true,
        timeoutMs: 60_000,
        signal: new AbortController().signal,
      })
      await store.handBack('s1', [held])
      expect(await waiting).toMatchObject({ work: true })
      expect(await claimOne(store, 's2')).toMatchObject({ id: 'a', attempt: 2 })
    })
  })

  describe('leave', () => {
    test('hands the jobs back to the head of the line at once, oldest first, without counting', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 's1', 's2')
      const [a] = await claim(store, 's1', 3)
      await settle(store, 's1', succeeded(a!))
      expect(await store.leave('s1')).toEqual({ returned: 2 })
      expect(await store.get('b')).toMatchObject({ state: 'queued', attempt: 0 })
      const claimed = await claim(store, 's2')
      expect(claimed.map(({ id, attempt }) => [id, attempt])).toEqual([
        ['b', 1],
        ['c', 1],
        ['d', 1],
      ])
    })

    test('fences the session out', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await store.leave('s1')
      expect(await settle(store, 's1', succeeded(job))).toMatchObject({ alive: false, lost: ['a'] })
      expect(await store.progress('s1', [report(job, 1)])).toEqual({ lost: ['a'] })
      expect(await feedAfter(store)).toEqual([])
    })

    test('keeps the attempts that had counted before', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1', 's2')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      await claimOne(store, 's1')
      await store.leave('s1')
      expect(await claimOne(store, 's2')).toMatchObject({ id: 'a', attempt: 2 })
    })

    test('is nothing for a session that holds nothing or is not there', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      expect(await store.leave('s1')).toEqual({ returned: 0 })
      expect(await store.leave('s1')).toEqual({ returned: 0 })
      expect(await store.leave('nobody')).toEqual({ returned: 0 })
    })
  })

  describe('keepAlive', () => {
    /** Beats and looks use one connection, so that a look sees the beat that was due before it. */
    const workers = async (store: Store): Promise<number> => (await store.counts()).workers

    test('renews the lease, three times in its length, until it is stopped', async ({ store, clock }) => {
      await joinAll(store, 's1')
      const stop = store.keepAlive('s1', {
        leaseMs: LEASE_MS,
        onLost: () => expect.unreachable('It was lost.'),
      })
      for (let beat = 0; beat < 10; beat++) {
        await clock.advance(LEASE_MS / 3)
        expect(await workers(store)).toBe(1)
      }
      await clock.advance(LEASE_MS - 1)
      expect(await workers(store)).toBe(1)
      await stop()
      await clock.advance(LEASE_MS)
      expect(await workers(store)).toBe(0)
      expect(await store.extend('s1', LEASE_MS)).toMatchObject({ alive: true })
    })

    test('calls `onLost` once when the session was reaped', async ({ store, clock }) => {
      await store.join({ session: 's1', leaseMs: 1_000 })
      await store.join({ session: 'watch', leaseMs: 100 * LEASE_MS })
      let calls = 0
      const lost = new Promise<void>((resolve) => {
        store.keepAlive('s1', { leaseMs: LEASE_MS, onLost: () => (calls++, resolve()) })
      })
      await clock.advance(1_000)
      expect(await store.extend('watch', 100 * LEASE_MS)).toMatchObject({ reaped: 1 })
      await clock.advance(LEASE_MS)
      await lost
      await clock.advance(10 * LEASE_MS)
      expect(await workers(store)).toBe(1)
      expect(calls).toBe(1)
    })
  })
}
