import type { NewJob, Unique } from '@lovage/core'
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
  LEASE_MS,
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

const once = (name: string, windowMs: number): Unique => ({ type: 'once', name, windowMs })
const alone = (name: string, onBusy: 'reject' | 'return' = 'reject'): Unique => ({
  type: 'alone',
  name,
  onBusy,
})
const replace = (name: string, ttlMs = TTL_MS): Unique => ({ type: 'alone', name, onBusy: 'replace', ttlMs })
const debounce = (name: string, maxWaitMs = 1_000_000): Unique => ({ type: 'debounce', name, maxWaitMs })

export function uniqueContract(test: ContractTest): void {
  type Opened = Parameters<NonNullable<Parameters<typeof test>[2]>>[0]
  const enqueue = async (store: Opened['store'], id: string, unique: Unique[], job: Partial<NewJob> = {}) => {
    const [reply] = await store.enqueue([newJob(id, { ...job, unique })])
    return [reply!.outcome, reply!.id]
  }

  describe('once', () => {
    test('answers the one that was enqueued under the name, whether it lives or has ended', async ({
      store,
    }) => {
      expect(await enqueue(store, 'a', [once('n', 1_000)])).toEqual(['enqueued', 'a'])
      expect(await enqueue(store, 'b', [once('n', 1_000)])).toEqual(['exists', 'a'])
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      expect(await enqueue(store, 'b', [once('n', 1_000)])).toEqual(['exists', 'a'])
      await settle(store, 's1', succeeded(a))
      expect(await enqueue(store, 'b', [once('n', 1_000)])).toEqual(['exists', 'a'])
      expect([await claim(store, 's1'), await store.get('b')]).toEqual([[], null])
    })

    test('does so for its window, which begins with that enqueueing and is not renewed', async ({
      store,
      elapse,
    }) => {
      await enqueue(store, 'a', [once('n', 60_000)])
      await elapse(59_000)
      expect(await enqueue(store, 'b', [once('n', 60_000)])).toEqual(['exists', 'a'])
      await elapse(1_000)
      expect(await enqueue(store, 'c', [once('n', 60_000)])).toEqual(['enqueued', 'c'])
      expect(await enqueue(store, 'd', [once('n', 1)])).toEqual(['exists', 'c'])
    })

    test('still answers the one whose outcome is no longer kept', async ({ store }) => {
      await enqueue(store, 'a', [once('n', 1_000)])
      await store.cancel(cancelOf('a', 0))
      expect(await enqueue(store, 'b', [once('n', 1_000)])).toEqual(['exists', 'a'])
      expect(await enqueue(store, 'a', [once('n', 1_000)])).toEqual(['exists', 'a'])
    })

    test('knows the names of one call, and of other types not', async ({ store }) => {
      const replies = await store.enqueue([
        newJob('a', { unique: [once('n', 1_000)] }),
        newJob('b', { unique: [once('n', 1_000)] }),
        newJob('c', { unique: [once('m', 1_000)] }),
        newJob('d', { unique: [alone('n')] }),
        newJob('e', { unique: [debounce('n')], delayMs: 5 }),
        newJob('f'),
      ])
      expect(replies.map(({ outcome, id }) => [outcome, id])).toEqual([
        ['enqueued', 'a'],
        ['exists', 'a'],
        ...['c', 'd', 'e', 'f'].map((id) => ['enqueued', id]),
      ])
    })

    test('answers a cursor from which the other one can be followed', async ({ store }) => {
      await enqueue(store, 'a', [once('n', 1_000)])
      const [reply] = await store.enqueue([newJob('b', { unique: [once('n', 1_000)], announce: true })])
      await store.cancel(cancelOf('a'))
      expect(told(await feedAfter(store, reply!.cursor))).toEqual(['cancelled a'])
    })
  })

  describe('alone', () => {
    test('rejects, or returns the other one, in whatever state that lives', async ({ store, clock }) => {
      await enqueue(store, 'a', [alone('n')], { delayMs: 10 })
      const others = async () => [
        await enqueue(store, 'b', [alone('n')]),
        await enqueue(store, 'c', [alone('n', 'return')]),
      ]
      const busy = [
        ['rejected', 'a'],
        ['exists', 'a'],
      ]
      expect(await others()).toEqual(busy)
      await clock.advance(10)
      await joinAll(store, 's1')
      await step(store, 's1')
      expect(await others()).toEqual(busy)
      const a = await claimOne(store, 's1')
      expect(await others()).toEqual(busy)
      await settle(store, 's1', retrying(a, 10))
      expect(await others()).toEqual(busy)
      expect(await store.counts()).toMatchObject({ queued: 0, scheduled: 0, retrying: 1 })
    })

    test('lets the next one in when the other one has ended, however it did', async ({ store, clock }) => {
      await joinAll(store, 's1')
      const ends: Record<string, () => Promise<unknown>> = {
        succeeded: async () => settle(store, 's1', succeeded(await claimOne(store, 's1'))),
        failed: async () => settle(store, 's1', failed(await claimOne(store, 's1'))),
        cancelled: () => store.cancel(cancelOf('cancelled')),
        'cancelled while it runs': async () => {
          await claimOne(store, 's1')
          await store.cancel(cancelOf('cancelled while it runs'))
        },
        expired: async () => {
          await clock.advance(10)
          await step(store, 's1')
        },
        replaced: async () => enqueue(store, 'last', [replace('n')]),
      }
      for (const [id, end] of Object.entries(ends)) {
        expect(await enqueue(store, id, [alone('n')], { expiresMs: 10 })).toEqual(['enqueued', id])
        await end()
      }
      expect(await enqueue(store, 'more', [alone('n')])).toEqual(['rejected', 'last'])
    })

    test('stays with a job whose worker was lost, and cannot be stuck', async ({ store, clock }) => {
      await enqueue(store, 'a', [alone('n')])
      await joinAll(store, 's1')
      await claimOne(store, 's1')
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      expect(await enqueue(store, 'b', [alone('n')])).toEqual(['rejected', 'a'])
      await settle(store, 's2', succeeded(await claimOne(store, 's2')))
      expect(await enqueue(store, 'b', [alone('n')])).toEqual(['enqueued', 'b'])
    })

    test('replaces the other one: cancels it, says by what, and takes its place', async ({
      store,
      clock,
    }) => {
      await enqueue(store, 'a', [alone('n')])
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      expect(await enqueue(store, 'b', [replace('n')], { announce: true })).toEqual(['enqueued', 'b'])
      expect(await store.get('a')).toMatchObject({
        state: 'cancelled',
        by: null,
        reason: 'replaced by b',
        finishedAt: clock.now(),
      })
      expect(told(await feedAfter(store))).toEqual(['cancelled a', 'queued b'])
      const { signal } = new AbortController()
      expect(await store.wait('s1', { work: false, timeoutMs: 10 ** 9, signal })).toMatchObject({
        cancelled: [{ id: 'a', by: null, reason: 'replaced by b' }],
      })
      expect(await settle(store, 's1', succeeded(a))).toMatchObject({ lost: ['a'] })
      expect(await enqueue(store, 'c', [replace('n', 0)])).toEqual(['enqueued', 'c'])
      expect(await store.get('b')).toBeNull()
      expect(ids(await claim(store, 's1'))).toEqual(['c'])
    })

    test('replaces a job with those that it waits for, and tells the one that waits for it', async ({
      store,
    }) => {
      await store.enqueue([
        parentOf('top', 1, { options: { ttlMs: TTL_MS } }),
        parentOf('middle', 1, {
          flow: { parent: { id: 'top', part: 0, onFailure: 'fail' } },
          unique: [alone('n')],
        }),
        childOf('middle', 0, { id: 'leaf' }),
      ])
      await enqueue(store, 'new', [replace('n')])
      expect(told(await feedAfter(store))).toEqual(['cancelled middle', 'cancelled leaf', 'failed top'])
      expect(await store.get('top')).toMatchObject({
        error: { message: 'Job middle of task "score" was cancelled: replaced by new' },
      })
    })
  })

  describe('debounce', () => {
    test('gives the job that is delayed the newer input, and its delay anew', async ({ store, clock }) => {
      const job = { delayMs: 1_000, announce: true }
      expect(await enqueue(store, 'a', [debounce('n')], job)).toEqual(['enqueued', 'a'])
      await clock.advance(999)
      const input = encoded('newest')
      const newer = {
        ...job,
        delayMs: 2_000,
        input,
        owner: 'eve',
        task: 'mail',
        options: { attempts: 9, queue: 'q' },
      }
      expect(await enqueue(store, 'b', [debounce('n')], newer)).toEqual(['exists', 'a'])
      expect(await store.get('b')).toBeNull()
      expect(await store.get('a')).toMatchObject({
        state: 'scheduled',
        runAt: clock.now() + 2_000,
        job: { id: 'a', input, owner: 'eve', task: 'mail', options: { attempts: 9, queue: 'q' } },
      })
      expect(told(await feedAfter(store))).toEqual(['queued a'])
      await joinAll(store, 's1')
      await clock.advance(1_999)
      const queues = ['q', 'default']
      expect(await step(store, 's1', { claim: 1, queues })).toMatchObject({ claimed: [], nextDueMs: 1 })
      await clock.advance(1)
      expect((await step(store, 's1', { claim: 1, queues: ['q'] })).claimed).toMatchObject([
        { id: 'a', input },
      ])
    })

    test('never lets it wait longer than was said, from its own enqueueing on', async ({ store, clock }) => {
      const runAt = clock.now() + 1_500
      await enqueue(store, 'a', [debounce('n', 1_500)], { delayMs: 1_000 })
      await clock.advance(900)
      await enqueue(store, 'b', [debounce('n', 1_500)], { delayMs: 1_000, input: encoded('b') })
      expect(await store.get('a')).toMatchObject({ runAt })
      await clock.advance(500)
      expect(
        await enqueue(store, 'c', [debounce('n', 1_500)], { delayMs: 1_000, input: encoded('c') }),
      ).toEqual(['exists', 'a'])
      expect(await store.get('a')).toMatchObject({ runAt, job: { input: encoded('c') } })
      await clock.advance(100)
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('enqueues another one when it is too late, which is the one of the name from then on', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1')
      await enqueue(store, 'a', [debounce('n')], { delayMs: 10 })
      await clock.advance(10)
      await step(store, 's1')
      expect(await enqueue(store, 'b', [debounce('n')], { delayMs: 10 })).toEqual(['enqueued', 'b'])
      await settle(store, 's1', succeeded(await claimOne(store, 's1')))
      expect(await enqueue(store, 'c', [debounce('n')], { delayMs: 10 })).toEqual(['exists', 'b'])
      await store.cancel(cancelOf('b'))
      expect(await enqueue(store, 'c', [debounce('n')], { delayMs: 10 })).toEqual(['enqueued', 'c'])
    })

    test('leaves alone what waits for its next attempt', async ({ store, clock }) => {
      await joinAll(store, 's1')
      await enqueue(store, 'a', [debounce('n')], { delayMs: 10 })
      await clock.advance(10)
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 1_000))
      expect(await enqueue(store, 'b', [debounce('n')], { delayMs: 10 })).toEqual(['enqueued', 'b'])
      expect(await store.get('a')).toMatchObject({ state: 'retrying', job: { input: encoded({ of: 'a' }) } })
    })

    test('renews what the job is found by, and when it expires', async ({ store, clock }) => {
      const all = { delayMs: 100, isLast: true } as const
      await enqueue(store, 'a', [debounce('n')], {
        ...all,
        expiresMs: 50,
        options: { tags: ['old', 'both'] },
      })
      await clock.advance(10)
      await enqueue(store, 'b', [debounce('n')], {
        ...all,
        expiresMs: 60,
        owner: 'eve',
        options: { tags: ['new', 'both'], ttlMs: TTL_MS },
      })
      const found = async (tag: string) => (await store.find({ tag }, { limit: 9 })).ids
      expect([await found('old'), await found('new'), await found('both')]).toEqual([[], ['a'], ['a']])
      expect(await store.last('score', 'eve')).toBe('a')
      await clock.advance(59)
      await step(store, 'nobody')
      expect(await stateOf(store, 'a')).toBe('scheduled')
      await clock.advance(1)
      await step(store, 'nobody')
      expect(await stateOf(store, 'a')).toBe('expired')
      await enqueue(store, 'c', [debounce('n')], { ...all, expiresMs: 50 })
      await enqueue(store, 'd', [debounce('n')], all)
      await clock.advance(50)
      await step(store, 'nobody')
      expect(await stateOf(store, 'c')).toBe('scheduled')
    })
  })

  describe('rules', () => {
    test('are asked in order, and the first that answers decides: nothing is registered then', async ({
      store,
    }) => {
      await enqueue(store, 'a', [alone('n')])
      expect(await enqueue(store, 'b', [once('m', 1_000), alone('n'), once('o', 1_000)])).toEqual([
        'rejected',
        'a',
      ])
      expect(await enqueue(store, 'c', [once('m', 1_000), once('o', 1_000)])).toEqual(['enqueued', 'c'])
      expect(await enqueue(store, 'd', [alone('n', 'return'), once('m', 1_000)])).toEqual(['exists', 'a'])
      expect(await enqueue(store, 'd', [once('m', 1_000), alone('n', 'return')])).toEqual(['exists', 'c'])
    })

    test('register a job under all its names', async ({ store }) => {
      await enqueue(store, 'a', [once('n', 1_000), alone('n'), debounce('n')], { delayMs: 9 })
      expect(await enqueue(store, 'b', [debounce('n')])).toEqual(['exists', 'a'])
      expect(await enqueue(store, 'b', [alone('n')])).toEqual(['rejected', 'a'])
      await store.cancel(cancelOf('a'))
      expect(await enqueue(store, 'b', [alone('n'), debounce('n')])).toEqual(['enqueued', 'b'])
      expect(await enqueue(store, 'c', [once('n', 1_000)])).toEqual(['exists', 'a'])
    })

    test('are not asked for a job that is known by its id', async ({ store }) => {
      await enqueue(store, 'a', [replace('n')])
      expect(await enqueue(store, 'a', [replace('n')])).toEqual(['exists', 'a'])
      expect(await stateOf(store, 'a')).toBe('queued')
      await enqueue(store, 'b', [replace('n')])
      expect(await enqueue(store, 'a', [replace('n')])).toEqual(['exists', 'a'])
      expect(await stateOf(store, 'b')).toBe('queued')
    })

    test('may have any name', async ({ store }) => {
      const names = ['', ' ', 'once n', ':', '\n', 'ü€😀', '"', '\\', 'x'.repeat(2_000)]
      for (const [n, name] of names.entries()) {
        expect(await enqueue(store, `a${n}`, [once(name, 1_000), alone(name), debounce(name)])).toEqual([
          'enqueued',
          `a${n}`,
        ])
      }
      for (const [n, name] of names.entries())
        expect(await enqueue(store, 'b', [alone(name)])).toEqual(['rejected', `a${n}`])
    })
  })
}
