// Who enqueues into an empty line hands the job to an idle session, and it is as if that had claimed it.
import { encode, type Store } from '@lovage/core'
import { aesGcm, openStore } from '@lovage/redis'
import type { Redis } from 'ioredis'
import { randomBytes } from 'node:crypto'
import { describe, expect, vi } from 'vitest'
import {
  cancelOf,
  claim,
  claimOne,
  freshJobs,
  ids,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  settle,
  stateOf,
  step,
  succeeded,
} from '../conformance/acts.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { expectReplaced, handedTo, idle, waitOptions } from './idle-session.ts'
import { blocked, test } from './stage.ts'

/** Whatever it would have been told is lost. */
async function killWait(redis: Redis, namespace: string): Promise<void> {
  const clients = String(await redis.client('LIST')).split('\n')
  const [, id] = /^id=(\d+) /.exec(clients.find((line) => line.includes(`${namespace}:default:wait `))!)!
  await redis.client('KILL', 'ID', Number(id))
}

test('an idle session hears of a job with the job, and holds it', async ({ store, redis, namespace }) => {
  await idle(store, 'one')
  const waiting = handedTo(store, 'one')
  await blocked(redis, namespace, 'wait')
  await store.enqueue(newJobs('a'))
  const [a] = await waiting
  expect(a).toMatchObject({
    ...{ id: 'a', task: 'score', owner: 'ada', attempt: 1 },
    input: newJob('a').input,
  })
  expect(await stateOf(store, 'a')).toBe('running')
  expect((await settle(store, 'one', succeeded(a!))).lost).toEqual([])
  expect(await stateOf(store, 'a')).toBe('succeeded')
})

test('a job that came before the wait is heard of by the wait', async ({ store }) => {
  await idle(store, 'one')
  await store.enqueue(newJobs('a'))
  expect(ids(await handedTo(store, 'one'))).toEqual(['a'])
})

test('each idle session is handed one job, the latest first; what comes then waits in line', async ({
  store,
}) => {
  await idle(store, 'one', 'two')
  for (const id of ['a', 'b', 'c']) await store.enqueue(newJobs(id))
  expect(ids(await handedTo(store, 'two'))).toEqual(['a'])
  expect(ids(await handedTo(store, 'one'))).toEqual(['b'])
  expect(ids(await claim(store, 'one'))).toEqual(['c'])
})

test('the new jobs of one call are handed together, in their order, where there is a slot for each', async ({
  store,
}) => {
  await joinAll(store, 'one', 'two')
  await step(store, 'one', { claim: 3, isIdle: true })
  await step(store, 'two', { claim: 2, isIdle: true })
  const rich = freshJobs('a', 'b', 'c').map((job) => ({
    ...job,
    input: encode({ at: new Date(0), job: job.id }),
  }))
  await store.enqueue(rich)
  expect(await store.counts()).toMatchObject({ running: 0, queued: 3 }) // the latest has two slots
  const held = await claim(store, 'two')
  await settle(store, 'two', ...held.map((one) => succeeded(one)))
  await step(store, 'one', { claim: 3, isIdle: true })
  await store.enqueue(rich.map((job) => ({ ...job, id: `${job.id}2` })))
  const handed = await handedTo(store, 'one')
  expect(handed).toMatchObject(rich.map(({ id, input }) => ({ id: `${id}2`, input, attempt: 1 })))
  expect((await settle(store, 'one', ...handed.map((one) => succeeded(one)))).lost).toEqual([])
  expect(await store.counts()).toMatchObject({ running: 0, queued: 0 })
})

test('calls of one tick are handed together', async ({ store }) => {
  await idle(store, 'one')
  await Promise.all(['a', 'b'].map((id) => store.enqueue(freshJobs(id))))
  expect(ids(await handedTo(store, 'one'))).toEqual(['a', 'b'])
})

test('a cancellation is told after the job that it ends', async ({ store }) => {
  await idle(store, 'one')
  await store.enqueue(newJobs('a'))
  await store.cancel(cancelOf('a'))
  expect(ids(await handedTo(store, 'one'))).toEqual(['a'])
  expect((await store.wait('one', waitOptions())).cancelled).toMatchObject([{ id: 'a' }])
})

test('a repeated enqueue hands nothing twice', async ({ store }) => {
  await idle(store, 'one', 'two')
  await store.enqueue(newJobs('a'))
  expect(await store.enqueue(newJobs('a'))).toMatchObject([{ outcome: 'exists' }])
  expect(await store.counts()).toMatchObject({ running: 1, queued: 0 })
})

test('what is sealed is opened', async ({ open }) => {
  const store = openStore({ store: open(), cipher: aesGcm({ keys: { k: randomBytes(32) }, current: 'k' }) })
  await idle(store, 'one')
  await store.enqueue(newJobs('a'))
  expect(await handedTo(store, 'one')).toMatchObject([{ input: newJob('a').input }])
})

describe('nothing is handed', () => {
  const queued = async (store: Store): Promise<void> => {
    await store.enqueue(newJobs('a'))
    expect(await stateOf(store, 'a')).toBe('queued')
  }

  test('to a session that runs something', async ({ store }) => {
    await joinAll(store, 'one')
    await step(store, 'one', { claim: 10 })
    await queued(store)
  })

  test('to one that claimed something', async ({ store }) => {
    await joinAll(store, 'one')
    await store.enqueue(newJobs('first'))
    await step(store, 'one', { claim: 10, isIdle: true })
    await queued(store)
  })

  test('after its next step', async ({ store }) => {
    await idle(store, 'one')
    await step(store, 'one')
    await queued(store)
  })

  test('to one that has other queues as well', async ({ store }) => {
    await joinAll(store, 'one')
    await step(store, 'one', { claim: 10, isIdle: true, queues: ['default', 'mail'] })
    await queued(store)
  })

  test('to one that has left', async ({ store, redis, key }) => {
    await idle(store, 'one')
    await store.leave('one')
    await queued(store)
    expect(await redis.exists(key('idle:1'))).toBe(0)
  })

  test('past those that wait', async ({ store }) => {
    await idle(store, 'one')
    await store.enqueue(newJobs('first', 'second'))
    await queued(store)
  })

  test('while its queue is paused', async ({ store }) => {
    await idle(store, 'one')
    await store.pause({ queue: 'default' })
    await queued(store)
  })

  test('while something is limited', async ({ store }) => {
    await idle(store, 'one')
    await store.limit([{ of: 'task', name: 'score', limit: { concurrency: 2 } }])
    await queued(store)
  })

  test('to one whose last step is long ago: perhaps it is dead', async ({ open }) => {
    const clock = new ManualClock()
    const store = open({ clock })
    await idle(store, 'one')
    await clock.advance(999)
    await store.enqueue(newJobs('soon'))
    expect(await stateOf(store, 'soon')).toBe('running')
    await settle(store, 'one', succeeded((await handedTo(store, 'one'))[0]!))
    await step(store, 'one', { claim: 10, isIdle: true })
    await clock.advance(1_000)
    await queued(store)
    expect(await handedTo(store, 'one')).toEqual([])
    expect(ids(await claim(store, 'one'))).toEqual(['a'])
  })
})

describe('a job that was handed over and never heard of', () => {
  test('has lost no attempt when its session is reaped', async ({ open }) => {
    const clock = new ManualClock()
    const store = open({ clock })
    await idle(store, 'dead')
    await store.enqueue(newJobs('a'))
    await clock.advance(LEASE_MS)
    await joinAll(store, 'other')
    expect(await store.extend('other', LEASE_MS)).toEqual({ alive: true, reaped: 1 })
    expect(await claimOne(store, 'other')).toMatchObject({ id: 'a', attempt: 1 })
  })

  test('nor have those that were handed together', async ({ open }) => {
    const clock = new ManualClock()
    const store = open({ clock })
    await idle(store, 'dead')
    await store.enqueue(freshJobs('a', 'b', 'c'))
    await clock.advance(LEASE_MS)
    await joinAll(store, 'other')
    await store.extend('other', LEASE_MS)
    expect(await claim(store, 'other')).toMatchObject(['a', 'b', 'c'].map((id) => ({ id, attempt: 1 })))
  })

  test('goes back to the line when its session leaves', async ({ store }) => {
    await idle(store, 'one')
    await store.enqueue(newJobs('a'))
    expect(await store.leave('one')).toEqual({ returned: 1 })
    expect(await stateOf(store, 'a')).toBe('queued')
  })

  test('is asked for by replacing the session, where the answer to its wait was lost', async ({
    store,
    open,
    redis,
    namespace,
  }) => {
    await idle(store, 'one')
    const waiting = store.wait('one', waitOptions())
    await blocked(redis, namespace, 'wait')
    const failing = expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await killWait(redis, namespace)
    await failing
    await open().enqueue(newJobs('a'))
    await expectReplaced(store, 'a')
  })
})

test('a session that waits while its step is under way is replaced where the answer to that wait was lost', async ({
  store,
  open,
  redis,
  namespace,
}) => {
  await idle(store, 'one')
  await store.enqueue(newJobs('a'))
  const [a] = await handedTo(store, 'one')
  const waiting = store.wait('one', waitOptions())
  const failing = expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await blocked(redis, namespace, 'wait')
  await redis.client('PAUSE', 60_000, 'WRITE')
  const stepping = step(store, 'one', { settle: [succeeded(a!)], claim: 10, isIdle: true })
  await killWait(redis, namespace)
  await failing
  await redis.client('UNPAUSE')
  await stepping
  await open().enqueue(newJobs('b'))
  await expectReplaced(store, 'b')
})

test('what was popped for a session that no longer waits is kept for its next wait', async ({
  store,
  redis,
  key,
  namespace,
}) => {
  await idle(store, 'one')
  const stopped = new AbortController()
  const waiting = store.wait('one', { ...waitOptions(), signal: stopped.signal })
  await blocked(redis, namespace, 'wait')
  stopped.abort()
  expect(await waiting).toEqual({ work: false, cancelled: [] })
  await store.enqueue(newJobs('a'))
  await vi.waitFor(async () => expect(await redis.exists(key('hand:one'))).toBe(0))
  expect(ids(await handedTo(store, 'one'))).toEqual(['a'])
})
