// Redis goes away and comes back, in the ways in which it does.
import { START, type Store } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { expect, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import {
  cancelOf,
  claimOne,
  joinAll,
  newJob,
  newJobs,
  report,
  settle,
  stateOf,
  succeeded,
  told,
  step,
} from '../conformance/acts.ts'

/** Every call that does not block. */
const callsOf = (store: Store): Promise<unknown>[] => [
  store.enqueue([newJob('late')]),
  store.get('a'),
  store.cancel(cancelOf('a')),
  store.join({ session: 's', leaseMs: 1_000 }),
  store.extend('s', 1_000),
  step(store, 's', { claim: 1 }),
  store.progress('s', [report({ id: 'a', claimedAt: 1, task: 't', owner: null, attempt: 1 }, 1)]),
  store.leave('nobody'),
  store.tail(),
  store.range(START, 1),
  store.counts(),
  store.check(),
]

const waitOptions = () => ({ work: true, timeoutMs: 60_000, signal: AbortSignal.timeout(60_000) })

async function reasonsOf(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  return (await Promise.allSettled(calls)).map((call) =>
    call.status === 'rejected' ? call.reason : 'resolved',
  )
}

test('while Redis is down each call says so, and when it is back each one works, by itself', async () => {
  const first = await startRedis()
  const { port, url } = first
  const store = createRedisStore({ url, onWarning: () => {} })
  await store.enqueue(newJobs('a'))
  const reading = store
    .live(await store.tail(), AbortSignal.timeout(60_000))
    [Symbol.asyncIterator]()
    .next()
  const waiting = store.wait('idle', { ...waitOptions(), work: false })
  const blocking = Promise.all(
    [reading, waiting].map((call) => expect(call).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })),
  )
  await store.counts()
  await first.stop()
  await blocking

  const down = [
    ...callsOf(store),
    store.wait('s', waitOptions()),
    store.live(START, AbortSignal.timeout(60_000))[Symbol.asyncIterator]().next(),
  ]
  const reasons = await reasonsOf(down)
  for (const reason of reasons) {
    expect(reason).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { store: store.name } })
    expect((reason as Error).message).toContain('ECONNREFUSED')
  }

  // Calls that are made just before it is back wait for it.
  const patient = Promise.all([
    store.enqueue([newJob('b', { announce: true })]),
    step(store, 's', { claim: 1 }),
  ])
  const second = await startRedis({ port })
  expect(await patient).toMatchObject([[{ outcome: 'enqueued' }], { alive: false }])
  expect(await store.wait('s', waitOptions())).toMatchObject({ work: true })
  for await (const batch of store.live(START, AbortSignal.timeout(60_000))) {
    expect(told(batch)).toEqual(['queued b'])
    break
  }
  await store.close()
  await second.stop()
})

test('a Redis that does not answer is given up, and used again once it answers', async () => {
  const redis = await startRedis()
  const store = createRedisStore({ url: redis.url })
  await store.enqueue(newJobs('a'))
  process.kill(redis.pid, 'SIGSTOP')
  const reasons = await reasonsOf([store.get('a'), step(store, 's', { claim: 1 })])
  process.kill(redis.pid, 'SIGCONT')
  for (const reason of reasons) expect(reason).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await stateOf(store, 'a')).toBe('queued')
  await store.close()
  await redis.stop()
})

test('closing is quick and complete, also while Redis is down', async () => {
  const redis = await startRedis()
  const store = createRedisStore({ url: redis.url, onWarning: () => {} })
  await joinAll(store, 's')
  const stop = store.keepAlive('s', { leaseMs: 1_000, onLost: () => {} })
  await store.enqueue([newJob('a')])
  await settle(store, 's', succeeded(await claimOne(store, 's')))
  await redis.stop()
  const waiting = store.wait('s', waitOptions())
  const pending = store.get('a')
  const ends = Promise.allSettled([waiting, pending])
  await store.close()
  await stop()
  const [, second] = await ends
  expect(second).toMatchObject({
    status: 'rejected',
    reason: { code: expect.stringMatching(/CLOSED|STORE_UNAVAILABLE/) },
  })
  for (const reason of await reasonsOf(callsOf(store))) expect(reason).toMatchObject({ code: 'CLOSED' })
})
