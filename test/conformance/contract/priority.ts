import { PRIORITY_RUN, type NewJob } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  ids,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  retrying,
  runAll,
  settle,
  step,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const urgent = (id: string, priority: number, options: Partial<NewJob> = {}): NewJob =>
  newJob(id, { ...options, options: { priority } })

export function priorityContract(test: ContractTest): void {
  describe('priority', () => {
    test('puts a job before those with a lower one and those with none', async ({ store }) => {
      await store.enqueue([newJob('plain'), urgent('low', 1), urgent('high', 100), urgent('middle', 50)])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['high', 'middle', 'low', 'plain'])
    })

    test('leaves jobs of the same priority in the order of their ids', async ({ store }) => {
      await store.enqueue([urgent('c', 5), urgent('a', 5), urgent('d', 5), urgent('b', 6)])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['b', 'a', 'c', 'd'])
    })

    test('lets a plain one pass after every three in a row, in one step or many', async ({ store }) => {
      const many = (prefix: string) => Array.from({ length: 7 }, (_, n) => `${prefix}${n}`)
      await joinAll(store, 's1')
      const expected = 'uuupuuupuppppp'
      const shape = (order: readonly string[]) => order.map((id) => id[0]).join('')
      await store.enqueue([...newJobs(...many('p')), ...many('u').map((id) => urgent(id, 9))])
      expect(shape(ids(await claim(store, 's1')))).toEqual(expected)
      await store.enqueue([...newJobs(...many('p1')), ...many('u1').map((id) => urgent(id, 9))])
      expect(shape(await runAll(store, 's1'))).toEqual(expected)
      expect(PRIORITY_RUN).toBe(3)
    })

    test('counts those that passed while none without waited', async ({ store }) => {
      await store.enqueue(['a', 'b', 'c', 'd', 'e'].map((id) => urgent(id, 9)))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 4))).toEqual(['a', 'b', 'c', 'd'])
      await store.enqueue([newJob('plain'), urgent('f', 9)])
      expect(ids(await claim(store, 's1'))).toEqual(['plain', 'e', 'f'])
    })

    test('remembers the count when nobody waits in a plain line, and forgets it with a lane', async ({
      store,
    }) => {
      await joinAll(store, 's1')
      for (const end of ['claimed', 'cancelled']) {
        for (const lane of [undefined, end]) {
          const name = `${end}-${lane ?? 'plain'}`
          const options = lane === undefined ? {} : { lane }
          const urgentOne = (id: string) => newJob(`${name}-${id}`, { options: { ...options, priority: 9 } })
          await store.enqueue(['a', 'b', 'c', 'd'].map(urgentOne))
          await claim(store, 's1', 3)
          if (end === 'claimed') await claim(store, 's1', 1)
          else await store.cancel(cancelOf(`${name}-d`))
          await store.enqueue([newJob(`${name}-without`, { options }), urgentOne('with')])
          const order = ids(await claim(store, 's1'))
          expect(order).toEqual(
            lane === undefined ? [`${name}-without`, `${name}-with`] : [`${name}-with`, `${name}-without`],
          )
        }
      }
    })

    test('begins to count anew with one that passed while none with a priority waited', async ({ store }) => {
      await joinAll(store, 's1')
      for (const lane of [undefined, 'a']) {
        const options = lane === undefined ? {} : { lane }
        const urgentOne = (id: string) => newJob(id, { options: { ...options, priority: 9 } })
        const name = (id: string) => `${lane ?? 'plain'}-${id}`
        await store.enqueue([
          ...['a', 'b', 'c'].map(name).map(urgentOne),
          newJob(name('keeps the lane'), { options }),
        ])
        expect(ids(await claim(store, 's1', 3))).toEqual(['a', 'b', 'c'].map(name))
        expect(ids(await claim(store, 's1'))).toEqual([name('keeps the lane')])
        await store.enqueue([newJob(name('without'), { options }), urgentOne(name('with'))])
        expect(ids(await claim(store, 's1'))).toEqual([name('with'), name('without')])
      }
    })

    test('does not count those that were cancelled', async ({ store }) => {
      await store.enqueue([newJob('plain'), ...['a', 'b', 'c', 'd', 'e'].map((id) => urgent(id, 9))])
      await store.cancel(cancelOf('a'))
      await store.cancel(cancelOf('c'))
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['b', 'd', 'e', 'plain'])
    })

    test('does not count those of a limited task, which go on to a lane', async ({ store }) => {
      await store.limit([{ of: 'task', name: 'score', limit: { concurrency: 9 } }])
      await store.enqueue([
        newJob('without', { task: 'mail' }),
        ...['a', 'b', 'c'].map((id) => urgent(id, 9)),
        urgent('with', 1, { task: 'mail' }),
      ])
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['with', 'without', 'a', 'b', 'c'])
    })

    test('holds for a job that was delayed, tried again, or comes back from a lost worker', async ({
      store,
      clock,
    }) => {
      await store.enqueue([urgent('lost', 9), urgent('retried', 8)])
      await joinAll(store, 's1')
      const [, retried] = await claim(store, 's1')
      await settle(store, 's1', retrying(retried!, LEASE_MS))
      await store.enqueue([
        newJob('plain'),
        urgent('delayed', 7, { delayMs: LEASE_MS }),
        urgent('higher', 10),
      ])
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      await step(store, 's2')
      expect(ids(await claim(store, 's2'))).toEqual(['higher', 'plain', 'lost', 'retried', 'delayed'])
    })

    test('goes with the record, and is shown', async ({ store }) => {
      await store.enqueue([urgent('a', 9)])
      expect(await store.get('a')).toMatchObject({ state: 'queued', job: { options: { priority: 9 } } })
      await joinAll(store, 's1')
      expect(await claimOne(store, 's1')).toMatchObject({ options: { priority: 9 } })
    })

    test('orders those within a lane, not the lanes', async ({ store }) => {
      const inLane = (id: string, lane: string, priority?: number) =>
        newJob(id, { options: { lane, ...(priority !== undefined && { priority }) } })
      await store.enqueue([inLane('a1', 'a'), inLane('a2', 'a'), inLane('b1', 'b'), inLane('a3', 'a', 9)])
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['a3', 'b1', 'a1', 'a2'])
    })
  })
}
