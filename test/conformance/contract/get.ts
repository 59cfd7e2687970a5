import type { NewJob } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  childOf,
  claim,
  claimOne,
  encoded,
  failed,
  failure,
  feedAfter,
  joinAll,
  newJob,
  newJobs,
  report,
  retrying,
  settle,
  stateOf,
  step,
  succeeded,
  TTL_MS,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function getContract(test: ContractTest): void {
  describe('get', () => {
    const cursor = expect.any(String)
    const a = { id: 'a', task: 'score', owner: 'ada', input: encoded({ of: 'a' }), options: {} }

    test('answers null for an id that was never enqueued', async ({ store }) => {
      expect(await store.get('a')).toBeNull()
    })

    test('shows a queued job with its record', async ({ store }) => {
      const options = { attempts: 2, timeLimitMs: 9 }
      await store.enqueue([
        newJob('a', { options, owner: null, input: { json: 'null', meta: '{"values":["undefined"]}' } }),
      ])
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'queued',
        job: { ...a, options, owner: null, input: { json: 'null', meta: '{"values":["undefined"]}' } },
        attempt: 0,
      })
    })

    test('shows when a scheduled job may start', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { delayMs: 1_500 })])
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'scheduled',
        job: a,
        attempt: 0,
        runAt: clock.now() + 1_500,
      })
    })

    test('shows since when a job runs, and its newest report', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await clock.advance(7)
      const job = await claimOne(store, 's1')
      const startedAt = clock.now()
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'running',
        job: a,
        attempt: 1,
        startedAt,
        worker: 's1',
      })
      await clock.advance(7)
      await store.progress('s1', [report(job, 1)])
      await store.progress('s1', [report(job, 2)])
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'running',
        job: a,
        attempt: 1,
        startedAt,
        worker: 's1',
        progress: encoded(2),
      })
    })

    test('shows when a job is tried again, and how often it was', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 2_000))
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'retrying',
        job: a,
        attempt: 1,
        runAt: clock.now() + 2_000,
        history: [expect.objectContaining({ attempt: 1, worker: 's1' })],
      })
    })

    test('shows no report of an attempt that is over', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const first = await claimOne(store, 's1')
      await store.progress('s1', [report(first, 0.9)])
      await settle(store, 's1', retrying(first, 0))
      const second = await claimOne(store, 's1')
      expect(second.attempt).toBe(2)
      expect(await store.get('a')).not.toHaveProperty('progress')
      await store.progress('s1', [report(second, 0.5)])
      await store.leave('s1')
      await joinAll(store, 's2')
      await claimOne(store, 's2')
      expect(await store.get('a')).not.toHaveProperty('progress')
    })

    test('shows what a job succeeded with', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { owner: null })])
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await clock.advance(250)
      const result = { json: '"2026-11-21T00:00:00.000Z"', meta: '{"values":["Date"]}' }
      await settle(store, 's1', { ...succeeded(job), to: 'succeeded', result, ttlMs: TTL_MS })
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'succeeded',
        id: 'a',
        task: 'score',
        owner: null,
        attempt: 1,
        startedAt: job.claimedAt,
        finishedAt: job.claimedAt + 250,
        result,
      })
    })

    test('shows what a job failed with, the stack included', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 0))
      const job = await claimOne(store, 's1')
      await settle(store, 's1', failed(job))
      expect(await store.get('a')).toEqual({
        cursor,
        state: 'failed',
        id: 'a',
        task: 'score',
        owner: 'ada',
        attempt: 2,
        startedAt: job.claimedAt,
        finishedAt: clock.now(),
        error: failure,
        worker: 's1',
        history: [expect.objectContaining({ attempt: 1, worker: 's1' })],
      })
    })

    test('shows who cancelled a job, why, and when it had started if it ran', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const { claimedAt: startedAt } = await claimOne(store, 's1')
      await clock.advance(40)
      await store.cancel({ id: 'a', by: null, reason: null, ttlMs: TTL_MS })
      await store.cancel(cancelOf('b'))
      const ended = { cursor, state: 'cancelled', task: 'score', owner: 'ada', finishedAt: clock.now() }
      expect(await store.get('a')).toEqual({
        ...ended,
        id: 'a',
        attempt: 1,
        startedAt,
        by: null,
        reason: null,
      })
      expect(await store.get('b')).toEqual({
        ...ended,
        id: 'b',
        attempt: 0,
        by: 'ada',
        reason: 'no longer needed',
      })
    })

    test('shows what was asked for a job, while it lives and however it ended', async ({ store, clock }) => {
      const shown = {
        queue: 'mail',
        priority: 9,
        lane: 'm|"ü"\n{}',
        tags: ['t', 'a/b'],
        metadata: '{"n":{"m":[]}}',
        retryOf: 'before',
      }
      const names = ['succeeded', 'failed', 'cancelled']
      const job = (id: string, more: Partial<NewJob> = {}) =>
        newJob(id, { ...more, options: { ...shown, attempts: 3, timeLimitMs: 9, ttlMs: TTL_MS } })
      await store.enqueue([
        ...names.map((id) => job(id)),
        newJob('plain'),
        newJob('tried', { options: { attempts: 2 } }),
      ])
      await store.enqueue([job('parent', { flow: { waits: { children: 1, input: 'list', isGroup: true } } })])
      await store.enqueue([job('late', { expiresMs: 1 }), childOf('parent', 0, { id: 'child' })])
      await joinAll(store, 's1')
      await store.cancel(cancelOf('cancelled'))
      await clock.advance(1)
      const { claimed } = await step(store, 's1', { claim: 9, queues: ['mail', 'default'] })
      expect(await stateOf(store, 'late')).toBe('expired')
      const fails = ['failed', 'child']
      await settle(
        store,
        's1',
        ...claimed.map((one) => (fails.includes(one.id) ? failed(one) : succeeded(one))),
      )
      for (const id of ['succeeded', 'failed', 'cancelled', 'late', 'parent'])
        expect(await store.get(id)).toMatchObject({ id, finishedAt: expect.any(Number), options: shown })
      for (const id of ['plain', 'tried']) expect(await store.get(id)).not.toHaveProperty('options')
    })

    test('says up to which place in the feed it is true', async ({ store }) => {
      await store.enqueue([newJob('a', { announce: true })])
      expect((await store.get('a'))!.cursor).toBe(await store.tail())
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await store.progress('s1', [report(job, 1)])
      const running = await store.get('a')
      expect(running!.cursor).toBe(await store.tail())
      await store.progress('s1', [report(job, 2)])
      await settle(store, 's1', succeeded(job))
      const ended = await store.get('a')
      expect(ended!.cursor).toBe(await store.tail())
      expect((await feedAfter(store, running!.cursor)).map(({ type }) => type)).toEqual([
        'progress',
        'succeeded',
      ])
      expect(await feedAfter(store, ended!.cursor)).toEqual([])
    })

    test('keeps each outcome for a time of its own, and not longer', async ({ store, elapse }) => {
      await store.enqueue(newJobs('success', 'failure', 'cancel', 'long'))
      await joinAll(store, 's1')
      const [success, failed_] = await claim(store, 's1', 2)
      await settle(store, 's1', succeeded(success!, 1, 600_000), failed(failed_!, 1_200_000))
      await store.cancel(cancelOf('cancel', 1_800_000))
      await store.cancel(cancelOf('long', 2_400_000))
      await store.discard(['failure']) // kept for a retry it would be shown longer
      const states = () =>
        Promise.all(['success', 'failure', 'cancel', 'long'].map((id) => stateOf(store, id)))
      await elapse(500_000)
      expect(await states()).toEqual(['succeeded', 'failed', 'cancelled', 'cancelled'])
      await elapse(100_000)
      expect(await states()).toEqual([null, 'failed', 'cancelled', 'cancelled'])
      await elapse(600_000)
      expect(await states()).toEqual([null, null, 'cancelled', 'cancelled'])
      await elapse(600_000)
      expect(await states()).toEqual([null, null, null, 'cancelled'])
    })

    test('keeps nothing of a job whose outcome is to be kept for no time, which still ends with its notice', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      await settle(store, 's1', succeeded(await claimOne(store, 's1'), 'done', 0))
      await store.cancel(cancelOf('b', 0))
      expect([await store.get('a'), await store.get('b')]).toEqual([null, null])
      expect((await feedAfter(store)).map(({ type }) => type)).toEqual(['succeeded', 'cancelled'])
      expect(await store.counts()).toMatchObject({ queued: 0, running: 0 })
    })
  })
}
