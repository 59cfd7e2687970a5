// How much is said to Redis, counted by Redis.
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { freshJobs, ids, newJob, newJobs, step } from '../conformance/acts.ts'
import { withRedis } from './stage.ts'

async function callsOf(redis: Redis, command: string): Promise<number> {
  return Number(
    new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.info('commandstats'))?.[1] ?? 0,
  )
}

test('the enqueues of one tick are one call, each with its own answer, and their jobs stay in order', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    const store = createRedisStore({ url })
    await store.enqueue([newJob('first')])
    await redis.config('RESETSTAT')

    const answers = await Promise.all([
      store.enqueue(newJobs('a', 'b')),
      store.enqueue([newJob('first')]),
      store.enqueue([]),
      store.enqueue(newJobs('c', 'a')),
    ])
    // The script for jobs that are new finds that some are not, and leaves them all to the other one.
    expect(await callsOf(redis, 'evalsha')).toBe(2)
    expect(answers.map((answer) => answer.map(({ outcome }) => outcome))).toEqual([
      ['enqueued', 'enqueued'],
      ['exists'],
      [],
      ['enqueued', 'exists'],
    ])
    await store.join({ session: 's', leaseMs: 10_000 })
    expect(ids((await step(store, 's', { claim: 10 })).claimed)).toEqual(['first', 'a', 'b', 'c'])

    await redis.config('RESETSTAT')
    const many = Array.from({ length: 600 }, (_, n) => store.enqueue([newJob(`many-${n}`)]))
    expect((await Promise.all(many)).flat().every(({ outcome }) => outcome === 'enqueued')).toBe(true)
    expect(await callsOf(redis, 'evalsha')).toBe(2)

    await redis.config('RESETSTAT')
    const large = { json: JSON.stringify('x'.repeat(600_000)) }
    await Promise.all([1, 2, 3].map((n) => store.enqueue([newJob(`large-${n}`, { input: large })])))
    expect(await callsOf(redis, 'evalsha')).toBe(3)

    redis.disconnect()
    await store.close()
  }))

test('a script that the server forgot is sent once more, and then by its name again', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    const store = createRedisStore({ url })
    await store.enqueue([newJob('first')])
    await redis.script('FLUSH')
    await redis.config('RESETSTAT')
    await store.enqueue([newJob('a')])
    expect(await callsOf(redis, 'eval')).toBe(1)
    await store.enqueue([newJob('b')])
    expect(await callsOf(redis, 'eval')).toBe(1)
    expect(await store.counts()).toMatchObject({ queued: 3 })
    redis.disconnect()
    await store.close()
  }))

/** More than are handed together. */
const MANY = Array.from({ length: 17 }, (_, n) => `many-${n}`)

test('many whose ids are new are one transaction, and a server that has forgotten all scripts knows it', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    const store = createRedisStore({ url })
    await store.enqueue(freshJobs('a', 'b'))
    await redis.script('FLUSH')
    await redis.config('RESETSTAT')
    await Promise.all([store.enqueue(freshJobs('c')), store.enqueue(freshJobs(...MANY))])
    for (const command of ['multi', 'hset', 'rpush', 'eval', 'exec'])
      expect(await callsOf(redis, command)).toBe(1)
    await store.join({ session: 's', leaseMs: 10_000 })
    expect(ids((await step(store, 's', { claim: 100 })).claimed)).toEqual(['a', 'b', 'c', ...MANY])
    redis.disconnect()
    await store.close()
  }))

test('whoever shares a failed call is told', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    const store = createRedisStore({ url })
    await redis.set('{lovage:default}:jobs', 'no hash')
    const calls = await Promise.allSettled([store.enqueue([newJob('a')]), store.enqueue([newJob('b')])])
    for (const call of calls) {
      expect(call).toMatchObject({
        status: 'rejected',
        reason: { code: 'INTERNAL', message: expect.stringContaining('WRONGTYPE') },
      })
      // What a driver attaches to its errors is people's input.
      expect(JSON.stringify((call as PromiseRejectedResult).reason.cause)).not.toContain('score')
    }
    redis.disconnect()
    await store.close()
  }))
