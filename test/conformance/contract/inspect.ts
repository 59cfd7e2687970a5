import { type NewJob, newJobId, type Pulse, type StoredInspection, type WorkerInfo } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  encoded,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  report,
  settle,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const info: WorkerInfo = {
  name: 'one "quoted" @ name',
  host: 'box',
  pid: 17,
  version: '1.2.3',
  tasks: ['score', 'mail.send'],
  queues: ['default'],
  slots: 10,
  startedAt: 1_765_893_600_000,
}

const tally = {
  succeeded: 2,
  failed: 0,
  retrying: 1,
  cancelled: 0,
  lost: 0,
  run: { sum: 12, max: 9, buckets: [3, 1, 9, 1] },
}

const pulse: Pulse = {
  used: 3,
  unsettled: 1,
  abandoned: 0,
  rssBytes: 50_000_000,
  windowMs: 60_000,
  tasks: { score: { recent: tally, total: tally } },
}

const named = ({ sessions }: StoredInspection): string[] => sessions.map(({ session }) => session)

export function inspectContract(test: ContractTest): void {
  describe('inspect', () => {
    test('sees how many wait in each queue, and since when whoever waits longest at its head does', async ({
      store,
      clock,
    }) => {
      const put = async (job: Partial<NewJob>): Promise<string> => {
        await clock.advance(10)
        const id = newJobId(clock.now())
        await store.enqueue([newJob(id, job)])
        return id
      }
      const from = clock.now()
      const first = await put({})
      await put({})
      await put({ options: { queue: 'mail' } })
      await put({ options: { queue: 'mail', priority: 5 } })
      await put({ options: { queue: 'mail', lane: 'ada' } })
      await put({ options: { lane: 'bob' } })
      await put({ delayMs: 1_000 })
      expect(await store.depths()).toEqual([
        { queue: 'default', queued: 3, oldestAt: from + 10 },
        { queue: 'mail', queued: 3, oldestAt: from + 30 },
      ])
      await store.cancel(cancelOf(first))
      expect(await store.depths()).toMatchObject([{ queue: 'default', queued: 2, oldestAt: from + 20 }, {}])
      await joinAll(store, 's1')
      await claim(store, 's1', 9)
      expect(await store.depths()).toMatchObject([{ queue: 'mail', queued: 3 }])
      await clock.advance(5_000)
      const dueAt = clock.now()
      await step(store, 's1', {})
      await clock.advance(7)
      expect(await store.depths()).toMatchObject([{ queue: 'default', queued: 1, oldestAt: dueAt }, {}])
      await step(store, 's1', { claim: 9, queues: ['default', 'mail'] })
      expect(await store.depths()).toEqual([])
    })

    test('sees since when one waits that was delayed and handed back', async ({ store, clock }) => {
      await joinAll(store, 's1')
      await store.enqueue([newJob(newJobId(clock.now()), { delayMs: 60_000 })])
      await clock.advance(60_000)
      const dueAt = clock.now()
      const [job] = await claim(store, 's1', 9)
      await clock.advance(5)
      await store.handBack('s1', [job!])
      expect(await store.depths()).toEqual([{ queue: 'default', queued: 1, oldestAt: dueAt }])
      await claim(store, 's1', 9)
      await clock.advance(5)
      await store.leave('s1')
      expect(await store.depths()).toEqual([{ queue: 'default', queued: 1, oldestAt: dueAt }])
    })

    test('sees nothing in a new queue but the time', async ({ store, clock }) => {
      expect(await store.inspect({ running: 10 })).toEqual({ at: clock.now(), sessions: [], running: [] })
    })

    test('shows what a worker said when it joined, and nothing of one that said nothing', async ({
      store,
      clock,
    }) => {
      await store.join({ session: 's2', leaseMs: LEASE_MS })
      await store.join({ session: 's1', leaseMs: LEASE_MS, info })
      const leaseUntil = clock.now() + LEASE_MS
      expect((await store.inspect({ running: 10 })).sessions).toEqual([
        { session: 's1', leaseUntil, running: 0, info, pulse: null },
        { session: 's2', leaseUntil, running: 0, info: null, pulse: null },
      ])
    })

    test('shows what a worker said last of how it does, and when by the clock of the store', async ({
      store,
      clock,
    }) => {
      await store.join({ session: 's1', leaseMs: LEASE_MS, info })
      expect(await store.pulse('s1', { ...pulse, used: 9 })).toEqual({ alive: true })
      await clock.advance(5)
      expect(await store.pulse('s1', pulse)).toEqual({ alive: true })
      await clock.advance(7)
      const { at, sessions } = await store.inspect({ running: 10 })
      expect(sessions).toMatchObject([{ session: 's1', info, pulse: { at: at - 7, pulse } }])
    })

    test('counts the jobs that each session holds', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1', 's2', 's3')
      const [a] = await claim(store, 's1', 3)
      await claim(store, 's2', 1)
      await settle(store, 's1', succeeded(a!))
      const { sessions } = await store.inspect({ running: 0 })
      expect(sessions.map(({ session, running }) => [session, running])).toEqual([
        ['s1', 2],
        ['s2', 1],
        ['s3', 0],
      ])
    })

    test('lists running jobs, the longest-running first, with what followers see of them', async ({
      store,
      clock,
    }) => {
      await joinAll(store, 's1', 's2')
      await store.enqueue([newJob('b', { owner: 'ada "the first"', task: 'a "name" \\ with ü' })])
      const b = await claimOne(store, 's2')
      await clock.advance(10)
      await store.enqueue([newJob('c', { owner: null }), newJob('a', { owner: null })])
      const [c, a] = await claim(store, 's1')
      await store.progress('s1', [report(a!, { done: 1 })])
      const { running } = await store.inspect({ running: 10 })
      expect(running).toEqual([
        { id: 'b', task: b.task, owner: b.owner, attempt: 1, session: 's2', startedAt: b.claimedAt },
        {
          id: 'a',
          task: a!.task,
          owner: null,
          attempt: 1,
          session: 's1',
          startedAt: a!.claimedAt,
          progress: encoded({ done: 1 }),
        },
        { id: 'c', task: c!.task, owner: null, attempt: 1, session: 's1', startedAt: c!.claimedAt },
      ])
      expect((await store.inspect({ running: 1 })).running.map(({ id }) => id)).toEqual(['b'])
    })

    test('lists nothing that waits, was cancelled or has ended, and a later attempt by its number', async ({
      store,
      clock,
    }) => {
      await store.enqueue([
        ...newJobs('lost', 'cancelled', 'ended', 'waits'),
        newJob('later', { delayMs: 100 }),
      ])
      await joinAll(store, 's1')
      const [, , ended] = await claim(store, 's1', 3)
      await settle(store, 's1', succeeded(ended!))
      await store.cancel(cancelOf('cancelled'))
      await clock.advance(LEASE_MS)
      await joinAll(store, 's2')
      await store.extend('s2', LEASE_MS)
      await claim(store, 's2', 1)
      const { running } = await store.inspect({ running: 10 })
      expect(running.map(({ id, attempt, session }) => [id, attempt, session])).toEqual([['lost', 2, 's2']])
    })

    test('forgets a session that left, and what it said', async ({ store }) => {
      await store.join({ session: 's1', leaseMs: LEASE_MS, info })
      await store.pulse('s1', pulse)
      await store.leave('s1')
      expect(await store.pulse('s1', pulse)).toEqual({ alive: false })
      await joinAll(store, 's1')
      expect((await store.inspect({ running: 0 })).sessions).toMatchObject([{ info: null, pulse: null }])
    })

    test('does not show a session from the ms on at which its lease ends, and forgets it when it is reaped', async ({
      store,
      clock,
    }) => {
      await store.enqueue(newJobs('a'))
      await store.join({ session: 's1', leaseMs: LEASE_MS, info })
      await store.pulse('s1', pulse)
      await claimOne(store, 's1')
      await clock.advance(LEASE_MS - 1)
      await joinAll(store, 's2')
      expect(named(await store.inspect({ running: 0 }))).toEqual(['s1', 's2'])
      await clock.advance(1)
      const { sessions, running } = await store.inspect({ running: 10 })
      expect(sessions).toMatchObject([{ session: 's2' }])
      expect(running).toMatchObject([{ id: 'a', session: 's1' }]) // nobody has taken it from there yet
      await store.extend('s2', LEASE_MS)
      expect(await store.pulse('s1', pulse)).toEqual({ alive: false })
      expect((await store.inspect({ running: 10 })).running).toEqual([])
      await joinAll(store, 's1')
      expect((await store.inspect({ running: 0 })).sessions).toMatchObject([{ info: null, pulse: null }, {}])
    })

    test('knows a session that takes over from another by what it says itself', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await store.join({ session: 'old', leaseMs: LEASE_MS, info })
      await store.pulse('old', pulse)
      const holds = [await claimOne(store, 'old')]
      const replaces = { session: 'old', holds }
      await store.join({ session: 'new', leaseMs: LEASE_MS, replaces, info: { ...info, slots: 3 } })
      const { sessions, running } = await store.inspect({ running: 10 })
      expect(sessions).toMatchObject([{ session: 'new', running: 1, info: { slots: 3 }, pulse: null }])
      expect(running).toMatchObject([{ id: 'a', session: 'new', startedAt: holds[0]!.claimedAt }])
      expect(await store.pulse('old', pulse)).toEqual({ alive: false })
    })
  })
}
