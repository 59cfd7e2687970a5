// What one owner may ask of an API: more is refused with a typed error, and costs the others nothing.
import { isLovageError } from '@lovage/core'
import { createQueue, serve } from '@lovage/server'
import { createMemoryStore } from '@lovage/core/memory'
import { connect } from 'node:net'
import { once } from 'node:events'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

const input = { texts: ['a'] }
const refusedFor = (of: string) => expect.objectContaining({ of, retryAfterMs: expect.any(Number) })
const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => expect.unreachable('It was not refused.'),
    (error: unknown) => error,
  )

test('calls beyond the rate are refused, say when to come back, and do not count for other owners', async () => {
  await using it = await createHarness(tasks, { quotas: { calls: { limit: 3, per: '1h' } } })
  const { jobs } = it.client({ token: 'ada' })
  for (let n = 0; n < 3; n++) await jobs.score.enqueue(input)
  const error = await errorOf(jobs.score.enqueue(input))
  expect(isLovageError(error, 'QUOTA_EXCEEDED') && error.details).toEqual(refusedFor('calls'))
  expect(await it.queue.counts()).toMatchObject({ queued: 3 })
  await it.client({ token: 'bob' }).jobs.score.enqueue(input)
})

test('jobs are counted one by one, whatever call brings them', async () => {
  await using it = await createHarness(tasks, { quotas: { jobs: { limit: 5, per: '1h' } } })
  const { jobs } = it.client({ token: 'ada' })
  await jobs.score.enqueueMany([input, input, input])
  expect(await errorOf(jobs.score.enqueueMany([input, input, input]))).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    details: { of: 'jobs' },
  })
  expect(await it.queue.counts()).toMatchObject({ queued: 3 }) // all of a call, or none
  expect(await jobs.list({ state: 'queued' })).toMatchObject({ jobs: [{}, {}, {}] }) // calls are not limited here
})

test('subscriptions are counted over all connections of an owner, and given back when they end', async () => {
  await using it = await createHarness(tasks, { quotas: { subscriptions: 1 } })
  const bare = [it.bare('ada'), it.bare('ada')] as const
  const open = (client: (typeof bare)[0]) => {
    let unsubscribe = (): void => {}
    const first = new Promise<string>((resolve) => {
      const subscription = client.jobs.notices.subscribe(
        {},
        {
          onData: ({ data }) => resolve(data.type),
          onError: ({ data }) => resolve(String(data?.lovage?.code)),
        },
      )
      unsubscribe = subscription.unsubscribe
    })
    return { first, unsubscribe: () => unsubscribe() }
  }
  const one = open(bare[0])
  expect(await one.first).toBe('ready')
  const two = open(bare[1])
  expect(await two.first).toBe('QUOTA_EXCEEDED')
  one.unsubscribe()
  await it.abandoned()
  const three = open(bare[1])
  expect(await three.first).toBe('ready')
  three.unsubscribe()
})

test('a limiter of one’s own may count for all processes together', async () => {
  const calls = new RateLimiterMemory({ points: 1, duration: 3_600 })
  await using here = await createHarness(tasks, { quotas: { calls } })
  await using there = await createHarness(tasks, { quotas: { calls } })
  await here.client({ token: 'ada' }).jobs.score.enqueue(input)
  expect(await errorOf(there.client({ token: 'ada' }).jobs.score.enqueue(input))).toMatchObject({
    code: 'QUOTA_EXCEEDED',
  })
})

test('a limiter that cannot count lets nobody in, and tells callers nothing of why', async () => {
  const calls = { consume: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379')) }
  await using it = await createHarness(tasks, { quotas: { calls }, onError: () => {} })
  const error = await errorOf(it.client({ token: 'ada' }).jobs.score.enqueue(input))
  expect(error).toMatchObject({ code: 'INTERNAL' })
  expect(String(error)).not.toContain('10.0.0.7')
})

test.for([
  [{ calls: { limit: 0, per: '1s' } }, 'quotas.calls.limit'],
  [{ jobs: { limit: 5, per: 'soon' as '1s' } }, 'quotas.jobs.per'],
  [{ subscriptions: -1 }, 'quotas.subscriptions'],
] as const)('a quota that cannot be is refused when the server starts: %j', async ([quotas, option]) => {
  const queue = createQueue({ tasks, store: createMemoryStore() })
  await expect(serve({ queue, owner: 'public', quotas })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    details: { option },
  })
  await queue.close()
})

test('one connection more than allowed is closed as it comes; those that are there stay', async () => {
  await using it = await createHarness(tasks, { maxConnections: 2 })
  const open = async () => {
    const socket = connect(it.server.port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const [first, second, third] = [await open(), await open(), await open()]
  await once(third.resume(), 'close')
  first.end('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [answer] = (await once(first, 'data')) as [Buffer]
  expect(answer.toString()).toContain('200 OK')
  second.destroy()
})

test('a server that knows its names answers to no other, by HTTP or websocket', async () => {
  await using it = await createHarness(tasks, { hosts: ['127.0.0.1', 'api.example.com'], isPublic: true })
  const statusFor = async (host: string, more?: string) => {
    const socket = connect(it.server.port, '127.0.0.1')
    socket.end(
      `GET ${more ? '/trpc' : '/trpc/jobs.groups'} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${more ?? 'close'}\r\n\r\n`,
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return answer.toString().split(' ')[1]
  }
  const upgrade =
    'Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  expect(await statusFor('api.example.com')).toBe('200')
  expect(await statusFor(`127.0.0.1:${it.server.port}`)).toBe('200')
  expect(await statusFor('evil.example')).toBe('403')
  expect(await statusFor('api.example.com.evil.example')).toBe('403')
  expect(await statusFor('')).toBe('403')
  expect(await statusFor('evil.example', upgrade)).toBe('403')
  expect(await statusFor('api.example.com', upgrade)).toBe('101')
})
