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
  report,
  retrying,
  settle,
  stateOf,
  succeeded,
  told,
  step,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function cancelContract(test: ContractTest): void {
  describe('cancel', () => {
    test('takes a queued job out of the line, and lets those behind it move up', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c'))
      expect(await store.cancel(cancelOf('b'))).toMatchObject({ outcome: 'cancelled' })
      expect(await store.counts()).toMatchObject({ queued: 2 })
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 2))).toEqual(['a', 'c'])
    })

    test('ends a scheduled job, which is never due any more', async ({ store, clock }) => {
      await store.enqueue([newJob('a', { delayMs: 100 })])
      await store.cancel(cancelOf('a'))
      await joinAll(store, 's1')
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ nextDueMs: null })
      await clock.advance(100)
      expect(await claim(store, 's1')).toEqual([])
      expect(await stateOf(store, 'a')).toBe('cancelled')
    })

    test('ends a job that waits for its retry, and says which attempt was its last', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(await claimOne(store, 's1'), 100))
      await store.cancel(cancelOf('a'))
      await clock.advance(100)
      expect(await claim(store, 's1')).toEqual([])
      expect(await store.get('a')).toMatchObject({ state: 'cancelled', attempt: 1 })
    })

    test('fences a running job at once', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await store.cancel(cancelOf('a'))
      expect(await store.progress('s1', [report(job, 1)])).toEqual({ lost: ['a'] })
      expect(await settle(store, 's1', succeeded(job))).toMatchObject({ alive: true, lost: ['a'] })
      expect(await stateOf(store, 'a')).toBe('cancelled')
      expect(told(await feedAfter(store))).toEqual(['cancelled a'])
      expect(await store.counts()).toMatchObject({ running: 0 })
    })

    test('writes who did it and why, and answers the place of that notice', async ({ store, clock }) => {
      await store.enqueue(newJobs('a', 'b'))
      const reply = await store.cancel(cancelOf('a'))
      await store.cancel({ id: 'b', by: null, reason: null, ttlMs: 1_000 })
      const notice = { type: 'cancelled', task: 'score', owner: 'ada', at: clock.now() }
      const [a, b] = await feedAfter(store)
      expect(a).toEqual({ ...notice, cursor: a!.cursor, jobId: 'a', by: 'ada', reason: 'no longer needed' })
      expect(b).toEqual({ ...notice, cursor: b!.cursor, jobId: 'b', by: null, reason: null })
      expect(reply).toEqual({ outcome: 'cancelled', cursor: a!.cursor })
    })

    test('answers in which state a job had ended before, and writes nothing', async ({ store }) => {
      await store.enqueue(newJobs('success', 'failure', 'cancel'))
      await joinAll(store, 's1')
      const [success, failure] = await claim(store, 's1', 2)
      await settle(store, 's1', succeeded(success!), failed(failure!))
      await store.cancel(cancelOf('cancel'))
      const before = await feedAfter(store)
      const replies = await Promise.all(
        ['success', 'failure', 'cancel'].map((id) => store.cancel({ ...cancelOf(id), by: 'eve' })),
      )
      expect(replies).toEqual([
        { outcome: 'ended', state: 'succeeded' },
        { outcome: 'ended', state: 'failed' },
        { outcome: 'ended', state: 'cancelled' },
      ])
      expect(await feedAfter(store)).toEqual(before)
      expect(await store.get('cancel')).toMatchObject({ by: 'ada' })
    })

    test('answers `missing` for what was never enqueued or is no longer kept', async ({ store, elapse }) => {
      await store.enqueue(newJobs('a'))
      await store.cancel(cancelOf('a', 60_000))
      await elapse(60_000)
      expect(await store.cancel(cancelOf('a'))).toEqual({ outcome: 'missing' })
      expect(await store.cancel(cancelOf('nobody'))).toEqual({ outcome: 'missing' })
      expect(await feedAfter(store)).toHaveLength(1)
    })

    test('leaves nothing behind that a new job of the id would meet', async ({ store, elapse }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const job = await claimOne(store, 's1')
      await store.progress('s1', [report(job, 1)])
      await settle(store, 's1', retrying(job, 0))
      await store.cancel(cancelOf('a', 60_000))
      await elapse(60_000)
      await store.enqueue(newJobs('a'))
      expect(await store.get('a')).toMatchObject({ state: 'queued', attempt: 0 })
      await joinAll(store, 's1')
      expect((await claim(store, 's1')).map(({ id, attempt }) => [id, attempt])).toEqual([
        ['b', 1],
        ['a', 1],
      ])
    })
  })
}
