/** How jobs end: every way in which a handler, a schema or a value can go wrong. */
import { Discard, Retry } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { bench, runToEnd, thrower } from './harness.ts'

describe('a handler that returns', () => {
  test('gives its job a result, of its own type, as the schema made it', async () => {
    const t = bench()
    await t.started()
    const id = await t.enqueue('greet', {})
    await t.clock.advance(0)
    expect(await t.result(id)).toBe('Hello, Bob!')
  })

  test('may do so at once or with a promise', async () => {
    const t = bench()
    const { watcher } = await t.started({ greet: async ({ name }) => Promise.resolve(name) })
    const id = await t.enqueue('greet', { name: 'Eve' })
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBe('Eve')
  })

  test('may return anything that has a `then`', async () => {
    const t = bench()
    const { watcher } = await t.started({
      greet: () =>
        // eslint-disable-next-line unicorn/no-thenable
        ({ then: (resolve: (text: string) => void) => resolve('later') }) as unknown as Promise<string>,
    })
    const id = await t.enqueue('greet', {})
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBe('later')
  })

  test('gives a job without an output the result undefined, whatever it returns', async () => {
    const t = bench()
    const { watcher } = await t.started({ touch: () => ({ secret: 1 }) as unknown as void })
    const id = await t.enqueue('touch')
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBeUndefined()
    expect(JSON.stringify(await t.job(id))).not.toContain('secret')
  })

  test('is given its job, and a parsed input', async () => {
    const t = bench()
    const seen: unknown[] = []
    const { watcher } = await t.started({ greet: (input, { job }) => (seen.push(input, job), '') })
    const id = await t.enqueue('greet', {})
    await watcher.untilJob('job.succeeded', id)
    const enqueuedAt = expect.any(Number) as number
    expect(seen).toEqual([{ name: 'Bob' }, { id, task: 'greet', attempt: 1, owner: 'ada', enqueuedAt }])
  })

  test('has the result kept for as long as its task says, else as the worker says', async () => {
    const t = bench()
    const { watcher } = await t.started({}, { resultTtl: '2h' })
    const short = await t.enqueue('mail.send', 'x')
    const long = await t.enqueue('touch')
    await Promise.all([watcher.untilJob('job.succeeded', short), watcher.untilJob('job.succeeded', long)])
    await t.clock.advance(3_600_000)
    expect(await t.store.get(short)).toBeNull()
    expect(await t.store.get(long)).toMatchObject({ state: 'succeeded' })
    await t.clock.advance(3_600_000)
    expect(await t.store.get(long)).toBeNull()
  })
})

describe('a handler that throws', () => {
  test('is tried again after the delays of its policy, and fails with the last error', async () => {
    const t = bench()
    let calls = 0
    const { watcher } = await t.started({
      touch: () => {
        calls += 1
        throw new TypeError(`boom ${calls}`)
      },
    })
    const id = await t.enqueue('touch')
    expect(await watcher.until('job.retrying')).toMatchObject({ id, attempt: 1, attempts: 3, delayMs: 750 })
    expect(await t.job(id)).toMatchObject({ state: 'retrying', runAt: t.clock.now() + 750 })
    await t.clock.advance(749)
    expect(calls).toBe(1)
    await t.clock.advance(1)
    expect(await watcher.until('job.retrying', 2)).toMatchObject({ id, attempt: 2, delayMs: 1_500 })
    await t.clock.advance(1_500)
    expect(await watcher.until('job.failed')).toMatchObject({ id, attempt: 3, attempts: 3 })
    expect(await t.job(id)).toMatchObject({
      state: 'failed',
      attempt: 3,
      error: {
        name: 'TypeError',
        message: 'boom 3',
        stack: expect.stringContaining('outcomes.test.ts') as string,
      },
    })
  })

  test('tells followers why, without the stack', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new TypeError('boom')))
    const id = await t.enqueue('touch', undefined, { attempts: 1 })
    await watcher.untilJob('job.failed', id)
    expect(await t.notices(id)).toMatchObject([
      { type: 'failed', attempt: 1, error: { name: 'TypeError', message: 'boom' } },
    ])
    expect((await t.notices(id))[0]?.error).not.toHaveProperty('stack')
  })

  test('succeeds when a later attempt does, and that is attempt 2 to everybody', async () => {
    const t = bench()
    const attempts: number[] = []
    const { watcher } = await t.started({
      greet: (_input, { job }) => {
        attempts.push(job.attempt)
        if (job.attempt === 1) throw new Error('not yet')
        return 'now'
      },
    })
    const id = await t.enqueue('greet', {})
    await watcher.until('job.retrying')
    await t.clock.advance(1_000)
    expect(await watcher.until('job.succeeded')).toMatchObject({ attempt: 2 })
    expect(attempts).toEqual([1, 2])
    expect(await t.job(id)).toMatchObject({ state: 'succeeded', attempt: 2 })
  })

  test('has as many attempts as its job says, rather than its task', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new Error('no')))
    const id = await t.enqueue('touch', undefined, { attempts: 1 })
    expect(await watcher.untilJob('job.failed', id)).toMatchObject({ attempt: 1, attempts: 1 })
  })

  test('with Retry is tried again after just that delay, and it counts', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new Retry({ delay: '42s', reason: 'the service said so' })))
    const id = await t.enqueue('touch', undefined, { attempts: 2 })
    expect(await watcher.until('job.retrying')).toMatchObject({ delayMs: 42_000 })
    await t.clock.advance(42_000)
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({
      error: { name: 'Retry', message: 'the service said so' },
      attempt: 2,
    })
  })

  test('with Retry and no delay is tried again after that of its policy', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new Retry()))
    await t.enqueue('touch')
    expect(await watcher.until('job.retrying')).toMatchObject({ delayMs: 750 })
  })

  test('with Discard fails at once, whatever attempts are left', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new Discard('no such user')))
    const id = await t.enqueue('touch')
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({ attempt: 1, error: { name: 'Discard', message: 'no such user' } })
  })

  test.each<[thrown: unknown, message: string]>([
    ['boom', 'a string: boom'],
    [undefined, 'undefined'],
    [{ code: 7 }, 'an object: { code: 7 }'],
  ])('%o, which is no error, fails with a description of it', async (thrown, message) => {
    expect(await runToEnd(bench(), thrower(thrown), 'touch')).toMatchObject({
      error: { name: 'NotAnError', message },
    })
  })

  test('or that rejects with undefined, or from a strange thenable, fails like any other', async () => {
    // eslint-disable-next-line typescript/prefer-promise-reject-errors
    const rejecting = { touch: () => Promise.reject(undefined) }
    expect(await runToEnd(bench(), rejecting, 'touch')).toMatchObject({ error: { message: 'undefined' } })
    const trap = {
      // eslint-disable-next-line unicorn/no-thenable
      get then(): never {
        throw new Error('a trap')
      },
    }
    const trapping = { touch: () => trap as unknown as void }
    expect(await runToEnd(bench(), trapping, 'touch')).toMatchObject({ error: { message: 'a trap' } })
  })

  test('takes neither its slot nor its neighbours with it', async () => {
    const t = bench()
    const { worker, watcher } = await t.started(
      { touch: () => Promise.reject(new Error('no')), greet: ({ name }) => name },
      { concurrency: 1 },
    )
    await t.enqueue('touch', undefined, { attempts: 1 })
    const next = await t.enqueue('greet', { name: 'next' })
    await watcher.untilJob('job.succeeded', next)
    expect(worker.health()).toMatchObject({ running: 0, unsettled: 0 })
  })
})
