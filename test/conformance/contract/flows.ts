import { decode, FLOW_EXPIRED, FLOW_FAILED, type NewJob, type Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  childOf,
  claim,
  claimOne,
  encoded,
  failed,
  feedAfter,
  ids,
  joinAll,
  newJob,
  parentOf,
  retrying,
  settle,
  stateOf,
  step,
  succeeded,
  told,
  TTL_MS,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const kept = { options: { ttlMs: TTL_MS } }

/** A parent that is one of the parts of another one. */
const within = (parent: string, part: number, job: NewJob, onFailure: 'fail' | 'keep' = 'fail'): NewJob => ({
  ...job,
  flow: { ...job.flow, parent: { id: parent, part, onFailure } },
})

const states = async (store: Store, ...names: string[]) =>
  Promise.all(names.map(async (id) => [id, await stateOf(store, id)].join(' ')))

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
      expect(await states(store, 'p', 'a')).toEqual(['p waiting', 'a queued'])
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
      expect(await states(store, 'c', 'c1', 'c2')).toEqual(['c cancelled', 'c1 cancelled', 'c2 '])
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
      expect(await states(store, 'done')).toEqual(['done succeeded'])
    })

    test('keeps their outcomes as long as its own', async ({ store, elapse }) => {
      await store.enqueue(tree)
      await store.cancel(cancelOf('top', 60_000))
      expect(await states(store, 'top', 'c1')).toEqual(['top cancelled', 'c1 cancelled'])
      await elapse(60_000)
      expect(await states(store, 'top', 'c1')).toEqual(['top ', 'c1 '])
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
      expect(await states(store, 'b')).toEqual(['b '])
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
