import { decode } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  childOf,
  claim,
  claimOne,
  encoded,
  feedAfter,
  ids,
  joinAll,
  kept,
  newJob,
  parentOf,
  retrying,
  settle,
  statesOf,
  step,
  succeeded,
  told,
  within,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function flowsContract(test: ContractTest): void {
  describe('a job that waits for others', () => {
    test('waits until all have given it its input, then stands at the end of its line', async ({ store }) => {
      await store.enqueue([parentOf('p', 2), childOf('p', 1, { id: 'b' }), childOf('p', 0, { id: 'a' })])
      await joinAll(store, 's1')
      const [b, a, ...more] = await claim(store, 's1')
      expect([b!.id, a!.id, more]).toEqual(['b', 'a', []])
      await settle(store, 's1', succeeded(b!, { b: 1 }))
      expect(await store.get('p')).toMatchObject({
        state: 'waiting',
        attempt: 0,
        flow: { done: 1, total: 2 },
      })
      await store.enqueue([newJob('before')])
      await settle(store, 's1', succeeded(a!, ['a']))
      const claimed = await claim(store, 's1')
      expect(ids(claimed)).toEqual(['before', 'p'])
      expect(claimed[1]!.input).toEqual({ json: '[["a"],{"b":1}]' })
    })

    test('is shown with how far the others are', async ({ store }) => {
      const cursor = expect.any(String)
      await store.enqueue([parentOf('p', 3, { delayMs: 9 }), childOf('p', 0, { id: 'a' })])
      expect(await store.get('p')).toEqual({
        cursor,
        state: 'waiting',
        job: { id: 'p', task: 'score', owner: 'ada', input: encoded({ of: 'p' }), options: {} },
        attempt: 0,
        flow: { done: 0, total: 3 },
      })
      expect(await store.counts()).toMatchObject({ queued: 1, waiting: 1, scheduled: 0 })
      expect(await store.find({ state: 'waiting' }, { limit: 9 })).toEqual({ ids: ['p'], next: null })
    })

    test('of one other gets what that one has given, as its input', async ({ store }) => {
      await store.enqueue([
        parentOf('c', 1, { gets: 'only' }),
        within('c', 0, parentOf('b', 1, { gets: 'only' })),
        childOf('b', 0, { id: 'a' }),
      ])
      await joinAll(store, 's1')
      const result = { json: '{"at":"2026-11-21T00:00:00.000Z"}', meta: '{"values":{"at":["Date"]},"v":1}' }
      await settle(store, 's1', {
        ...succeeded(await claimOne(store, 's1')),
        to: 'succeeded',
        result,
        ttlMs: 0,
      })
      const b = await claimOne(store, 's1')
      expect(b).toMatchObject({ id: 'b', input: result, attempt: 1 })
      await settle(store, 's1', succeeded(b, 7))
      expect(await claimOne(store, 's1')).toMatchObject({ id: 'c', input: encoded(7) })
      expect(told(await feedAfter(store))).toEqual(['succeeded a', 'succeeded b'])
    })

    test('of many tells its followers how far they are, as each one ends', async ({ store, clock }) => {
      await store.enqueue([parentOf('p', 2), childOf('p', 0, { id: 'a' }), childOf('p', 1, { id: 'b' })])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(b!), succeeded(a!))
      const feed = await feedAfter(store)
      expect(told(feed)).toEqual(['succeeded b', 'progress p', 'succeeded a', 'progress p'])
      expect(feed[1]).toEqual({
        cursor: feed[1]!.cursor,
        type: 'progress',
        jobId: 'p',
        task: 'score',
        owner: 'ada',
        at: clock.now(),
        data: { json: '{"done":1,"total":2}' },
      })
      expect(feed[3]).toMatchObject({ data: { json: '{"done":2,"total":2}' } })
    })

    test('gets rich values as they were', async ({ store }) => {
      await store.enqueue([
        parentOf('p', 2),
        childOf('p', 0, { id: 'a' }),
        childOf('p', 1, { id: 'b', onFailure: 'keep' }),
      ])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      const result = { json: '{"at":"2026-11-21T00:00:00.000Z"}', meta: '{"values":{"at":["Date"]},"v":1}' }
      await settle(
        store,
        's1',
        { ...succeeded(a!), to: 'succeeded', result, ttlMs: 0 },
        { ...succeeded(b!), to: 'succeeded', result, ttlMs: 0 },
      )
      const value = { at: new Date('2026-11-21') }
      expect(decode((await claimOne(store, 's1')).input)).toEqual([value, { ok: true, value }])
    })

    test('goes to its own queue, lane and priority', async ({ store }) => {
      await store.enqueue([
        parentOf('p', 1, { options: { queue: 'mail', lane: 'k', priority: 5 } }),
        childOf('p', 0, { id: 'a' }),
        newJob('other', { options: { queue: 'mail', lane: 'k' } }),
      ])
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      const { claimed } = await step(store, 's1', { settle: [succeeded(a!)], claim: 9, queues: ['mail'] })
      expect(ids(claimed)).toEqual(['p', 'other'])
    })

    test('stays as it is while a child is tried again or comes back', async ({ store }) => {
      await store.enqueue([parentOf('p', 1), childOf('p', 0, { id: 'a' })])
      await joinAll(store, 's1', 's2')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      await claimOne(store, 's1')
      await store.leave('s1')
      expect(await statesOf(store, 'p', 'a')).toEqual(['p waiting', 'a queued'])
      await settle(store, 's2', succeeded(await claimOne(store, 's2')))
      expect(await claimOne(store, 's2')).toMatchObject({ id: 'p', input: encoded(['done']) })
    })

    test('runs once, when its last two children end in one step', async ({ store }) => {
      await store.enqueue([parentOf('p', 2), childOf('p', 0, { id: 'a' }), childOf('p', 1, { id: 'b' })])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      const both = [succeeded(a!, 1), succeeded(b!, 2)]
      const { claimed, lost } = await step(store, 's1', { settle: [...both, ...both], claim: 9 })
      expect([ids(claimed), lost]).toEqual([['p'], ['a', 'b']])
      expect(claimed[0]!.input).toEqual(encoded([1, 2]))
    })

    test('runs once, when a child that has ended is enqueued again', async ({ store }) => {
      const flow = [parentOf('p', 2), childOf('p', 0, { id: 'a' }), childOf('p', 1, { id: 'b' })]
      await store.enqueue(flow)
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(a!, 1, 0))
      const again = await store.enqueue(flow)
      expect(again.map(({ outcome, id }) => [outcome, id])).toEqual([
        ['exists', 'p'],
        ['rejected', 'p'],
        ['exists', 'b'],
      ])
      await settle(store, 's1', succeeded(b!, 2, 0))
      const p = await claimOne(store, 's1')
      expect((await store.enqueue(flow)).map(({ outcome }) => outcome)).toEqual([
        'exists',
        'rejected',
        'rejected',
      ])
      await settle(store, 's1', succeeded(p))
      expect(await claim(store, 's1')).toEqual([])
    })

    test('is not enqueued twice by a rule of uniqueness, nor its children', async ({ store }) => {
      const flow = (n: number) => [
        parentOf(`p${n}`, 1, { unique: [{ type: 'once', name: 'n', windowMs: 1_000 }] }),
        within(`p${n}`, 0, parentOf(`c${n}`, 1)),
        childOf(`c${n}`, 0, { id: `l${n}` }),
      ]
      await store.enqueue(flow(1))
      expect((await store.enqueue(flow(2))).map(({ outcome, id }) => [outcome, id])).toEqual([
        ['exists', 'p1'],
        ['rejected', 'p2'],
        ['rejected', 'c2'],
      ])
      expect(await store.counts()).toMatchObject({ waiting: 2, queued: 1 })
    })

    test('announces itself when it is enqueued', async ({ store }) => {
      await store.enqueue([
        parentOf('p', 1, { announce: true }),
        childOf('p', 0, { id: 'a', announce: true }),
      ])
      expect(told(await feedAfter(store))).toEqual(['queued p', 'queued a'])
    })
  })

  describe('a group', () => {
    test('succeeds with the parts as soon as all are there, without a worker', async ({ store, clock }) => {
      await store.enqueue([
        parentOf('g', 2, { isGroup: true, ...kept }),
        childOf('g', 0, { id: 'a' }),
        childOf('g', 1, { id: 'b' }),
      ])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(b!, 2), succeeded(a!, 1))
      const at = clock.now()
      const cursor = expect.any(String)
      const job = { task: 'score', owner: 'ada', attempt: 0 }
      expect(await store.get('g')).toEqual({
        cursor,
        state: 'succeeded',
        id: 'g',
        ...job,
        finishedAt: at,
        result: encoded([1, 2]),
      })
      const feed = await feedAfter(store)
      expect(told(feed)).toEqual(['succeeded b', 'progress g', 'succeeded a', 'progress g', 'succeeded g'])
      expect(feed.at(-1)).toEqual({
        cursor,
        type: 'succeeded',
        jobId: 'g',
        ...job,
        at,
        data: encoded([1, 2]),
      })
      expect(await claim(store, 's1')).toEqual([])
    })

    test('of nobody succeeds at once with nothing', async ({ store }) => {
      const replies = await store.enqueue([
        parentOf('p', 1),
        within('p', 0, parentOf('g', 0, { isGroup: true, announce: true, ...kept })),
        parentOf('none', 0),
      ])
      expect(replies.map(({ outcome }) => outcome)).toEqual(['enqueued', 'enqueued', 'enqueued'])
      expect(await store.get('g')).toMatchObject({ state: 'succeeded', result: encoded([]) })
      expect(told(await feedAfter(store))).toEqual(['queued g', 'succeeded g', 'progress p'])
      await joinAll(store, 's1')
      const claimed = await claim(store, 's1')
      expect(claimed.map(({ id, input }) => [id, input])).toEqual([
        ['p', encoded([[]])],
        ['none', encoded([])],
      ])
    })

    test('may be a part of a group, and so on', async ({ store }) => {
      await store.enqueue([
        parentOf('top', 2, kept),
        within('top', 0, parentOf('g', 2, { isGroup: true, ...kept })),
        childOf('g', 0, { id: 'a' }),
        childOf('g', 1, { id: 'b' }),
        childOf('top', 1, { id: 'c' }),
      ])
      await joinAll(store, 's1')
      const jobs = await claim(store, 's1')
      const { claimed } = await step(store, 's1', {
        settle: jobs.map((job) => succeeded(job, job.id)),
        claim: 9,
      })
      expect(claimed).toMatchObject([{ id: 'top', input: encoded([['a', 'b'], 'c']) }])
      expect(told(await feedAfter(store))).toEqual([
        'succeeded a',
        'progress g',
        'succeeded b',
        'progress g',
        'succeeded g',
        'progress top',
        'succeeded c',
        'progress top',
      ])
    })

    test('keeps nothing of its outcome unless it is told to', async ({ store }) => {
      await store.enqueue([parentOf('g', 1, { isGroup: true }), childOf('g', 0, { id: 'a' })])
      await joinAll(store, 's1')
      await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      expect(await store.get('g')).toBeNull()
    })
  })
}
