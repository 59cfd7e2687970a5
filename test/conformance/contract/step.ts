import { type Claimed, encode, type Encoded, type Settlement } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  encoded,
  failed,
  failure,
  feedAfter,
  ids,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  retrying,
  settle,
  stateOf,
  statesOf,
  succeeded,
  told,
  step,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function stepContract(test: ContractTest): void {
  describe('step claims', () => {
    test('the oldest jobs, as many as were asked for, each once', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd'))
      await joinAll(store, 's1', 's2')
      expect(ids(await claim(store, 's1', 2))).toEqual(['a', 'b'])
      expect(ids(await claim(store, 's2', 1))).toEqual(['c'])
      expect(ids(await claim(store, 's1', 100))).toEqual(['d'])
      expect(await claim(store, 's2')).toEqual([])
    })

    test('nothing when none is asked for', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      expect(await step(store, 's1')).toEqual({
        alive: true,
        lost: [],
        claimed: [],
        nextDueMs: null,
        ticks: [],
      })
    })

    test('at its own moment, which a hold and the job both say', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      await clock.advance(5)
      const b = await claimOne(store, 's1')
      expect([a.claimedAt, b.claimedAt]).toEqual([clock.now() - 5, clock.now()])
      expect(await store.get('a')).toMatchObject({ startedAt: a.claimedAt })
    })

    test('nothing for a session that never joined, left, or was replaced', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 'left', 'old')
      await store.leave('left')
      await store.join({ session: 'new', leaseMs: LEASE_MS, replaces: { session: 'old', holds: [] } })
      for (const session of ['nobody', 'left', 'old']) {
        const reply = await step(store, session, { claim: 1, verify: [{ id: 'x', claimedAt: 1 }] })
        expect([session, reply]).toEqual([
          session,
          { alive: false, lost: ['x'], claimed: [], nextDueMs: null, ticks: [] },
        ])
      }
      expect(ids(await claim(store, 'new'))).toEqual(['a'])
    })

    test('with a `started` notice for the tasks that ask for it', async ({ store, clock }) => {
      await store.enqueue([
        newJob('a'),
        newJob('b', { task: 'mail.send', owner: null }),
        newJob('c', { task: 'other' }),
      ])
      await joinAll(store, 's1')
      await step(store, 's1', {
        claim: 3,
        announce: new Set(['score', 'mail.send', 'unused']),
      })
      const notice = { cursor: expect.any(String), type: 'started', at: clock.now(), attempt: 1 }
      expect(await feedAfter(store)).toEqual([
        { ...notice, jobId: 'a', task: 'score', owner: 'ada' },
        { ...notice, jobId: 'b', task: 'mail.send', owner: null },
      ])
    })

    test('a job that is tried again under the number of its attempt', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      for (const attempt of [1, 2, 3]) {
        const job = await claimOne(store, 's1')
        expect(job.attempt).toBe(attempt)
        await step(store, 's1', {
          settle: [retrying(job, 0)],
          announce: new Set(['score']),
        })
      }
      const { claimed } = await step(store, 's1', {
        claim: 1,
        announce: new Set(['score']),
      })
      expect(claimed).toMatchObject([{ id: 'a', attempt: 4 }])
      expect((await feedAfter(store)).at(-1)).toMatchObject({ type: 'started', attempt: 4 })
    })
  })

  describe('step settles', () => {
    test('success with the result in the notice', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await clock.advance(3)
      const data = { json: '{"when":"x"}', meta: '{"values":{"when":["Date"]}}' }
      await settle(store, 's1', { ...job, to: 'succeeded', result: data, ttlMs: 1_000_000 })
      const [notice] = await feedAfter(store)
      expect(notice).toEqual({
        cursor: notice!.cursor,
        type: 'succeeded',
        jobId: 'a',
        task: 'score',
        owner: 'ada',
        at: clock.now(),
        attempt: 1,
        data,
      })
    })

    test('each of many with its own result, whatever those beside it have', async ({ store }) => {
      const nothing = encode(undefined)
      const results = [
        encoded('a'),
        encoded('a'),
        nothing,
        nothing,
        encoded(1),
        encode([1n]),
        encoded('a'),
        nothing,
      ]
      await store.enqueue(results.map((_, n) => newJob(`${n}`, { owner: n < 4 ? null : 'ada' })))
      await joinAll(store, 's1')
      const claimed = await claim(store, 's1', results.length)
      await settle(
        store,
        's1',
        ...claimed.map((job, n) => ({ ...succeeded(job), result: results[n] as Encoded }) as Settlement),
      )
      const notices = await feedAfter(store)
      expect(notices.map((notice) => ('data' in notice ? notice.data : undefined))).toEqual(results)
      expect(notices.map(({ owner }) => owner)).toEqual(results.map((_, n) => (n < 4 ? null : 'ada')))
      const kept = await Promise.all(ids(claimed).map((id) => store.get(id)))
      expect(kept.map((job) => (job?.state === 'succeeded' ? job.result : undefined))).toEqual(results)
    })

    test('failure with the error in the notice, without its stack', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { owner: null })])
      await joinAll(store, 's1')
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      const [notice] = await feedAfter(store)
      expect(notice).toEqual({
        cursor: notice!.cursor,
        type: 'failed',
        jobId: 'a',
        task: 'score',
        owner: null,
        at: clock.now(),
        attempt: 1,
        error: { name: failure.name, message: failure.message },
      })
    })

    test('a retry with the moment of the next attempt in the notice, and no stack', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 1_234))
      const [notice] = await feedAfter(store)
      expect(notice).toEqual({
        cursor: notice!.cursor,
        type: 'retrying',
        jobId: 'a',
        task: 'score',
        owner: 'ada',
        at: clock.now(),
        attempt: 1,
        error: { name: failure.name, message: failure.message },
        runAt: clock.now() + 1_234,
      })
    })

    test('with the last report just before the outcome', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b, c] = await claim(store, 's1')
      const progress = encoded(1)
      await settle(
        store,
        's1',
        { ...succeeded(a!), progress },
        { ...failed(b!), progress },
        { ...retrying(c!), progress },
      )
      const feed = await feedAfter(store)
      expect(told(feed)).toEqual([
        'progress a',
        'succeeded a',
        'progress b',
        'failed b',
        'progress c',
        'retrying c',
      ])
      expect(feed[0]).toMatchObject({ task: 'score', owner: 'ada', data: progress })
    })

    test('in the order of the settlements, and before anything is claimed', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1', 2)
      const { claimed } = await step(store, 's1', {
        settle: [succeeded(b!), succeeded(a!)],
        claim: 5,
        announce: new Set(['score']),
      })
      expect(ids(claimed)).toEqual(['c'])
      expect(told(await feedAfter(store))).toEqual(['succeeded b', 'succeeded a', 'started c'])
    })

    test('a retry without delay so that the same step can claim it', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      const reply = await step(store, 's1', { settle: [retrying(a, 0)], claim: 5 })
      expect(reply.claimed.map(({ id, attempt }) => [id, attempt])).toEqual([
        ['b', 1],
        ['a', 2],
      ])
      expect(reply.nextDueMs).toBeNull()
    })

    test('100 jobs and claims 100 more at once', async ({ store }) => {
      await store.enqueue(Array.from({ length: 200 }, (_, n) => newJob(`job-${String(n).padStart(3, '0')}`)))
      await joinAll(store, 's1')
      const first = await claim(store, 's1', 100)
      const reply = await step(store, 's1', {
        settle: first.map((job) => succeeded(job)),
        claim: 100,
        verify: first,
      })
      expect(reply.lost).toEqual(ids(first))
      expect(ids(reply.claimed).slice(0, 2)).toEqual(['job-100', 'job-101'])
      expect(reply.claimed).toHaveLength(100)
      expect(told(await feedAfter(store))).toEqual(first.map(({ id }) => `succeeded ${id}`))
      expect(await store.counts()).toMatchObject({ queued: 0, running: 100 })
    })
  })

  describe('step promotes', () => {
    test('a delayed job at its due ms, and not before', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { delayMs: 1_000 })])
      await joinAll(store, 's1')
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        claimed: [],
        nextDueMs: 1_000,
      })
      await clock.advance(999)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        claimed: [],
        nextDueMs: 1,
      })
      await clock.advance(1)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        claimed: [{ id: 'a', attempt: 1 }],
        nextDueMs: null,
      })
    })

    test('a retry at its due ms, and not before', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      expect(await settle(store, 's1', retrying(job, 300))).toMatchObject({ nextDueMs: 300 })
      await clock.advance(299)
      expect(await claim(store, 's1')).toEqual([])
      await clock.advance(1)
      expect(await claim(store, 's1')).toMatchObject([{ id: 'a', attempt: 2 }])
    })

    test('in the order in which jobs are due, behind those that stand in line', async ({ store, clock }) => {
      await store.enqueue([
        newJob('third', { delayMs: 300 }),
        newJob('first', { delayMs: 100 }),
        newJob('second', { delayMs: 200 }),
      ])
      await store.enqueue(newJobs('now'))
      await clock.advance(300)
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['now', 'first', 'second', 'third'])
    })

    test('jobs due in the same ms in the order of their ids', async ({ store, clock }) => {
      await store.enqueue([
        newJob('c', { delayMs: 10 }),
        newJob('a', { delayMs: 10 }),
        newJob('b', { delayMs: 10 }),
      ])
      await clock.advance(10)
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b', 'c'])
    })

    test('also when nothing is claimed, and says when the next is due', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { delayMs: 10 }), newJob('b', { delayMs: 25 })])
      await joinAll(store, 's1')
      await clock.advance(10)
      expect(await step(store, 's1')).toMatchObject({
        claimed: [],
        nextDueMs: 15,
      })
      expect([await stateOf(store, 'a'), await stateOf(store, 'b')]).toEqual(['queued', 'scheduled'])
    })

    test('as many as it claims, and the others in line, with which it goes on', async ({ store, clock }) => {
      await store.enqueue(['a', 'b', 'c', 'd'].map((id) => newJob(id, { delayMs: 10 })))
      await joinAll(store, 's1')
      await clock.advance(10)
      expect(ids(await claim(store, 's1', 2))).toEqual(['a', 'b'])
      await store.enqueue(newJobs('after'))
      expect(await statesOf(store, 'b', 'c', 'd')).toEqual(['b running', 'c queued', 'd queued'])
      expect(ids(await claim(store, 's1'))).toEqual(['c', 'd', 'after'])
      expect(await store.counts()).toMatchObject({ queued: 0, scheduled: 0, running: 5 })
    })

    test('behind a line that a step has room for, and those in it that were cancelled', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1')
      for (const round of [1, 2]) {
        const [first, second, third] = [`${round}-first`, `${round}-second`, `${round}-third`]
        await store.enqueue([
          newJob(third, { delayMs: 10 }),
          newJob(`${round}-fourth`, { delayMs: 20 }),
          ...newJobs(first, second),
        ])
        await clock.advance(20)
        if (round === 2) await store.cancel(cancelOf(first))
        const came = round === 1 ? [first, second, third] : [second, third, '2-fourth']
        expect(ids(await claim(store, 's1', 3))).toEqual(came)
        if (round === 1) expect(ids(await claim(store, 's1', 3))).toEqual(['1-fourth'])
      }
    })

    test('those that have an owner or not, and those of which more is to be said', async ({
      store,
      clock,
    }) => {
      const delayMs = 10
      await store.enqueue([
        newJob('a', { delayMs, owner: null }),
        newJob('b', { delayMs, owner: 'ada "the first", null' }),
        newJob('c', { delayMs, task: 'a "name"' }),
        newJob('d', { delayMs, options: { attempts: 5 } }),
        newJob('e', { delayMs, options: { priority: 9 } }),
        newJob('f', { delayMs, options: { queue: 'mail' } }),
      ])
      await joinAll(store, 's1')
      await clock.advance(delayMs)
      expect(ids(await claim(store, 's1'))).toEqual(['e', 'a', 'b', 'c', 'd'])
      expect(ids((await step(store, 's1', { claim: 9, queues: ['mail'] })).claimed)).toEqual(['f'])
    })

    test('for other queues than its own, first and last', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { delayMs: 10 }), newJob('m', { options: { queue: 'mail' } })])
      await joinAll(store, 's1')
      await clock.advance(10)
      const of = async (...queues: string[]) => ids((await step(store, 's1', { claim: 1, queues })).claimed)
      expect(await of('mail', 'default')).toEqual(['m'])
      expect(await stateOf(store, 'a')).toBe('queued')
      expect(await of('default', 'mail')).toEqual(['a'])
    })

    test('a flood of them in order, each once, and what is enqueued meanwhile as well', async ({
      store,
      clock,
    }) => {
      const names = Array.from({ length: 450 }, (_, n) => `job-${100 + n}`)
      const half = names.slice(225).map((id) => newJob(id, { delayMs: 20 }))
      await store.enqueue([...half, ...names.slice(0, 225).map((id) => newJob(id, { delayMs: 10 }))])
      await joinAll(store, 's1')
      await clock.advance(20)
      const came: Claimed[] = []
      // Whether few are claimed at a time or many.
      for (const count of [100, 1, 100, 0, 60, 100, 100, 100, 100, 100]) {
        came.push(...(await claim(store, 's1', count)))
        await store.enqueue(newJobs(`late-${came.length}`))
      }
      const isLate = ({ id }: Claimed): boolean => id.startsWith('late')
      expect(ids(came.filter((job) => !isLate(job)))).toEqual(names)
      const late = ids(came.filter(isLate))
      expect(late.length).toBeGreaterThan(5)
      expect(new Set(late).size).toBe(late.length)
      expect((await settle(store, 's1', ...came.slice(0, 100).map((job) => succeeded(job)))).lost).toEqual([])
      expect(await step(store, 's1', { claim: 100 })).toMatchObject({ nextDueMs: null })
      expect(await store.counts()).toMatchObject({ queued: 0, scheduled: 0 })
    })

    test('retries among others, in their next attempt', async ({ store, clock }) => {
      await store.enqueue([...newJobs('b'), newJob('a', { delayMs: 100 }), newJob('c', { delayMs: 100 })])
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 100))
      await clock.advance(100)
      expect(await claim(store, 's1', 2)).toMatchObject([
        { id: 'a', attempt: 1 },
        { id: 'b', attempt: 2 },
      ])
      expect(await statesOf(store, 'b', 'c')).toEqual(['b running', 'c queued'])
      expect(await store.counts()).toMatchObject({ queued: 1, retrying: 0, scheduled: 0, running: 2 })
    })
  })
}
