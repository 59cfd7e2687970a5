import { type StoredSchedule, TICK_LEASE_MS } from '@lovage/core'
import { describe, expect } from 'vitest'
import { claim, encoded, feedAfter, ids, joinAll, newJob, newJobs, step, told } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const schedule = (name: string, nextAt: number, more: Partial<StoredSchedule> = {}): StoredSchedule => ({
  name,
  job: { task: 'score', owner: null, input: encoded({ of: name }), options: {} },
  spec: '{"every":1000}',
  source: 'code',
  nextAt,
  ...more,
})

export function schedulesContract(test: ContractTest): void {
  describe('schedules', () => {
    test('are added once, whoever says so', async ({ store, clock }) => {
      const nightly = schedule('nightly', clock.now() + 1_000)
      expect(await store.putSchedule(nightly)).toBe('added')
      expect(await store.putSchedule(nightly)).toBe('same')
      expect(await store.putSchedule({ ...nightly, nextAt: 7 })).toBe('same')
      expect(await store.schedules()).toEqual([nightly])
    })

    test('are changed when anything but their next moment differs, and once', async ({ store, clock }) => {
      const first = schedule('nightly', clock.now() + 1_000)
      await store.putSchedule(first)
      const { job } = first
      for (const change of [
        { spec: '{"every":2000}' },
        { source: 'user' as const },
        { job: { ...job, task: 'mail' } },
        { job: { ...job, owner: 'ada' } },
        { job: { ...job, input: { ...job.input, meta: '{"values":["Date"]}' } } },
        { job: { ...job, options: { queue: 'mail' } } },
      ]) {
        const changed = { ...first, nextAt: first.nextAt + 5, ...change }
        expect([change, await store.putSchedule(changed)]).toEqual([change, 'changed'])
        expect(await store.putSchedule(changed)).toBe('same')
        expect(await store.schedules()).toEqual([changed])
        expect(await store.putSchedule(first)).toBe('changed')
      }
    })

    test('are listed by name, and removed', async ({ store, clock }) => {
      const all = ['b', 'a "ü"\n|', 'c'].map((name) => schedule(name, clock.now()))
      for (const one of all) await store.putSchedule(one)
      expect((await store.schedules()).map(({ name }) => name)).toEqual(['a "ü"\n|', 'b', 'c'])
      expect([await store.removeSchedule('b'), await store.removeSchedule('b')]).toEqual([true, false])
      expect(await store.schedules()).toEqual([all[1], all[2]])
    })

    test('say when they are due, and are given to one worker then', async ({ store, clock }) => {
      const nightly = schedule('nightly', clock.now() + 1_000)
      await store.putSchedule(nightly)
      await joinAll(store, 's1', 's2')
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ ticks: [], nextDueMs: 1_000 })
      await clock.advance(999)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ ticks: [], nextDueMs: 1 })
      await clock.advance(1)
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        ticks: [{ schedule: nightly, now: clock.now() }],
        nextDueMs: TICK_LEASE_MS,
      })
      expect(await step(store, 's2', { claim: 1 })).toMatchObject({ ticks: [], nextDueMs: TICK_LEASE_MS })
    })

    test('are given to another worker, if the first one does not fire them in time', async ({
      store,
      clock,
    }) => {
      await store.putSchedule(schedule('nightly', clock.now()))
      await joinAll(store, 's1', 's2')
      expect((await step(store, 's1', { claim: 1 })).ticks).toHaveLength(1)
      await clock.advance(TICK_LEASE_MS - 1)
      expect(await step(store, 's2', { claim: 1 })).toMatchObject({ ticks: [], nextDueMs: 1 })
      await clock.advance(1)
      expect((await step(store, 's2', { claim: 1 })).ticks).toMatchObject([{ now: clock.now() }])
    })

    test('are given to workers that are alive, busy or not, and to no others', async ({ store, clock }) => {
      await store.putSchedule(schedule('nightly', clock.now()))
      await joinAll(store, 's1')
      expect(await step(store, 'nobody', { claim: 1 })).toMatchObject({ ticks: [] })
      expect(await step(store, 's1', { claim: 0, queues: [] })).toMatchObject({
        ticks: [{ schedule: { name: 'nightly' } }],
      })
    })

    test('come in the order in which they are due, then by name', async ({ store, clock }) => {
      const at = clock.now()
      for (const [name, nextAt] of [
        ['c', at + 2],
        ['b', at + 1],
        ['d', at],
        ['a', at + 2],
        ['later', at + 9],
      ] as const)
        await store.putSchedule(schedule(name, nextAt))
      await clock.advance(2)
      await joinAll(store, 's1')
      const { ticks, nextDueMs } = await step(store, 's1', { claim: 1 })
      expect(ticks.map((tick) => tick.schedule.name)).toEqual(['d', 'b', 'a', 'c'])
      expect(nextDueMs).toBe(7)
    })

    test('come at most 100 at a time', async ({ store, clock }) => {
      for (let n = 0; n < 101; n++) await store.putSchedule(schedule(`s${n}`, clock.now() - n))
      await joinAll(store, 's1', 's2')
      const first = await step(store, 's1', { claim: 1 })
      expect([first.ticks.length, first.nextDueMs]).toEqual([100, 0])
      const second = await step(store, 's2', { claim: 1 })
      expect(second.ticks.map((tick) => tick.schedule.name)).toEqual(['s0'])
    })

    test('fire: enqueue their jobs and are due again at the next moment', async ({ store, clock }) => {
      const at = clock.now()
      const nightly = schedule('nightly', at)
      await store.putSchedule(nightly)
      await joinAll(store, 's1')
      await step(store, 's1', { claim: 1 })
      const jobs = [newJob('a', { announce: true }), newJob('b', { delayMs: 10 })]
      expect(await store.fire({ name: 'nightly', at, nextAt: at + 100, jobs })).toEqual({ outcome: 'fired' })
      expect(await store.schedules()).toEqual([{ ...nightly, nextAt: at + 100 }])
      expect(told(await feedAfter(store))).toEqual(['queued a'])
      expect(await step(store, 's1', { claim: 9 })).toMatchObject({
        claimed: [{ id: 'a' }],
        ticks: [],
        nextDueMs: 10,
      })
      await clock.advance(100)
      expect((await step(store, 's1', { claim: 1 })).ticks).toMatchObject([
        { schedule: { nextAt: at + 100 } },
      ])
    })

    test('fire once for each tick, whoever tries', async ({ store, clock }) => {
      const at = clock.now()
      await store.putSchedule(schedule('nightly', at))
      const fire = (id: string) => store.fire({ name: 'nightly', at, nextAt: at + 100, jobs: newJobs(id) })
      expect([await fire('a'), await fire('b'), await fire('a')].map(({ outcome }) => outcome)).toEqual([
        'fired',
        'stale',
        'stale',
      ])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a'])
    })

    test('do not fire what was changed or removed since', async ({ store, clock }) => {
      const at = clock.now()
      const fire = () => store.fire({ name: 'nightly', at, nextAt: at + 100, jobs: newJobs('a') })
      expect(await fire()).toEqual({ outcome: 'stale' })
      await store.putSchedule(schedule('nightly', at))
      await joinAll(store, 's1')
      await step(store, 's1', { claim: 1 })
      await store.putSchedule(schedule('nightly', at + 50, { spec: '{"every":7}' }))
      expect(await fire()).toEqual({ outcome: 'stale' })
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({ ticks: [], nextDueMs: 50 })
      await store.removeSchedule('nightly')
      expect(await fire()).toEqual({ outcome: 'stale' })
      expect(await store.counts()).toMatchObject({ queued: 0 })
    })

    test('may skip a tick, or make up for several', async ({ store, clock }) => {
      const at = clock.now()
      await store.putSchedule(schedule('nightly', at))
      await store.fire({ name: 'nightly', at, nextAt: at + 1, jobs: [] })
      await store.fire({ name: 'nightly', at: at + 1, nextAt: at + 2, jobs: newJobs('a', 'b', 'c') })
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'b', 'c'])
    })

    test('end when there is no next tick', async ({ store, clock }) => {
      const at = clock.now()
      await store.putSchedule(schedule('last', at))
      expect(await store.fire({ name: 'last', at, nextAt: null, jobs: newJobs('a') })).toEqual({
        outcome: 'fired',
      })
      expect(await store.schedules()).toEqual([])
      await joinAll(store, 's1')
      expect(await step(store, 's1', { claim: 1 })).toMatchObject({
        claimed: [{ id: 'a' }],
        ticks: [],
        nextDueMs: null,
      })
    })

    test('enqueue as anybody does: uniqueness holds', async ({ store, clock }) => {
      const at = clock.now()
      await store.putSchedule(schedule('nightly', at))
      await store.enqueue([newJob('a', { unique: [{ type: 'alone', name: 'n', onBusy: 'reject' }] })])
      const jobs = [
        newJob('b', { unique: [{ type: 'alone', name: 'n', onBusy: 'reject' }] }),
        ...newJobs('a', 'c'),
      ]
      expect(await store.fire({ name: 'nightly', at, nextAt: at + 1, jobs })).toEqual({ outcome: 'fired' })
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a', 'c'])
    })

    test('wake a worker that waits', { timeout: 4_000 }, async ({ store, clock }) => {
      await joinAll(store, 's1')
      const { signal } = new AbortController()
      await step(store, 's1', { claim: 1 })
      const wait = store.wait('s1', { work: true, timeoutMs: 10 ** 12, signal })
      await store.putSchedule(schedule('nightly', clock.now()))
      expect(await wait).toMatchObject({ work: true })
      expect((await step(store, 's1', { claim: 1 })).ticks).toHaveLength(1)
    })
  })
}
