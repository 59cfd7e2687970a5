/** What a task and its caller may ask for a job, on the store in memory. */
import { defineTasks, type QueueEnqueueOptions, queueOver, type RuleOptions, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { describe, expect, test } from 'vitest'
import { errorOf, ids, setUp } from './life.ts'

describe('when', () => {
  test('a job with a delay, or with a moment, starts then, and a moment that is past is at once', async () => {
    const { queue, driver, clock } = await setUp()
    const delayed = await queue.plain.enqueue(1, { delay: '10s' })
    const dated = await queue.plain.enqueue(2, { runAt: new Date(clock.now() + 20_000) })
    const past = await queue.plain.enqueue(3, { runAt: new Date(0) })
    expect(ids(await driver.claim(5))).toEqual([past.id])
    expect(await dated.get()).toMatchObject({ state: 'scheduled', runAt: clock.now() + 20_000 })
    await clock.advance(10_000)
    expect(ids(await driver.claim(5))).toEqual([delayed.id])
    await clock.advance(10_000)
    expect(ids(await driver.claim(5))).toEqual([dated.id])
  })

  test('a job that nobody starts in time expires, counted from when it could have been, and says so', async () => {
    const { queue, driver, clock } = await setUp()
    const job = await queue.plain.enqueue(1, { delay: '10s', expiresIn: '5s' })
    const ended = job.result()
    const seen = expect(ended).rejects.toMatchObject({ code: 'JOB_EXPIRED' })
    await clock.advance(14_999)
    expect(await job.get()).toMatchObject({ state: 'scheduled' })
    await clock.advance(1)
    expect(await driver.claim(5)).toEqual([])
    await seen
    expect(await job.get()).toMatchObject({ state: 'expired', attempt: 0 })
  })
})

describe('where and in what order', () => {
  test('a task says queue, priority, expiry and tags, and a job may say otherwise', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.mail.enqueue('a', { tags: ['night'], metadata: { campaign: 7 } })
    expect(await job.get()).toMatchObject({
      state: 'queued',
      queue: 'mail',
      priority: 10,
      tags: ['mail', 'night'],
      metadata: { campaign: 7 },
    })
    expect(await driver.claim(1)).toEqual([])
    expect(ids(await driver.claim(1, [], ['mail']))).toEqual([job.id])
    const other = await queue.mail.enqueue('b', { queue: 'slow', priority: 1 })
    expect(await other.get()).toMatchObject({ queue: 'slow', priority: 1 })
  })

  test('a plain job asks for nothing and shows nothing', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.plain.enqueue(1)
    expect(Object.keys(await job.get()).toSorted()).toEqual(['attempt', 'enqueuedAt', 'id', 'state', 'task'])
    expect((await driver.next()).options).toEqual({})
  })

  test('a key is what the task makes of the input, or what the caller says', async () => {
    const { queue } = await setUp()
    expect(await (await queue.scoped.enqueue({ tenant: 'acme' })).get()).toMatchObject({ key: 'acme' })
    const other = await queue.scoped.enqueue({ tenant: 'acme' }, { concurrencyKey: 7 })
    expect(await other.get()).toMatchObject({ key: '7' })
    expect(await (await queue.plain.enqueue(1, { concurrencyKey: 'x' })).get()).toMatchObject({ key: 'x' })
    expect(await other.get()).not.toHaveProperty('tags')
  })

  test('one key with many jobs does not hold up another with one', async () => {
    const { queue, driver } = await setUp()
    await queue.scoped.enqueueMany(Array.from({ length: 50 }, () => ({ tenant: 'big' })))
    const small = await queue.scoped.enqueue({ tenant: 'small' })
    expect(ids(await driver.claim(2))).toContain(small.id)
  })

  test('ordered jobs of a key start one after the other, also when one is tried again', async () => {
    const { queue, driver, clock } = await setUp()
    const [first, second] = await queue.ordered.enqueueMany([
      { account: 'a', n: 1 },
      { account: 'a', n: 2 },
    ])
    const other = await queue.ordered.enqueue({ account: 'b', n: 1 })
    const claimed = await driver.claim(5)
    expect(ids(claimed).toSorted()).toEqual([first!.id, other.id].toSorted())
    await driver.retry(
      claimed.find(({ id }) => id === first!.id)!,
      'later',
      1_000,
    )
    expect(await driver.claim(5)).toEqual([])
    await clock.advance(1_000)
    const [again] = await driver.claim(5)
    expect(again).toMatchObject({ id: first!.id, attempt: 2 })
    await driver.succeed(again!, undefined)
    expect(ids(await driver.claim(5))).toEqual([second!.id])
  })
})

describe('what stands for a job, or in its way', () => {
  test('an idempotency key gives the same job back within its window, ended or not, to the same owner', async () => {
    const { queue, driver, clock } = await setUp()
    const options: QueueEnqueueOptions = { idempotencyKey: 'order-1', owner: 'ada' }
    const job = await queue.plain.enqueue(1, options)
    expect((await queue.plain.enqueue(2, options)).id).toBe(job.id)
    await driver.succeed(await driver.next(), 5)
    const again = await queue.plain.enqueue(3, options)
    expect(again.id).toBe(job.id)
    const seen: string[] = []
    for await (const { type } of again) seen.push(type) // it ends, though the end was before
    expect(seen.at(-1)).toBe('succeeded')
    expect((await queue.plain.enqueue(4, { ...options, owner: 'bob' })).id).not.toBe(job.id)
    expect((await queue.report.enqueue(4, options)).id).not.toBe(job.id)
    await clock.advance(86_400_000)
    expect((await queue.plain.enqueue(5, options)).id).not.toBe(job.id)
  })

  test('a window may be shorter', async () => {
    const { queue, clock } = await setUp()
    const options = { idempotencyKey: { key: 'k', window: '1m' } } as const
    const job = await queue.plain.enqueue(1, options)
    await clock.advance(59_999)
    expect((await queue.plain.enqueue(1, options)).id).toBe(job.id)
    await clock.advance(1)
    expect((await queue.plain.enqueue(1, options)).id).not.toBe(job.id)
  })

  test('a singleton that rejects says which job there is, to its owner alone, until that has ended', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.retrain.enqueue(undefined, { owner: 'ada' })
    expect(await errorOf(queue.retrain.enqueue(undefined, { owner: 'ada' }))).toMatchObject({
      code: 'JOB_EXISTS',
      details: { task: 'retrain', id: job.id },
    })
    expect(await errorOf(queue.retrain.enqueue(undefined, { owner: 'bob' }))).toMatchObject({
      code: 'JOB_EXISTS',
      details: { task: 'retrain', id: null },
    })
    await driver.fail(await driver.next(), 'boom')
    expect((await queue.retrain.enqueue()).id).not.toBe(job.id)
  })

  test('a singleton that returns gives the job of its key, and one that replaces cancels it', async () => {
    const { queue } = await setUp()
    const a = await queue.refresh.enqueue('a')
    expect((await queue.refresh.enqueue('a')).id).toBe(a.id)
    expect((await queue.refresh.enqueue('b')).id).not.toBe(a.id)
    expect((await queue.refresh.enqueue('a', { owner: 'bob' })).id).not.toBe(a.id)
    const old = await queue.preview.enqueue('x')
    const young = await queue.preview.enqueue('y')
    expect(await old.get()).toMatchObject({ state: 'cancelled', reason: `replaced by ${young.id}` })
    expect(await young.get()).toMatchObject({ state: 'queued' })
  })

  test('a debounced job starts when nothing more comes, with the newest input, but not later than it may', async () => {
    const { queue, driver, clock } = await setUp()
    const job = await queue.index.enqueue({ text: 'a' })
    for (const text of ['ab', 'abc']) {
      await clock.advance(4_000)
      expect((await queue.index.enqueue({ text })).id).toBe(job.id)
      expect(await driver.claim(1)).toEqual([])
    }
    await clock.advance(3_999) // 8 s have passed at the last one, and 12 s are the longest wait
    expect(await driver.claim(1)).toEqual([])
    await clock.advance(1)
    expect((await driver.claim(5)).map(({ input }) => input.json)).toEqual(['{"text":"abc"}'])
    expect((await queue.index.enqueue({ text: 'next' })).id).not.toBe(job.id)
  })

  test('a throttled task makes one job in its time, and hands that out', async () => {
    const { queue, clock } = await setUp()
    const job = await queue.ping.enqueue()
    expect((await queue.ping.enqueue()).id).toBe(job.id)
    await clock.advance(10_000)
    expect((await queue.ping.enqueue()).id).not.toBe(job.id)
  })
})

describe('results', () => {
  test('that are dropped reach whoever follows, and nobody later', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.dropped.enqueue()
    const result = job.result()
    await new Promise(setImmediate)
    await driver.succeed(await driver.next(), 'gone', 0)
    expect(await result).toBe('gone')
    expect(await errorOf(queue.dropped.get(job.id))).toMatchObject({
      code: expect.stringMatching(/NOT_FOUND|RESULT_EXPIRED/),
    })
  })

  test('last() knows the newest job of each owner without its id, and only where the task says so', async () => {
    const { queue, driver } = await setUp()
    expect(await queue.retrain.last()).toBeNull()
    await queue.retrain.enqueue()
    await driver.succeed(await driver.next(), undefined)
    const newest = await queue.retrain.enqueue()
    expect((await queue.retrain.last())?.id).toBe(newest.id)
    expect(await (await queue.retrain.last())?.get()).toMatchObject({ state: 'queued' })
    expect(await queue.retrain.last({ owner: 'ada' })).toBeNull()
    expect(await errorOf(queue.plain.last())).toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'rememberLast' },
    })
  })

  test('get shows every attempt that failed', async () => {
    const { queue, driver, clock } = await setUp()
    const job = await queue.plain.enqueue(1)
    const startedAt = clock.now()
    const first = await driver.next()
    await clock.advance(300)
    await driver.retry(first, 'boom', 1_000)
    const attempt = {
      attempt: 1,
      startedAt,
      ms: 300,
      worker: 'driver',
      error: { name: 'Error', message: 'boom' },
    }
    expect(await job.get()).toMatchObject({ state: 'retrying', attempt: 1, history: [attempt] })
    await clock.advance(1_000)
    await driver.succeed(await driver.next(), 2)
    expect(await job.get()).toMatchObject({ state: 'succeeded', attempt: 2, history: [attempt] })
  })
})

const refusedByJobs: [QueueEnqueueOptions, string][] = [
  [{ priority: 0 }, 'priority'],
  [{ priority: 101 }, 'priority'],
  [{ priority: 1.5 }, 'priority'],
  [{ delay: 1, runAt: new Date() }, 'runAt'],
  [{ runAt: new Date(Number.NaN) }, 'runAt'],
  [{ runAt: '2026-01-01' as never }, 'runAt'],
  [{ expiresIn: 0 }, 'expiresIn'],
  [{ queue: '' }, 'queue'],
  [{ queue: 'a b' }, 'queue'],
  [{ concurrencyKey: 'x'.repeat(257) }, 'concurrencyKey'],
  [{ concurrencyKey: {} as never }, 'concurrencyKey'],
  [{ orderingKey: 'a', concurrencyKey: 'b' }, 'orderingKey'],
  [{ orderingKey: '' }, 'orderingKey'],
  [{ orderingKey: 'a', priority: 3 }, 'priority'],
  [{ singleton: 'wait' as never }, 'singleton'],
  [{ debounce: 0 }, 'debounce'],
  [{ debounce: { delay: '5s', maxWait: '1s' } }, 'debounce.maxWait'],
  [{ throttle: 0 }, 'throttle'],
  [{ idempotencyKey: '' }, 'idempotencyKey'],
  [{ idempotencyKey: 'x'.repeat(257) }, 'idempotencyKey'],
  [{ idempotencyKey: { key: 'a', window: 0 } }, 'idempotencyKey.window'],
  [{ tags: 'a' as never }, 'tags'],
  [{ tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }, 'tags'],
  [{ tags: [''] }, 'tags'],
  [{ tags: ['x'.repeat(129)] }, 'tags'],
  [{ tags: ['~key:plain:a'] }, 'tags'],
  [{ metadata: [1] as never }, 'metadata'],
  [{ metadata: { at: new Date() } }, 'metadata'],
  [{ metadata: { text: 'x'.repeat(4_100) } }, 'metadata'],
]

test.for(refusedByJobs)('a job cannot have %j', async ([options, option]) => {
  const { queue } = await setUp()
  expect(await errorOf(queue.plain.enqueue(1, options))).toMatchObject({
    code: 'OPTION_INVALID',
    details: { option },
  })
  expect(await queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
})

const refusedByTasks: [RuleOptions<undefined> | object, string][] = [
  [{ concurrency: 0 }, 'concurrency'],
  [{ concurrency: Infinity }, 'concurrency'],
  [{ rateLimit: { limit: 0, per: '1s' } }, 'rateLimit.limit'],
  [{ rateLimit: { limit: 1, per: 0 } }, 'rateLimit.per'],
  [{ perKey: { concurrency: 1.5 } }, 'perKey.concurrency'],
  [{ key: 'tenant' }, 'key'],
  [{ ordered: 'yes' }, 'ordered'],
  [{ ordered: true, priority: 5 }, 'priority'],
  [{ rememberLast: 1 }, 'rememberLast'],
  [{ priority: -1 }, 'priority'],
  [{ queue: 'x'.repeat(101) }, 'queue'],
  [{ expiresIn: 'soon' }, 'expiresIn'],
  [{ retry: { attempts: 0 } }, 'retry.attempts'],
  [{ retry: { backoff: 'linear' } }, 'retry.backoff'],
  [{ retry: { when: true } }, 'retry.when'],
  [{ schedule: {} }, 'schedule'],
  [{ schedule: { every: '1h', cron: '* * * * *' } }, 'schedule'],
  [{ schedule: { every: '10ms' } }, 'schedule.every'],
  [{ schedule: { every: '1h', tz: 'UTC' } }, 'schedule.tz'],
  [{ schedule: { cron: '* * * * *', overlap: 'maybe' } }, 'schedule.overlap'],
  [{ schedule: { cron: '* * * * *', missed: 'maybe' } }, 'schedule.missed'],
  [{ schedule: { cron: '* * * * *', name: '' } }, 'schedule.name'],
]

test.for(refusedByTasks)('a task cannot have %j', ([options, option]) => {
  expect(() => task(options as never)).toThrow(`The option ${option} is`)
})

test.for([
  [{ cron: '99 * * * *' }, 'schedule.cron'],
  [{ cron: 'now' }, 'schedule.cron'],
  [{ cron: '2026-11-21T00:00:00' }, 'schedule.cron'],
  [{ cron: '0 0 30 2 *' }, 'schedule.cron'],
  [{ cron: '0 3 * * *', tz: 'Mars/Olympus' }, 'schedule.tz'],
] as const)('a queue cannot be made of a task with the schedule %j', ([schedule, option]) => {
  const tasks = defineTasks({ nightly: task({ schedule }) })
  expect(() => queueOver(tasks, createMemoryStore())).toThrow(`The option ${option} is`)
})

test('two schedules cannot have one name, which a task with two of them has to give', () => {
  const tasks = defineTasks({ sync: task({ schedule: [{ every: '1h' }, { every: '1d' }] }) })
  expect(() => queueOver(tasks, createMemoryStore())).toThrow('schedule.name')
  const named = defineTasks({ sync: task({ schedule: [{ every: '1h' }, { name: 'daily', every: '1d' }] }) })
  expect(() => queueOver(named, createMemoryStore())).not.toThrow()
})
