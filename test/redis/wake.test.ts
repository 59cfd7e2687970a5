// The marker that wakes idle workers: one for one piece of news, and never lost.
import type { Store } from '@lovage/core'
import { describe, expect, vi } from 'vitest'
import { cancelOf, claim, claimOne, ids, joinAll, newJob, newJobs } from '../conformance/acts.ts'
import { createRedisStore } from '@lovage/redis'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { blocked, test } from './stage.ts'

const options = (signal: AbortSignal = AbortSignal.timeout(25_000), work = true) => ({
  work,
  timeoutMs: 25_000,
  signal,
})

/** Waits of a session that beats, and of one before it that wakes first and then does nothing more. */
async function besideOneThatDies(store: Store, dying: Store, areBlocked: (count: number) => Promise<void>) {
  await joinAll(store, 'idle')
  store.keepAlive('idle', { leaseMs: 1_500, onLost: () => expect.unreachable('It was lost.') })
  expect(await claim(store, 'idle')).toEqual([])
  const lost = dying.wait('dying', options())
  await areBlocked(1)
  const wake = store.wait('idle', options())
  await areBlocked(2)
  return { lost, wake }
}

describe('a marker', () => {
  test('wakes one of many idle workers, and the next one while work is left', async ({
    store,
    open,
    redis,
    namespace,
  }) => {
    const other = open()
    await joinAll(store, 'one', 'two')
    const first = store.wait('one', options())
    await blocked(redis, namespace, 'wait')
    const second = other.wait('two', options())
    await blocked(redis, namespace, 'wait', 2)

    await store.enqueue(newJobs('a', 'b'))
    expect((await first).work).toBe(true)
    expect(ids(await claim(store, 'one', 1))).toEqual(['a'])
    expect((await second).work).toBe(true)
    expect(ids(await claim(other, 'two', 1))).toEqual(['b'])
  })

  test('that came when its worker had stopped waiting is put back for another one', async ({
    store,
    redis,
    key,
    namespace,
  }) => {
    const stopped = new AbortController()
    const wait = store.wait('one', options(stopped.signal))
    await blocked(redis, namespace, 'wait')
    stopped.abort()
    expect(await wait).toEqual({ work: false, cancelled: [] })
    await store.enqueue(newJobs('a')) // the pop is still under way
    await vi.waitFor(async () => expect(await redis.llen(key('wake:default'))).toBe(1))
    expect(await store.wait('two', options())).toEqual({ work: true, cancelled: [] })
  })

  test.for(['leave', 'close'] as const)(
    'is in its place after %s',
    async (end, { store, open, redis, key, namespace }) => {
      const leaving = open()
      const stopped = new AbortController()
      const wait = leaving.wait('one', options(stopped.signal))
      await blocked(redis, namespace, 'wait')
      stopped.abort()
      await wait
      await (end === 'leave' ? leaving.leave('one') : leaving.close())
      await store.enqueue(newJobs('a'))
      expect(await redis.llen(key('wake:default'))).toBe(1)
    },
  )

  test('that was lost with its worker holds nobody up for long: the next beat of an idle one sees the work', async ({
    store,
    open,
    redis,
    namespace,
  }) => {
    const { lost, wake } = await besideOneThatDies(store, open(), (count) =>
      blocked(redis, namespace, 'wait', count),
    )
    await store.enqueue(newJobs('a'))
    expect((await lost).work).toBe(true) // and does nothing more
    expect(await wake).toEqual({ work: true, cancelled: [] })
    expect(ids(await claim(store, 'idle'))).toEqual(['a'])
  })
})

test('a worker that is full is told of cancellations and leaves the marker to others', async ({
  store,
  redis,
  key,
  namespace,
}) => {
  await joinAll(store, 'full')
  await store.enqueue(newJobs('a', 'b'))
  await claimOne(store, 'full')
  const waiting = store.wait('full', options(undefined, false))
  await blocked(redis, namespace, 'wait')
  await store.cancel(cancelOf('a'))
  expect(await waiting).toEqual({
    work: false,
    cancelled: [{ id: 'a', by: 'ada', reason: 'no longer needed' }],
  })
  expect(await redis.llen(key('wake:default'))).toBe(1)
})

test('a cancellation that came between two waits is told by the next one', async ({
  store,
  redis,
  namespace,
}) => {
  await joinAll(store, 's')
  await store.enqueue(newJobs('a'))
  await claimOne(store, 's')
  const stopped = new AbortController()
  const waiting = store.wait('s', options(stopped.signal, false))
  await blocked(redis, namespace, 'wait')
  stopped.abort()
  expect((await waiting).cancelled).toEqual([])
  await store.cancel(cancelOf('a'))
  expect((await store.wait('s', options(undefined, false))).cancelled).toMatchObject([{ id: 'a' }])
})

test('an idle worker hears by its beats of a delayed job that only one knew of who died', async ({
  store,
  open,
  redis,
  namespace,
}) => {
  const { lost, wake } = await besideOneThatDies(store, open(), (count) =>
    blocked(redis, namespace, 'wait', count),
  )
  const dueAt = Date.now() + 2_000
  await store.enqueue([newJob('a', { runAt: dueAt, delayMs: 0 })])
  await lost
  expect(await wake).toEqual({ work: true, cancelled: [] })
  expect(Date.now() - dueAt).toBeLessThan(400) // less than a beat: it came for the moment
  expect(ids(await claim(store, 'idle'))).toEqual(['a'])
})

test('a line that falls silent ends the wait when a beat is not answered', async ({
  url,
  namespace,
  redis,
}) => {
  await using proxy = await TcpProxy.to(Number(new URL(url).port))
  const store = createRedisStore({ url: `redis://127.0.0.1:${proxy.port}`, namespace, onWarning: () => {} })
  await joinAll(store, 's')
  store.keepAlive('s', { leaseMs: 1_500, onLost: () => {} })
  await claim(store, 's')
  await vi.waitFor(
    async () => expect(String(await redis.client('LIST'))).toContain(`${namespace}:default:heart`),
    { timeout: 20_000 },
  )
  const wait = store.wait('s', { ...options(), timeoutMs: 600_000 })
  await blocked(redis, namespace, 'wait')
  proxy.forget()
  const from = performance.now()
  await expect(wait).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(performance.now() - from).toBeLessThan(15_000) // the pop alone would take 22 s
  await store.close()
})
