/** Cancels and time limits: the handler is told by its signal, and what it ignores does not hold its slot for ever. */
import { describe, expect, test } from 'vitest'
import { type Bench, bench, climbing, gate, type SomeHandlers } from './harness.ts'

const cancel = (t: Bench, id: string) => t.store.cancel({ id, by: 'ada', reason: 'enough', ttlMs: 60_000 })

describe('a job that is cancelled while it runs', () => {
  test('aborts the signal of its handler, and says who and why', async () => {
    const t = bench()
    const { id, watcher, signal } = await climbing(t)
    await cancel(t, id)
    expect(await watcher.untilJob('job.cancelled', id)).toMatchObject({ by: 'ada', reason: 'enough' })
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toEqual({ type: 'cancelled', by: 'ada', reason: 'enough' })
  })

  test('is heard of when all slots are taken, too', async () => {
    const t = bench()
    const { id, watcher, signal } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(25)
    await cancel(t, id)
    await watcher.untilJob('job.cancelled', id)
    expect(signal.aborted).toBe(true)
  })

  test('stays cancelled, whatever its handler does then', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(25)
    await cancel(t, id)
    await watcher.untilJob('job.cancelled', id)
    top.open('there after all')
    await t.clock.advance(0)
    expect(await t.job(id)).toMatchObject({ state: 'cancelled', by: 'ada' })
    expect(worker.health()).toMatchObject({ running: 0, unsettled: 0 })
    expect(watcher.all('job.succeeded')).toEqual([])
    expect((await t.notices(id)).map(({ type }) => type)).toEqual(['started', 'cancelled'])
  })

  test('holds its slot until its handler ends', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(25)
    await cancel(t, id)
    await watcher.untilJob('job.cancelled', id)
    const next = await t.enqueue('greet', {})
    await t.clock.advance(4_000)
    expect(worker.health().running).toBe(1)
    expect(await t.job(next)).toMatchObject({ state: 'queued' })
    top.fail(new Error('obeyed'))
    await watcher.untilJob('job.succeeded', next)
  })

  test('gives its slot away after the grace, when its handler does not end', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(25)
    await cancel(t, id)
    await watcher.untilJob('job.cancelled', id)
    const next = await t.enqueue('greet', {})
    await t.clock.advance(5_000)
    await watcher.untilJob('job.abandoned', id)
    await watcher.untilJob('job.succeeded', next)
    expect(worker.health()).toMatchObject({ running: 0, abandoned: 1 })
    top.open('at last')
    await watcher.untilJob('job.late', id)
    expect(worker.health().abandoned).toBe(0)
    expect(await t.job(id)).toMatchObject({ state: 'cancelled' })
  })

  test('is cancelled to a handler that asks for its signal only afterwards', async () => {
    const t = bench()
    const later = gate()
    const seen = gate<unknown>()
    const handlers: SomeHandlers = {
      climb: async (_input, context) => {
        await later.promise
        seen.open(context.signal.reason)
        return ''
      },
    }
    const { watcher } = await t.started(handlers, { concurrency: 2 })
    const id = await t.enqueue('climb')
    await watcher.until('job.started')
    await cancel(t, id)
    await watcher.untilJob('job.cancelled', id)
    later.open()
    expect(await seen.promise).toMatchObject({ type: 'cancelled' })
  })

  test('just as it ends is told as cancelled, not as lost', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t, { concurrency: 1 }) // too short for the worker to listen for cancels
    await cancel(t, id)
    top.open('there')
    expect(await watcher.untilJob('job.cancelled', id)).toMatchObject({ by: 'ada', reason: 'enough' })
    expect(watcher.all('job.lost')).toEqual([])
  })
})

describe('a handler that runs past its time limit', () => {
  test('has its signal aborted when the time is over, and not before', async () => {
    const t = bench()
    const { id, watcher, signal } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(299_999)
    expect(signal.aborted).toBe(false)
    await t.clock.advance(1)
    expect(signal.reason).toEqual({ type: 'time_limit', timeLimitMs: 300_000 })
    expect(watcher.all('job.overtime')).toMatchObject([{ id, timeLimitMs: 300_000 }])
  })

  test('has the limit of its job, rather than that of its task', async () => {
    const t = bench()
    const { signal } = await climbing(t, { concurrency: 1 }, { timeLimitMs: 1_000 })
    await t.clock.advance(1_000)
    expect(signal.reason).toEqual({ type: 'time_limit', timeLimitMs: 1_000 })
  })

  test('and obeys its signal is tried again, with the time limit as the reason', async () => {
    const t = bench()
    const { id, watcher, top, signal } = await climbing(t, { concurrency: 1 }, { timeLimitMs: 1_000 })
    signal.addEventListener('abort', () => top.fail(new Error('AbortError, or whatever it throws')))
    await t.clock.advance(1_000)
    expect(await watcher.untilJob('job.retrying', id)).toMatchObject({
      error: {
        name: 'TIME_LIMIT',
        message: 'The handler of task "climb" ran longer than its time limit of 1000 ms.',
      },
    })
  })

  test('and returns a value within the grace has succeeded', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t, { concurrency: 1 }, { timeLimitMs: 1_000 })
    await t.clock.advance(5_999)
    top.open('just so')
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBe('just so')
  })

  test('and ignores its signal for the whole grace is settled without it, and its slot is used again', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t, { concurrency: 1 }, { timeLimitMs: 1_000 })
    const next = await t.enqueue('greet', {})
    await t.clock.advance(6_000)
    expect(await watcher.untilJob('job.retrying', id)).toMatchObject({
      attempt: 1,
      error: { name: 'TIME_LIMIT' },
    })
    await watcher.untilJob('job.succeeded', next)
    expect(worker.health()).toMatchObject({ running: 0, abandoned: 1 })
    expect(watcher.all('job.abandoned')).toMatchObject([{ id }])
    top.open('too late')
    await watcher.untilJob('job.late', id)
    expect(await t.job(id)).toMatchObject({ state: 'retrying' })
    expect(watcher.all('job.late')).toHaveLength(1)
  })

  test('fails when that was its last attempt', async () => {
    const t = bench()
    const begun = gate()
    const { watcher } = await t.started(
      {
        climb: () => {
          begun.open()
          return gate<string>().promise
        },
      },
      { grace: '1s' },
    )
    const id = await t.enqueue('climb', undefined, { timeLimitMs: 1_000, attempts: 1 })
    await begun.promise
    await t.clock.advance(2_000)
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({ state: 'failed', error: { name: 'TIME_LIMIT' } })
  })

  test('can be run again by the same worker while its first handler still hangs', async () => {
    const t = bench()
    const hung = gate<string>()
    const { worker, watcher } = await t.started({
      climb: (_input, { job }) => (job.attempt === 1 ? hung.promise : 'second'),
    })
    const id = await t.enqueue('climb', undefined, { timeLimitMs: 1_000 })
    await watcher.until('job.started')
    await t.clock.advance(60_000)
    expect(await watcher.untilJob('job.succeeded', id)).toMatchObject({ attempt: 2 })
    hung.open('first')
    await watcher.untilJob('job.late', id)
    expect(await t.result(id)).toBe('second')
    expect(worker.health()).toMatchObject({ running: 0, unsettled: 0, abandoned: 0 })
  })

  test('costs no timer for each of many jobs', async () => {
    const t = bench()
    const { watcher } = await t.started({ climb: () => gate<string>().promise }, { concurrency: 100 })
    await t.clock.advance(25)
    const before = t.clock.pending
    for (let n = 0; n < 50; n++) await t.enqueue('climb')
    await watcher.until('job.started', 50)
    await t.clock.advance(0)
    expect(t.clock.pending - before).toBeLessThanOrEqual(1)
  })
})
