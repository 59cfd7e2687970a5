import { describe, expect } from 'vitest'
import {
  claim,
  encoded,
  feedAfter,
  joinAll,
  newJob,
  newJobs,
  report,
  settle,
  succeeded,
  told,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function progressContract(test: ContractTest): void {
  describe('progress', () => {
    test('writes reports of running jobs, each with its notice, in order', async ({ store, clock }) => {
      await store.enqueue([newJob('a'), newJob('b', { owner: null, task: 'mail.send' })])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await clock.advance(2)
      const rich = { json: '["1"]', meta: '{"values":{"0":["bigint"]}}' }
      expect(await store.progress('s1', [report(a!, 1), { ...b!, data: rich }, report(a!, 2)])).toEqual({
        lost: [],
      })
      const notice = { cursor: expect.any(String), type: 'progress', at: clock.now() }
      expect(await feedAfter(store)).toEqual([
        { ...notice, jobId: 'a', task: 'score', owner: 'ada', data: encoded(1) },
        { ...notice, jobId: 'b', task: 'mail.send', owner: null, data: rich },
        { ...notice, jobId: 'a', task: 'score', owner: 'ada', data: encoded(2) },
      ])
      expect(await store.get('a')).toMatchObject({ progress: encoded(2) })
      expect(await store.get('b')).toMatchObject({ progress: rich })
    })

    test('writes nothing of what is fenced out, and answers its id', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1', 's2')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(a!))
      expect(await store.progress('s1', [report(a!, 1), report(b!, 1)])).toEqual({ lost: ['a'] })
      expect(await store.progress('s2', [report(b!, 2)])).toEqual({ lost: ['b'] })
      expect(told(await feedAfter(store))).toEqual(['succeeded a', 'progress b'])
      expect(await store.get('b')).toMatchObject({ progress: encoded(1) })
    })

    test('takes 100 reports at once', async ({ store }) => {
      await store.enqueue(Array.from({ length: 100 }, (_, n) => newJob(`job-${n}`)))
      await joinAll(store, 's1')
      const jobs = await claim(store, 's1', 100)
      expect(
        await store.progress(
          's1',
          jobs.map((job) => report(job, job.id)),
        ),
      ).toEqual({ lost: [] })
      expect((await feedAfter(store)).map(({ data }) => data)).toEqual(jobs.map(({ id }) => encoded(id)))
    })
  })
}
