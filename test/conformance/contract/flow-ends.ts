/** What follows for the jobs of a tree when one of them ends otherwise than well. */
import { decode, FLOW_EXPIRED, FLOW_FAILED } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  TTL_MS,
  cancelOf,
  childOf,
  claim,
  claimOne,
  failed,
  feedAfter,
  ids,
  joinAll,
  kept,
  newJob,
  parentOf,
  settle,
  statesOf,
  step,
  succeeded,
  told,
  within,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function flowEndsContract(test: ContractTest): void {
  describe('a child that does not succeed', () => {
    test('fails its parent, and ends what it has no use for any more', async ({ store, clock }) => {
      await store.enqueue([
        parentOf('p', 4, kept),
        childOf('p', 0, { id: 'runs', ...kept }),
        childOf('p', 1, { id: 'fails', ...kept }),
        within('p', 2, parentOf('c', 2, kept)),
        childOf('c', 0, { id: 'c1', delayMs: 9, ...kept }),
        childOf('c', 1, { id: 'c2' }),
        childOf('p', 3, { id: 'done', ...kept }),
      ])
      await joinAll(store, 's1')
      const [runs, fails, c2, done] = await claim(store, 's1')
      expect(c2!.id).toBe('c2')
      await settle(store, 's1', succeeded(done!), failed(fails!), succeeded(runs!))
      expect(told(await feedAfter(store))).toEqual([
        'succeeded done',
        'progress p',
        'failed fails',
        'failed p',
        'cancelled runs',
        'cancelled c',
        'cancelled c1',
        'cancelled c2',
      ])
      const { error, ...p } = (await store.get('p')) as { error: unknown }
      expect(error).toEqual({
        name: 'DEPENDENCY_FAILED',
        message: 'Job fails of task "score" failed: TypeError: no such column',
      })
      expect(p).toEqual({
        cursor: expect.any(String),
        state: 'failed',
        id: 'p',
        task: 'score',
        owner: 'ada',
        attempt: 0,
        finishedAt: clock.now(),
      })
      expect((await feedAfter(store))[3]).toMatchObject({ attempt: 0, error })
      expect(await store.get('runs')).toMatchObject({ state: 'cancelled', by: null, reason: FLOW_FAILED })
      expect(await statesOf(store, 'c', 'c1', 'c2')).toEqual(['c cancelled', 'c1 cancelled', 'c2 '])
      expect(await store.counts()).toMatchObject({ running: 0, waiting: 0, queued: 0, scheduled: 0 })
    })

    test('says so to its parent when it was cancelled, with the reason if there is one', async ({
      store,
    }) => {
      for (const [id, reason] of [
        ['a', 'enough'],
        ['b', null],
      ] as const) {
        await store.enqueue([parentOf(`p-${id}`, 1, kept), childOf(`p-${id}`, 0, { id })])
        await store.cancel({ id, by: 'ada', reason, ttlMs: TTL_MS })
      }
      expect(await store.get('p-a')).toMatchObject({
        state: 'failed',
        error: { name: 'DEPENDENCY_FAILED', message: 'Job a of task "score" was cancelled: enough' },
      })
      expect(await store.get('p-b')).toMatchObject({
        error: { message: 'Job b of task "score" was cancelled' },
      })
    })

    test('says so to its parent when it has expired', async ({ store, clock }) => {
      await store.enqueue([parentOf('p', 1, kept), childOf('p', 0, { id: 'a', expiresMs: 5 })])
      await clock.advance(5)
      await step(store, 'nobody')
      expect(await store.get('p')).toMatchObject({ error: { message: 'Job a of task "score" expired' } })
      expect(told(await feedAfter(store))).toEqual(['expired a', 'failed p'])
    })

    test('fails one after the other up to the root', async ({ store }) => {
      await store.enqueue([
        parentOf('top', 2, kept),
        within('top', 0, parentOf('middle', 1, kept)),
        childOf('middle', 0, { id: 'a' }),
        childOf('top', 1, { id: 'b' }),
      ])
      await joinAll(store, 's1')
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      expect(told(await feedAfter(store))).toEqual(['failed a', 'failed middle', 'failed top', 'cancelled b'])
      expect(await store.get('top')).toMatchObject({
        error: {
          message:
            'Job middle of task "score" failed: DEPENDENCY_FAILED: Job a of task "score" failed: TypeError: no such column',
        },
      })
    })

    test('is a part like any other where its failure is kept', async ({ store, clock }) => {
      await store.enqueue([
        parentOf('p', 4),
        ...['failed', 'cancelled', 'expired', 'done'].map((id, part) =>
          childOf('p', part, {
            id,
            onFailure: 'keep',
            ...(id === 'expired' && { expiresMs: 5, delayMs: 9 }),
          }),
        ),
      ])
      await joinAll(store, 's1')
      const [fails, cancelled, done] = await claim(store, 's1')
      await store.cancel({ id: cancelled!.id, by: null, reason: 'why', ttlMs: 0 })
      await settle(store, 's1', failed(fails!), succeeded(done!, 1))
      expect(await store.get('p')).toMatchObject({ state: 'waiting', flow: { done: 3, total: 4 } })
      await clock.advance(5)
      expect(decode((await claimOne(store, 's1')).input)).toEqual([
        { ok: false, error: { name: 'TypeError', message: 'no such column' } },
        { ok: false, error: { name: 'JOB_CANCELLED', message: 'why' } },
        { ok: false, error: { name: 'JOB_EXPIRED', message: '' } },
        { ok: true, value: 1 },
      ])
      expect(told(await feedAfter(store))).toEqual([
        'cancelled cancelled',
        'progress p',
        'failed failed',
        'progress p',
        'succeeded done',
        'progress p',
        'expired expired',
        'progress p',
      ])
    })

    test('lets its parent stand before what becomes due in the same ms, when it expires', async ({
      store,
      clock,
    }) => {
      await store.enqueue([
        newJob('a', { delayMs: 5 }),
        parentOf('p', 1),
        childOf('p', 0, { id: 'child', onFailure: 'keep', expiresMs: 5 }),
      ])
      await clock.advance(5)
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['p', 'a'])
    })

    test('is kept by the edge above, when its own parent fails', async ({ store }) => {
      await store.enqueue([
        parentOf('top', 1),
        within('top', 0, parentOf('middle', 1), 'keep'),
        childOf('middle', 0, { id: 'a' }),
      ])
      await joinAll(store, 's1')
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      expect(decode((await claimOne(store, 's1')).input)).toEqual([
        {
          ok: false,
          error: { name: 'DEPENDENCY_FAILED', message: expect.stringContaining('Job a of task') },
        },
      ])
    })

    test('tells those who run its siblings', async ({ store }) => {
      await store.enqueue([parentOf('p', 2), childOf('p', 0, { id: 'a' }), childOf('p', 1, { id: 'b' })])
      await joinAll(store, 's1', 's2')
      const a = await claimOne(store, 's1')
      await claimOne(store, 's2')
      await settle(store, 's1', failed(a))
      const { signal } = new AbortController()
      expect(await store.wait('s2', { work: false, timeoutMs: 10 ** 9, signal })).toMatchObject({
        cancelled: [{ id: 'b', by: null, reason: FLOW_FAILED }],
      })
    })

    test('leaves its failed parent out of those that can be tried anew', async ({ store }) => {
      await store.enqueue([parentOf('p', 1, kept), childOf('p', 0, { id: 'a' })])
      await joinAll(store, 's1')
      await settle(store, 's1', failed(await claimOne(store, 's1')))
      expect(await store.find({ state: 'failed' }, { limit: 9 })).toEqual({ ids: ['a'], next: null })
    })
  })

  describe('cancel of a job that waits for others', () => {
    const tree = [
      parentOf('top', 2, kept),
      within('top', 0, parentOf('p', 3, kept)),
      within('p', 0, parentOf('c', 2)),
      childOf('c', 1, { id: 'c2' }),
      childOf('c', 0, { id: 'c1' }),
      childOf('p', 1, { id: 'done' }),
      childOf('p', 2, { id: 'runs' }),
      childOf('top', 1, { id: 'other', onFailure: 'keep' }),
    ]

    test('ends them too, by the same person for the same reason, then tells who waits for it', async ({
      store,
    }) => {
      await store.enqueue(tree)
      await joinAll(store, 's1')
      const claimed = await claim(store, 's1')
      await settle(store, 's1', succeeded(claimed.find(({ id }) => id === 'done')!))
      const before = await store.tail()
      const reply = await store.cancel(cancelOf('p'))
      const feed = await feedAfter(store, before)
      expect(told(feed)).toEqual([
        'cancelled p',
        'cancelled c',
        'cancelled c1',
        'cancelled c2',
        'cancelled runs',
        'failed top',
        'cancelled other',
      ])
      expect(reply).toEqual({ outcome: 'cancelled', cursor: feed[0]!.cursor })
      for (const id of ['p', 'c', 'c1', 'c2', 'runs'])
        expect(await store.get(id)).toMatchObject({
          state: 'cancelled',
          by: 'ada',
          reason: 'no longer needed',
        })
      expect(await store.get('other')).toBeNull()
      expect(await statesOf(store, 'done')).toEqual(['done succeeded'])
    })

    test('keeps their outcomes as long as its own', async ({ store, elapse }) => {
      await store.enqueue(tree)
      await store.cancel(cancelOf('top', 60_000))
      expect(await statesOf(store, 'top', 'c1')).toEqual(['top cancelled', 'c1 cancelled'])
      await elapse(60_000)
      expect(await statesOf(store, 'top', 'c1')).toEqual(['top ', 'c1 '])
    })

    test('leaves nothing that could come later', async ({ store, clock }) => {
      await store.enqueue(tree)
      await joinAll(store, 's1')
      await store.cancel(cancelOf('top'))
      await clock.advance(10)
      expect(await step(store, 's1', { claim: 9 })).toMatchObject({ claimed: [], nextDueMs: null })
      expect(await store.counts()).toMatchObject({ queued: 0, waiting: 0, running: 0 })
    })
  })

  describe('expiry of a job that waits for others', () => {
    test('ends them too, and tells who waits for it', async ({ store, clock }) => {
      await store.enqueue([
        parentOf('top', 1, kept),
        within('top', 0, parentOf('p', 2, { expiresMs: 5 })),
        childOf('p', 0, { id: 'a', ...kept }),
        within('p', 1, parentOf('c', 1)),
        childOf('c', 0, { id: 'b' }),
      ])
      await clock.advance(5)
      await step(store, 'nobody')
      expect(told(await feedAfter(store))).toEqual([
        'expired p',
        'cancelled a',
        'cancelled c',
        'cancelled b',
        'failed top',
      ])
      expect(await store.get('a')).toMatchObject({ state: 'cancelled', by: null, reason: FLOW_EXPIRED })
      expect(await statesOf(store, 'b')).toEqual(['b '])
      expect(await store.get('top')).toMatchObject({ error: { message: 'Job p of task "score" expired' } })
    })

    test('does not come once its input was whole and an attempt has begun', async ({ store, clock }) => {
      await store.enqueue([parentOf('p', 1, { expiresMs: 5 }), childOf('p', 0, { id: 'a' })])
      await joinAll(store, 's1')
      const [p] = (await step(store, 's1', { settle: [succeeded(await claimOne(store, 's1'))], claim: 1 }))
        .claimed
      await clock.advance(5)
      expect(await settle(store, 's1', succeeded(p!))).toMatchObject({ lost: [] })
    })

    test('comes in the line, too', async ({ store, clock }) => {
      await store.enqueue([parentOf('p', 1, { expiresMs: 5 }), childOf('p', 0, { id: 'a' })])
      await joinAll(store, 's1')
      await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      await clock.advance(5)
      expect(await claim(store, 's1')).toEqual([])
      expect(told(await feedAfter(store)).at(-1)).toBe('expired p')
    })
  })
}
