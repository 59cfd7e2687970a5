import type { Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  failed,
  feedAfter,
  ids,
  joinAll,
  newJob,
  newJobs,
  failure,
  retrying,
  settle,
  stateOf,
  statesOf,
  step,
  told,
  TTL_MS,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const WEEK_MS = 604_800_000

const failedIds = async (store: Store) => (await store.find({ state: 'failed' }, { limit: 100 })).ids

async function fail(store: Store, ...names: string[]): Promise<void> {
  await store.enqueue(newJobs(...names))
  await joinAll(store, 's1')
  const claimed = await claim(store, 's1')
  await settle(store, 's1', ...claimed.map((job) => failed(job)))
}

export function failedContract(test: ContractTest): void {
  describe('failed jobs', () => {
    test('are kept, newest first, of the same ms by id, and no others are', async ({ store, clock }) => {
      await fail(store, 'c')
      await clock.advance(1)
      await fail(store, 'a', 'd', 'b')
      await clock.advance(1)
      await fail(store, 'e')
      await store.enqueue(newJobs('x'))
      await store.cancel(cancelOf('x'))
      expect(await failedIds(store)).toEqual(['e', 'd', 'b', 'a', 'c'])
    })

    test('are kept, and answered by `get`, whether their result is or not', async ({ store, elapse }) => {
      await joinAll(store, 's1')
      await store.enqueue([newJob('kept', { isLast: true, options: { tags: ['t'] } }), newJob('dropped')])
      const [kept, dropped] = await claim(store, 's1')
      await settle(store, 's1', failed(kept!), failed(dropped!, 0))
      const before = await store.get('kept')
      expect(before).toMatchObject({ state: 'failed', error: failure, worker: 's1' })
      const shown = async () => [
        await failedIds(store),
        await stateOf(store, 'kept'),
        await stateOf(store, 'dropped'),
      ]
      expect(await shown()).toEqual([['kept', 'dropped'], 'failed', 'failed'])
      await elapse(TTL_MS)
      expect(await shown()).toEqual([['kept', 'dropped'], 'failed', 'failed'])
      expect(await store.get('kept')).toEqual(before)
      expect(await store.cancel(cancelOf('kept'))).toEqual({ outcome: 'ended', state: 'failed' })
      expect((await store.find({ tag: 't' }, { limit: 9 })).ids).toEqual(['kept'])
      expect(await store.last('score', 'ada')).toBe('kept')
      await elapse(WEEK_MS - TTL_MS)
      expect(await shown()).toEqual([[], null, null])
      expect(await store.cancel(cancelOf('kept'))).toEqual({ outcome: 'missing' })
      expect([(await store.find({ tag: 't' }, { limit: 9 })).ids, await store.last('score', 'ada')]).toEqual([
        [],
        null,
      ])
    })

    test('are no longer answered when they were discarded or run again, unless their result is kept', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      await joinAll(store, 's1')
      const [a, b, c] = await claim(store, 's1')
      await settle(store, 's1', failed(a!, 0), failed(b!, 0), failed(c!))
      await store.discard(['a', 'c'])
      await store.retry([{ id: 'b', newId: 'b2' }])
      expect(await statesOf(store, 'a', 'b', 'c')).toEqual(['a ', 'b ', 'c failed'])
    })

    test('are tried anew as jobs of their own, with the same record', async ({ store, clock }) => {
      const job = newJob('a', {
        task: 'mail',
        owner: 'eve',
        input: { json: '"2026-11-21"', meta: '{"values":["Date"]}' },
        options: { attempts: 3, tags: ['t'], metadata: '{"n":1}', ttlMs: 5, timeLimitMs: 9 },
      })
      await store.enqueue([job])
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      await clock.advance(5)
      await store.enqueue(newJobs('before'))
      expect(await store.retry([{ id: 'a', newId: 'b' }])).toEqual(['a'])
      const { task, owner, input } = job
      const options = { ...job.options, retryOf: 'a' }
      expect(await store.get('b')).toEqual({
        cursor: expect.any(String),
        state: 'queued',
        job: { id: 'b', task, owner, input, options },
        attempt: 0,
      })
      expect(await failedIds(store)).toEqual([])
      expect(await stateOf(store, 'a')).toBe('failed')
      expect((await claim(store, 's1')).map(({ id, attempt }) => [id, attempt])).toEqual([
        ['before', 1],
        ['b', 1],
      ])
      expect((await store.find({ tag: 't' }, { limit: 9 })).ids).toEqual(['a', 'b'])
    })

    test('may fail anew and be tried anew, and say of which they are a run', async ({ store }) => {
      await fail(store, 'a')
      for (const [id, newId] of [
        ['a', 'b'],
        ['b', 'c'],
      ] as const) {
        await store.retry([{ id, newId }])
        await settle(store, 's1', failed(await claimOne(store, 's1')))
      }
      expect(await failedIds(store)).toEqual(['c'])
      await store.retry([{ id: 'c', newId: 'd' }])
      expect(await claimOne(store, 's1')).toMatchObject({ id: 'd', options: { retryOf: 'c' } })
    })

    test('go back to their own queue, lane and priority', async ({ store }) => {
      const options = { queue: 'mail', lane: 'k', priority: 5 }
      await store.enqueue([newJob('a', { options })])
      await joinAll(store, 's1')
      const queues = ['mail']
      const { claimed } = await step(store, 's1', { claim: 1, queues })
      await store.enqueue([newJob('b', { options: { queue: 'mail', lane: 'k' } })])
      await settle(store, 's1', failed(claimed[0]!))
      await store.retry([{ id: 'a', newId: 'c' }])
      expect(ids((await step(store, 's1', { claim: 9, queues })).claimed)).toEqual(['c', 'b'])
    })

    test('are tried anew without what was said of their beginning and their family', async ({
      store,
      clock,
    }) => {
      await store.enqueue([
        newJob('p', {
          flow: { waits: { children: 1, input: 'only', isGroup: false } },
          options: { ttlMs: TTL_MS },
        }),
        newJob('a', {
          delayMs: 5,
          expiresMs: 10,
          unique: [{ type: 'alone', name: 'n', onBusy: 'reject' }],
          flow: { parent: { id: 'p', part: 0, onFailure: 'fail' } },
          isLast: true,
          announce: true,
        }),
      ])
      await clock.advance(5)
      await joinAll(store, 's1')
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      await store.retry([{ id: 'a', newId: 'b' }])
      expect(await stateOf(store, 'b')).toBe('queued')
      expect(await store.last('score', 'ada')).toBe('a')
      const [other] = await store.enqueue([
        newJob('c', { unique: [{ type: 'alone', name: 'n', onBusy: 'reject' }] }),
      ])
      expect(other).toMatchObject({ outcome: 'enqueued' })
      await clock.advance(10)
      expect(ids(await claim(store, 's1'))).toEqual(['b', 'c'])
      expect(told(await feedAfter(store))).toEqual(['queued a', 'failed a', 'failed p'])
    })

    test('are passed over where there is nothing to try, or the new id is known', async ({ store }) => {
      await fail(store, 'a', 'b', 'c')
      await store.enqueue(newJobs('lives'))
      expect(
        await store.retry([
          { id: 'nobody', newId: 'x' },
          { id: 'a', newId: 'lives' },
          { id: 'a', newId: 'b' },
          { id: 'b', newId: 'b2' },
          { id: 'b', newId: 'b3' },
          { id: 'c', newId: 'b2' },
        ]),
      ).toEqual(['b'])
      expect(await failedIds(store)).toEqual(['c', 'a'])
      expect(ids(await claim(store, 's1'))).toEqual(['lives', 'b2'])
      expect(await store.retry([])).toEqual([])
    })

    test('are tried anew once, also where the new id was that of a job that was cancelled in line', async ({
      store,
    }) => {
      await fail(store, 'a')
      await store.enqueue(newJobs('b'))
      await store.cancel(cancelOf('b', 0))
      expect(await store.retry([{ id: 'a', newId: 'b' }])).toEqual(['a'])
      expect(ids(await claim(store, 's1'))).toEqual(['b'])
    })

    test('are discarded, and their outcomes stay', async ({ store }) => {
      await fail(store, 'a', 'b', 'c')
      expect(await store.discard(['b', 'nobody', 'a', 'b'])).toEqual(['b', 'a'])
      expect(await failedIds(store)).toEqual(['c'])
      expect([await stateOf(store, 'a'), await store.retry([{ id: 'a', newId: 'x' }])]).toEqual([
        'failed',
        [],
      ])
      expect(await store.discard([])).toEqual([])
    })

    test('are as many as the store was told to keep, the newest ones', async ({ openWith, clock }) => {
      const store = await openWith({ failed: { max: 3 } })
      await fail(store, 'b', 'a')
      await clock.advance(1)
      await fail(store, 'c', 'd')
      expect(await failedIds(store)).toEqual(['d', 'c', 'b'])
      expect(await store.retry([{ id: 'a', newId: 'x' }])).toEqual([])
      const none = await openWith({ failed: { max: 0 } })
      await fail(none, 'a')
      expect([await failedIds(none), await stateOf(none, 'a')]).toEqual([[], 'failed'])
    })

    test('are forgotten when they are older than the store was told', async ({ openWith, clock }) => {
      const store = await openWith({ failed: { maxAgeMs: 1_000 } })
      await fail(store, 'a')
      await clock.advance(500)
      await fail(store, 'b')
      await clock.advance(499)
      expect(await failedIds(store)).toEqual(['b', 'a'])
      await clock.advance(1)
      expect(await failedIds(store)).toEqual(['b'])
      expect(await store.retry([{ id: 'a', newId: 'x' }])).toEqual([])
      expect(await store.discard(['a'])).toEqual([])
      await clock.advance(500)
      expect(await failedIds(store)).toEqual([])
    })
  })
}
