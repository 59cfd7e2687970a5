/** Looking for jobs, ending many of them, running failed ones again, and holding queues up. */
import { describe, expect, test } from 'vitest'
import { errorOf, ids, setUp } from './life.ts'

describe('list', () => {
  test('finds jobs by tag, oldest first, a page at a time, those that have ended too', async () => {
    const { queue, driver } = await setUp()
    const jobs = await queue.plain.enqueueMany([1, 2, 3], { tags: ['batch'] })
    await queue.plain.enqueue(4)
    await driver.succeed(await driver.next(), 1)
    const first = await queue.list({ tag: 'batch', limit: 2 })
    expect(first.jobs.map(({ id, state }) => [id, state])).toEqual([
      [jobs[0]!.id, 'succeeded'],
      [jobs[1]!.id, 'queued'],
    ])
    const second = await queue.list({ tag: 'batch', limit: 2, after: first.next! })
    expect(second).toMatchObject({ jobs: [{ id: jobs[2]!.id }], next: null })
    expect((await queue.list({ tag: 'batch', state: 'succeeded' })).jobs).toHaveLength(1)
  })

  test('finds jobs by state, task, key and owner, and all that live when nothing is said', async () => {
    const { queue, driver } = await setUp()
    const running = await queue.plain.enqueue(1)
    await driver.next()
    const later = await queue.plain.enqueue(2, { delay: '1m', owner: 'ada' })
    const keyed = await queue.scoped.enqueue({ tenant: 'acme' })
    const found = async (...args: Parameters<typeof queue.list>) =>
      (await queue.list(...args)).jobs.map(({ id }) => id).toSorted()
    expect(await found()).toEqual([running.id, later.id, keyed.id].toSorted())
    expect(await found({ state: 'scheduled' })).toEqual([later.id])
    expect(await found({ task: 'plain' })).toEqual([running.id, later.id].toSorted())
    expect(await found({ task: 'scoped', key: 'acme' })).toEqual([keyed.id])
    expect(await found({ task: 'scoped', key: 'other' })).toEqual([])
    expect(await found({ owner: 'ada' })).toEqual([later.id])
  })

  test('goes through all states page by page, each job once', async () => {
    const { queue, driver } = await setUp()
    await queue.plain.enqueueMany([1, 2, 3, 4, 5, 6, 7])
    await driver.claim(3)
    await queue.plain.enqueueMany([8, 9], { delay: '1h' })
    const seen: string[] = []
    for (let after: string | null | undefined = undefined; after !== null;) {
      const page: Awaited<ReturnType<typeof queue.list>> = await queue.list({
        limit: 2,
        ...(after && { after }),
      })
      seen.push(...page.jobs.map(({ id }) => id))
      after = page.next
    }
    expect(seen).toHaveLength(9)
    expect(new Set(seen).size).toBe(9)
  })

  test.for([
    [{ state: 'succeeded' }, 'state'],
    [{ state: 'done' }, 'state'],
    [{ key: 'a' }, 'task'],
    [{ task: 'plain', key: 'a', tag: 'b' }, 'tag'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 501 }, 'limit'],
    [{ after: 'x' }, 'after'],
    [{ after: '9.x' }, 'after'],
    [{ tag: '~key:scoped:acme' }, 'tags'],
  ])('refuses %j', async ([options, option]) => {
    const { queue } = await setUp()
    expect(await errorOf(queue.list(options as never))).toMatchObject({
      code: 'OPTION_INVALID',
      details: { option },
    })
  })
})

describe('cancelMany', () => {
  test('ends all that a tag, a key, a state or a task finds, and counts them', async () => {
    const { queue, driver } = await setUp()
    await queue.plain.enqueueMany([1, 2, 3], { tags: ['batch'] })
    const [running] = await driver.claim(1)
    expect(await queue.cancelMany({ tag: 'batch' }, 'too many')).toEqual({ cancelled: 3 })
    expect(await queue.get(running!.id)).toMatchObject({ state: 'cancelled', by: null, reason: 'too many' })
    expect(await queue.cancelMany({ tag: 'batch' })).toEqual({ cancelled: 0 })

    await queue.scoped.enqueueMany([{ tenant: 'a' }, { tenant: 'b' }, { tenant: 'a' }])
    expect(await queue.cancelMany({ task: 'scoped', key: 'a' })).toEqual({ cancelled: 2 })
    expect(await queue.cancelMany({ task: 'scoped' })).toEqual({ cancelled: 1 })

    await queue.plain.enqueueMany([1, 2], { delay: '1h' })
    await queue.plain.enqueue(3)
    expect(await queue.cancelMany({ state: 'scheduled' })).toEqual({ cancelled: 2 })
    expect(await queue.counts()).toMatchObject({ queued: 1, scheduled: 0 })
  })

  test('ends more jobs than one look finds', async () => {
    const { queue } = await setUp()
    await queue.plain.enqueueMany(Array.from({ length: 1_203 }, (_, n) => n))
    expect(await queue.cancelMany({ task: 'plain' })).toEqual({ cancelled: 1_203 })
  })

  test('does not take nothing for everything', async () => {
    const { queue } = await setUp()
    await queue.plain.enqueue(1)
    expect(await errorOf(queue.cancelMany({}))).toMatchObject({ code: 'OPTION_INVALID' })
    expect(await errorOf(queue.cancelMany({ tag: undefined } as never))).toMatchObject({
      code: 'OPTION_INVALID',
    })
    expect(await errorOf(queue.cancelMany({ task: 'nope' }))).toMatchObject({ code: 'TASK_UNKNOWN' })
    expect(await queue.counts()).toMatchObject({ queued: 1 })
  })

  test('purge ends what has not begun, and leaves the rest', async () => {
    const { queue, driver } = await setUp()
    await queue.plain.enqueueMany([1, 2, 3])
    await driver.claim(1)
    await queue.plain.enqueue(4, { delay: '1h' })
    await queue.report.enqueue(1)
    expect(await queue.purge({ task: 'plain' })).toEqual({ cancelled: 3 })
    expect(await queue.counts()).toMatchObject({ running: 1, queued: 1, scheduled: 0 })
  })
})

describe('failed jobs', () => {
  async function withFailed(count: number) {
    const all = await setUp()
    const jobs = []
    for (let n = 0; n < count; n++) {
      jobs.push(await all.queue.plain.enqueue(n, { owner: n % 2 ? 'ada' : 'bob', tags: ['t'] }))
      await all.driver.fail(await all.driver.next(), `boom ${n}`)
      await all.clock.advance(1)
    }
    return { ...all, jobs }
  }

  test('are listed newest first, with their errors', async () => {
    const { queue, jobs } = await withFailed(3)
    const page = await queue.failed.list({ limit: 2 })
    expect(page.jobs.map(({ id, error }) => [id, error.message])).toEqual([
      [jobs[2]!.id, 'boom 2'],
      [jobs[1]!.id, 'boom 1'],
    ])
    expect((await queue.failed.list({ owner: 'bob' })).jobs).toHaveLength(2)
    expect((await queue.failed.list({ task: 'report' })).jobs).toEqual([])
  })

  test('run again as new jobs with all their attempts, one or all of them', async () => {
    const { queue, driver, jobs } = await withFailed(3)
    const again = await queue.failed.retry(jobs[0]!.id)
    expect(again.id).not.toBe(jobs[0]!.id)
    expect(await again.get()).toMatchObject({
      state: 'queued',
      attempt: 0,
      retryOf: jobs[0]!.id,
      tags: ['t'],
    })
    expect(await errorOf(queue.failed.retry(jobs[0]!.id))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('run again or discarded'),
    })
    const result = again.result()
    await driver.succeed(await driver.next(), 7)
    expect(await result).toBe(7)
    expect(await queue.failed.retryAll({ owner: 'ada' })).toEqual({ retried: 1 })
    expect(await queue.failed.retryAll()).toEqual({ retried: 1 })
    expect(await queue.failed.list()).toEqual({ jobs: [], next: null })
  })

  test('are forgotten, one or all of them, while their outcomes stay', async () => {
    const { queue, jobs } = await withFailed(3)
    await queue.failed.discard(jobs[1]!.id)
    expect(await errorOf(queue.failed.discard(jobs[1]!.id))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await queue.failed.discardAll()).toEqual({ discarded: 2 })
    expect(await queue.failed.list()).toEqual({ jobs: [], next: null })
    expect(await queue.get(jobs[1]!.id)).toMatchObject({ state: 'failed' })
  })

  test('more than one call of the store takes are run again', async () => {
    const { queue, driver, clock } = await setUp()
    await queue.plain.enqueueMany(Array.from({ length: 250 }, (_, n) => n))
    for (const job of [
      ...(await driver.claim(100)),
      ...(await driver.claim(100)),
      ...(await driver.claim(100)),
    ])
      await driver.fail(job, 'boom')
    await clock.advance(1)
    expect(await queue.failed.retryAll({ task: 'plain' })).toEqual({ retried: 250 })
  })
})

describe('pauses and limits', () => {
  test('a queue, a task and a key are held up until they are resumed', async () => {
    const { queue, driver } = await setUp()
    expect(await queue.pause({ queue: 'default' })).toBe(true)
    expect(await queue.pause({ queue: 'default' })).toBe(false)
    await queue.plain.enqueue(1)
    expect(await driver.claim(5)).toEqual([])
    expect(await queue.paused()).toEqual([{ queue: 'default' }])
    expect(await queue.resume({ queue: 'default' })).toBe(true)
    expect(await driver.claim(5)).toHaveLength(1)

    await queue.pause({ task: 'plain' })
    await queue.plain.enqueue(2)
    const other = await queue.report.enqueue(3)
    expect(ids(await driver.claim(5))).toEqual([other.id])
    await queue.resume({ task: 'plain' })
    expect(await driver.claim(5)).toHaveLength(1)

    await queue.pause({ task: 'scoped', key: 'a' })
    await queue.scoped.enqueue({ tenant: 'a' })
    const b = await queue.scoped.enqueue({ tenant: 'b' })
    expect(ids(await driver.claim(5))).toEqual([b.id])
    expect(await queue.paused()).toEqual([{ task: 'scoped', key: 'a' }])
  })

  test('a queue takes a limit while it runs', async () => {
    const { queue, driver } = await setUp()
    await queue.limit({ queue: 'default' }, { concurrency: 2 })
    await queue.plain.enqueueMany([1, 2, 3])
    expect(await driver.claim(5)).toHaveLength(2)
    await queue.limit({ queue: 'default' }, null)
    expect(await driver.claim(5)).toHaveLength(1)
  })

  test.for([
    [{ queue: '' }, 'queue'],
    [{ task: 'scoped', key: '' }, 'key'],
    ['mail', 'target'],
    [null, 'target'],
    [{}, 'target'],
    [{ key: 'k' }, 'target'],
  ])('a pause of %j is refused', async ([target, option]) => {
    const { queue } = await setUp()
    expect(await errorOf(Promise.resolve().then(() => queue.pause(target as never)))).toMatchObject({
      code: 'OPTION_INVALID',
      details: { option },
    })
  })
})
