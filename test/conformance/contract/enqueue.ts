import { describe, expect } from 'vitest'
import {
  announcedJobs,
  cancelOf,
  claim,
  claimOne,
  encoded,
  feedAfter,
  freshJobs,
  ids,
  joinAll,
  newJob,
  newJobs,
  retrying,
  settle,
  stateOf,
  succeeded,
  told,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function enqueueContract(test: ContractTest): void {
  describe('enqueue', () => {
    test('gives a worker the job with all that was said of it', async ({ store, clock }) => {
      await store.enqueue([
        newJob('a', {
          task: 'mail.send',
          owner: null,
          input: {
            json: '{"at":"2026-11-21T00:00:00.000Z","text":"ü€😀 \\u0000 \\" |"}',
            meta: '{"values":{"at":["Date"]}}',
          },
          options: { attempts: 7, timeLimitMs: 90_000 },
        }),
      ])
      await joinAll(store, 's1')
      expect(await claim(store, 's1')).toEqual([
        {
          id: 'a',
          task: 'mail.send',
          owner: null,
          input: {
            json: '{"at":"2026-11-21T00:00:00.000Z","text":"ü€😀 \\u0000 \\" |"}',
            meta: '{"values":{"at":["Date"]}}',
          },
          options: { attempts: 7, timeLimitMs: 90_000 },
          claimedAt: clock.now(),
          attempt: 1,
        },
      ])
    })

    test('puts jobs in line in their order, behind those of earlier calls', async ({ store }) => {
      await store.enqueue(newJobs('d', 'b'))
      await store.enqueue(newJobs('c', 'a'))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['d', 'b', 'c', 'a'])
    })

    test('does the same with those whose ids were made for the call, one or many', async ({ store }) => {
      await joinAll(store, 's1')
      const waiting = store.wait('s1', {
        work: true,
        timeoutMs: 60_000,
        signal: new AbortController().signal,
      })
      expect(await store.enqueue(freshJobs('d', 'b', 'e'))).toMatchObject([
        { outcome: 'enqueued', id: 'd' },
        { outcome: 'enqueued', id: 'b' },
        { outcome: 'enqueued', id: 'e' },
      ])
      expect((await waiting).work).toBe(true)
      await store.enqueue(freshJobs('c'))
      await store.enqueue(freshJobs('z', 'a'))
      expect(ids(await claim(store, 's1'))).toEqual(['d', 'b', 'e', 'c', 'z', 'a'])
    })

    test('answers for each job in order, and for none when given none', async ({ store }) => {
      await store.enqueue(newJobs('b'))
      const replies = await store.enqueue(newJobs('a', 'b', 'c'))
      expect(replies.map(({ outcome }) => outcome)).toEqual(['enqueued', 'exists', 'enqueued'])
      expect(await store.enqueue([])).toEqual([])
    })

    test('changes nothing when it is repeated', async ({ store }) => {
      const call = [newJob('a', { announce: true }), newJob('b', { delayMs: 50 })]
      await store.enqueue(call)
      const before = {
        counts: await store.counts(),
        feed: await feedAfter(store),
        a: await store.get('a'),
        b: await store.get('b'),
      }
      const again = await store.enqueue([{ ...call[0]!, input: encoded('another') }, call[1]!])
      expect(again.map(({ outcome }) => outcome)).toEqual(['exists', 'exists'])
      expect(await store.counts()).toEqual(before.counts)
      expect(await feedAfter(store)).toEqual(before.feed)
      expect(await store.get('a')).toEqual(before.a)
      expect(await store.get('b')).toEqual(before.b)
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('makes one job of an id that is twice in one call', async ({ store }) => {
      const replies = await store.enqueue(newJobs('a', 'b', 'a'))
      expect(replies.map(({ outcome }) => outcome)).toEqual(['enqueued', 'enqueued', 'exists'])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b'])
    })

    test('answers `exists` for a job that runs, waits for a retry, or has ended', async ({ store }) => {
      await store.enqueue(newJobs('ended', 'retrying', 'running', 'cancelled'))
      await joinAll(store, 's1')
      const [ended, again] = await claim(store, 's1', 3)
      await settle(store, 's1', succeeded(ended!), retrying(again!))
      await store.cancel(cancelOf('cancelled'))
      for (const id of ['ended', 'retrying', 'running', 'cancelled']) {
        expect([id, (await store.enqueue(newJobs(id)))[0]?.outcome]).toEqual([id, 'exists'])
      }
      expect(await claim(store, 's1')).toEqual([])
      expect(await stateOf(store, 'ended')).toBe('succeeded')
    })

    test('takes an id anew once its outcome is no longer kept', async ({ store, elapse }) => {
      await store.enqueue(newJobs('a'))
      await store.cancel(cancelOf('a', 60_000))
      await elapse(60_000)
      expect(await store.enqueue(newJobs('a'))).toMatchObject([{ outcome: 'enqueued' }])
      await joinAll(store, 's1')
      expect(await claim(store, 's1')).toMatchObject([{ id: 'a', attempt: 1 }])
    })

    test('takes 500 jobs in one call', async ({ store }) => {
      const names = Array.from({ length: 500 }, (_, n) => `job-${String(n).padStart(3, '0')}`)
      const replies = await store.enqueue(
        names.map((id, n) => newJob(id, { announce: true, options: { attempts: n + 1 } })),
      )
      expect(replies.map(({ outcome }) => outcome)).toEqual(names.map(() => 'enqueued'))
      expect(told(await feedAfter(store))).toEqual(names.map((id) => `queued ${id}`))
      await joinAll(store, 's1')
      const claimed: string[] = []
      for (let batch = 0; batch < 5; batch++) claimed.push(...ids(await claim(store, 's1')))
      expect(claimed).toEqual(names)
    })

    test('holds a job back until its moment; one that is past is at once', async ({ store, clock }) => {
      const now = clock.now()
      const special = { options: { lane: 'k' } }
      await store.enqueue([
        newJob('later', { runAt: now + 500 }),
        newJob('past', { runAt: now - 1, delayMs: 9 }),
        newJob('now', { runAt: now }),
        newJob('later in a lane', { ...special, runAt: now + 500 }),
        newJob('past in a lane', { ...special, runAt: now - 1 }),
      ])
      expect(await store.get('later')).toMatchObject({ state: 'scheduled', runAt: now + 500 })
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['past', 'past in a lane', 'now'])
      await clock.advance(499)
      expect(await claim(store, 's1')).toEqual([])
      await clock.advance(1)
      expect(ids(await claim(store, 's1')).toSorted()).toEqual(['later', 'later in a lane'])
    })

    test('holds a delayed job back, without keeping others waiting', async ({ store }) => {
      await store.enqueue([newJob('later', { delayMs: 1_000 }), newJob('now')])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['now'])
      expect(await stateOf(store, 'later')).toBe('scheduled')
    })

    test('writes a `queued` notice for those jobs that ask for it', async ({ store, clock }) => {
      await store.enqueue([
        newJob('a', { announce: true }),
        newJob('b'),
        newJob('c', { announce: true, owner: null, task: 'mail.send', delayMs: 5 }),
      ])
      const at = clock.now()
      expect(await feedAfter(store)).toEqual([
        { cursor: expect.any(String), type: 'queued', jobId: 'a', task: 'score', owner: 'ada', at },
        { cursor: expect.any(String), type: 'queued', jobId: 'c', task: 'mail.send', owner: null, at },
      ])
    })

    test('answers a cursor that stands before every notice of the job, the first one included', async ({
      store,
    }) => {
      await store.enqueue([newJob('before', { announce: true })])
      const [a, b] = await store.enqueue(announcedJobs('a', 'b'))
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      const running = await claimOne(store, 's1')
      await settle(store, 's1', succeeded(running))
      for (const reply of [a, b]) {
        const after = told(await feedAfter(store, reply!.cursor))
        expect(after.filter((line) => line.endsWith(' a'))).toEqual(['queued a', 'succeeded a'])
        expect(after.filter((line) => line.endsWith(' b'))).toEqual(['queued b'])
        expect(after).not.toContain('queued before')
      }
    })

    test('answers for an existing job a cursor that stands before what is still to come of it', async ({
      store,
    }) => {
      await store.enqueue([newJob('a', { announce: true })])
      const [again] = await store.enqueue([newJob('a', { announce: true })])
      await store.cancel(cancelOf('a'))
      expect(told(await feedAfter(store, again!.cursor))).toContain('cancelled a')
    })
  })
}
