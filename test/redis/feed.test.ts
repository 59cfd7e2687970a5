// The feed beside what only Redis does to it: trimming, other writers, lost connections.
import { newJobId, parseCursor, START } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import type { Redis } from 'ioredis'
import { describe, expect, vi } from 'vitest'
import { announcedJobs, newJob, told } from '../conformance/acts.ts'
import { tasks } from '../kit/contract.ts'
import { blocked, readingOf, test } from './stage.ts'

/** Resolves once the server's clock is beyond this: what a new stream has has a later place then. */
async function later(redis: Redis, ms: number): Promise<void> {
  const now = async (): Promise<number> => {
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number]
    return seconds * 1_000 + Math.floor(micros / 1_000)
  }
  while ((await now()) <= ms);
}

describe('records of other writers', () => {
  const foreign = ['some', 'record', 'status', 'SUCCESS'] as const

  test('that are no notices are passed over, and count neither as such nor as missed', async ({
    store,
    redis,
    key,
  }) => {
    await redis.xadd(key('outcomes'), '*', ...foreign)
    await store.enqueue(announcedJobs('a'))
    await redis.xadd(key('outcomes'), '*', ...foreign)
    await store.enqueue(announcedJobs('b'))

    const first = await store.range(START, 1)
    expect(first).toMatchObject({ notices: [], missed: 0, end: false })
    const second = await store.range(first.cursor, 2)
    expect(told(second.notices)).toEqual(['queued a'])
    const third = await store.range(second.cursor, 10)
    expect(told(third.notices)).toEqual(['queued b'])
    expect(third).toMatchObject({ missed: 0, end: true })
  })

  test('are notices where they have the fields of a bridge, and leave the counting to ours', async ({
    store,
    redis,
    key,
  }) => {
    const bridged = ['task_id', 'x', 'task_name', 'celery.task', 'status', 'FAILURE', 'error', 'no model']
    await store.enqueue(announcedJobs('a', 'b', 'c'))
    await redis.xadd(key('outcomes'), '*', ...bridged)
    await store.enqueue(announcedJobs('d'))
    expect(told((await store.range(START, 10)).notices)).toEqual([
      'queued a',
      'queued b',
      'queued c',
      'failed x',
      'queued d',
    ])
    await redis.xtrim(key('outcomes'), 'MAXLEN', '=', 2)
    const trimmed = await store.range(START, 1)
    expect(trimmed).toMatchObject({ missed: 3, notices: [{ jobId: 'x', foreign: true }], end: false })
    expect(await store.range(trimmed.cursor, 10)).toMatchObject({ missed: 0, notices: [{ jobId: 'd' }] })
  })

  test('do not disturb who follows live', async ({ store, redis, key, namespace }) => {
    const reading = readingOf(store)
    const batch = reading.next()
    await blocked(redis, namespace, 'live')
    await redis.xadd(key('outcomes'), '*', ...foreign)
    await blocked(redis, namespace, 'live')
    await store.enqueue(announcedJobs('a'))
    expect(told((await batch).value)).toEqual(['queued a'])
    await reading.return?.()
  })
})

describe('what was trimmed', () => {
  test('is counted, to the record, also where nothing is left', async ({ store, redis, key }) => {
    await store.enqueue(announcedJobs('a', 'b', 'c', 'd', 'e'))
    const [first, second] = (await store.range(START, 2)).notices
    await redis.xtrim(key('outcomes'), 'MAXLEN', '=', 1)
    expect(await store.range(first!.cursor, 10)).toMatchObject({ notices: [{ jobId: 'e' }], missed: 3 })
    expect((await store.range(second!.cursor, 10)).missed).toBe(2)

    await redis.xtrim(key('outcomes'), 'MAXLEN', '=', 0)
    const emptied = await store.range(first!.cursor, 10)
    expect(emptied).toEqual({ notices: [], missed: 4, cursor: await store.tail(), end: true })
    expect(await store.range(emptied.cursor, 10)).toMatchObject({ missed: 0, end: true })
  })

  test('keeps about as many as it was told, and never fewer', async ({ open }) => {
    const store = open({ streamMaxLen: 100 })
    for (let n = 0; n < 10; n++) {
      await store.enqueue(announcedJobs(...Array.from({ length: 100 }, (_, index) => `${n}-${index}`)))
    }
    const { notices, missed } = await store.range(START, 1_000)
    expect(notices.length).toBeGreaterThanOrEqual(100)
    expect(notices.length).toBeLessThan(300)
    expect(missed + notices.length).toBe(1_000)
  })
})

test('a server that lost its memory makes a gap, not a silence', async ({ store, redis, key }) => {
  await store.enqueue(announcedJobs('a', 'b', 'c'))
  const cursor = await store.tail()
  await later(redis, parseCursor(cursor).ms)
  await redis.del(key('jobs'), key('wait'), key('wake'), key('outcomes'), key('tail'))
  const empty = await store.range(cursor, 10)
  expect(empty).toEqual({ notices: [], missed: 1, cursor: START, end: true })
  expect(await store.range(empty.cursor, 10)).toMatchObject({ missed: 0, end: true })

  await store.enqueue(announcedJobs('d'))
  for (const seen of [cursor, await store.tail().then((tail) => `0-1.${tail.split('.')[1]}`)]) {
    const page = await store.range(seen, 10)
    expect(told(page.notices)).toEqual(['queued d'])
    expect(page.missed).toBeGreaterThan(0)
    expect(await store.range(page.cursor, 10)).toMatchObject({ notices: [], missed: 0, end: true })
  }
})

test('who waits for a job of a server that forgot it all is told so, though nothing is written any more', async ({
  store,
  redis,
  key,
  url,
  namespace,
}) => {
  const queue = createQueue({ tasks, redis: url, namespace })
  await store.enqueue(announcedJobs('a'))
  const id = newJobId()
  const job = await queue.sweep.enqueue(undefined, { id })
  const feed = queue.notices()[Symbol.asyncIterator]()
  await feed.next()
  const [next, result] = [feed.next(), job.result({ timeout: '60s' }).catch((error: unknown) => error)]
  await blocked(redis, namespace, 'live')
  await redis.del(await redis.keys(key('*').replace('{', '\\{')))
  expect(await result).toMatchObject({ code: 'NOT_FOUND', details: { id } })
  expect((await next).value).toEqual({ type: 'ready', cursor: START, restarted: true })
  await queue.close()
})

test('a place whose record has another number now is a gap, even where the count has caught up', async ({
  store,
  redis,
  key,
}) => {
  await store.enqueue(announcedJobs('a', 'b', 'c'))
  const place = await store.tail()
  // A replica that had heard of `a` alone leads, and its clock is behind: what it writes stands before that place.
  const [[first]] = (await redis.xrange(key('outcomes'), '-', '+', 'COUNT', 1)) as [[string, string[]]]
  const [, ...others] = await redis.xrange(key('outcomes'), '-', '+')
  await redis.xdel(key('outcomes'), ...others.map(([id]) => id))
  await redis.xadd(
    key('outcomes'),
    '*',
    'task_id',
    'z',
    'task_name',
    't',
    'status',
    'PENDING',
    'timestamp',
    '',
    'seq',
    '4',
  )
  await redis.set(key('tail'), `${first}.4`)
  expect(await store.range(place, 10)).toMatchObject({ missed: 1, notices: [{ jobId: 'z' }] })
  const live = store.live(place, AbortSignal.timeout(20_000))
  for await (const _ of live) expect.unreachable()
})

test('a reader whose connection is killed is told, and goes on from its last cursor', async ({
  store,
  redis,
  namespace,
}) => {
  const reading = readingOf(store)
  const batch = reading.next()
  await store.enqueue(announcedJobs('a'))
  const { cursor } = (await batch).value!.at(-1)!
  const next = expect(reading.next()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await blocked(redis, namespace, 'live')
  await killed(redis, namespace, 'live')
  await next

  await store.enqueue(announcedJobs('b'))
  for await (const records of store.live(cursor, AbortSignal.timeout(20_000))) {
    expect(told(records)).toEqual(['queued b'])
    break
  }
  await vi.waitFor(async () =>
    expect(String(await redis.client('LIST'))).not.toContain(`${namespace}:default:live`),
  )
})

test('a wait whose connection is killed rejects, and the next one waits again', async ({
  store,
  redis,
  namespace,
}) => {
  const options = { work: true, timeoutMs: 20_000, signal: AbortSignal.timeout(20_000) }
  const waiting = expect(store.wait('s', options)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await blocked(redis, namespace, 'wait')
  await killed(redis, namespace, 'wait')
  await waiting
  const again = store.wait('s', options)
  await store.enqueue([newJob('a')])
  expect(await again).toEqual({ work: true, cancelled: [] })
})

async function killed(redis: import('ioredis').Redis, namespace: string, role: string): Promise<void> {
  const clients = String(await redis.client('LIST')).split('\n')
  const client = clients.find((line) => line.includes(`name=lovage:${namespace}:default:${role} `))
  await redis.client('KILL', 'ID', /^id=(\d+)/.exec(client!)![1]!)
}
