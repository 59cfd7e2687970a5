/** How jobs end: every way in which a handler, a schema or a value can go wrong. */
import { decode, Discard, encode, newJobId, Retry, task, defineTasks, type Snapshot } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Bench, bench, type SomeHandlers } from './harness.ts'
import { Watcher } from './watcher.ts'

/** Runs one job to its end, with no time between its attempts, and answers what the store keeps of it. */
async function run(t: Bench, handlers: SomeHandlers, taskName: string, input?: unknown): Promise<Snapshot> {
  const { watcher } = await t.started(handlers)
  const id = await t.enqueue(taskName, input)
  const ended = Promise.race([watcher.untilJob('job.succeeded', id), watcher.untilJob('job.failed', id)])
  let isOver = false
  void ended.then(() => (isOver = true))
  for (let round = 0; round < 20 && !isOver; round++) await t.clock.advance(60_000)
  await ended
  return t.job(id)
}

const thrower = (thrown: unknown): SomeHandlers => ({
  touch: () => {
    throw thrown
  },
})

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
      // eslint-disable-next-line unicorn/no-thenable
      greet: () => ({ then: (resolve: (text: string) => void) => resolve('later') }) as unknown as Promise<string>,
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
      error: { name: 'TypeError', message: 'boom 3', stack: expect.stringContaining('outcomes.test.ts') as string },
    })
  })

  test('tells followers why, without the stack', async () => {
    const t = bench()
    const { watcher } = await t.started(thrower(new TypeError('boom')))
    const id = await t.enqueue('touch', undefined, { attempts: 1 })
    await watcher.untilJob('job.failed', id)
    expect(await t.notices(id)).toMatchObject([{ type: 'failed', attempt: 1, error: { name: 'TypeError', message: 'boom' } }])
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
    expect(await t.job(id)).toMatchObject({ error: { name: 'Retry', message: 'the service said so' }, attempt: 2 })
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
    expect(await run(bench(), thrower(thrown), 'touch')).toMatchObject({ error: { name: 'NotAnError', message } })
  })

  test('or that rejects with undefined, or from a strange thenable, fails like any other', async () => {
    // eslint-disable-next-line typescript/prefer-promise-reject-errors
    const rejecting = { touch: () => Promise.reject(undefined) }
    expect(await run(bench(), rejecting, 'touch')).toMatchObject({ error: { message: 'undefined' } })
    const trap = {
      // eslint-disable-next-line unicorn/no-thenable
      get then(): never {
        throw new Error('a trap')
      },
    }
    const trapping = { touch: () => trap as unknown as void }
    expect(await run(bench(), trapping, 'touch')).toMatchObject({ error: { message: 'a trap' } })
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

describe('a value that cannot be', () => {
  test('an input that this version of the schema refuses fails at once, with every issue, and the handler is not called', async () => {
    let calls = 0
    const handlers: SomeHandlers = { greet: () => `${(calls += 1)}` }
    const job = await run(bench(), handlers, 'greet', { name: 7 })
    expect(job).toMatchObject({ state: 'failed', attempt: 1, error: { name: 'INPUT_INVALID' } })
    expect(job).toMatchObject({ error: { message: expect.stringMatching(/"greet": name: .*another version of the schema/) as string } })
    expect(calls).toBe(0)
  })

  test('an input that cannot be decoded fails at once', async () => {
    const t = bench()
    const { watcher } = await t.started()
    const id = newJobId()
    await t.store.enqueue([{ id, task: 'touch', owner: null, input: { json: '{' }, options: {}, delayMs: 0, announce: false }])
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({
      attempt: 1,
      error: { name: 'INPUT_INVALID', message: expect.stringContaining('cannot be decoded') as string },
    })
  })

  test('undefined where the output wants a value fails at once', async () => {
    const handlers: SomeHandlers = { greet: () => undefined as unknown as string }
    expect(await run(bench(), handlers, 'greet', {})).toMatchObject({
      attempt: 1,
      error: { name: 'OUTPUT_INVALID', message: expect.stringContaining('expected string') as string },
    })
  })

  test('a result that the output schema refuses fails at once', async () => {
    const handlers: SomeHandlers = { greet: () => 7 as unknown as string }
    expect(await run(bench(), handlers, 'greet', {})).toMatchObject({ attempt: 1, error: { name: 'OUTPUT_INVALID' } })
  })

  test('a result that cannot be stored fails at once and says which part', async () => {
    const open = defineTasks({ open: task({ output: z.any() }) })
    const t = bench()
    const worker = createWorker({
      tasks: open, store: t.store, clock: t.clock, logLevel: 'silent',
      handlers: { open: () => ({ user: { save: () => {} } }) },
    })
    const watcher = new Watcher(worker)
    await worker.start()
    const id = await t.enqueue('open')
    await watcher.untilJob('job.failed', id)
    await worker.stop()
    expect(await t.job(id)).toMatchObject({
      attempt: 1,
      error: { name: 'NOT_SERIALIZABLE', message: expect.stringMatching(/user\.save is a function/) as string },
    })
  })

  test.each<[bytes: number, state: string]>([
    [1_000, 'succeeded'],
    [1_001, 'failed'],
  ])('a result of %i bytes, where 1000 are allowed, has %s', async (bytes, state) => {
    const t = bench()
    // Two bytes a letter, and two quotes.
    const { watcher } = await t.started({ greet: () => 'é'.repeat((bytes - 2) >> 1) + 'e'.repeat(bytes % 2) }, { maxResultBytes: 1_000 })
    const id = await t.enqueue('greet', {})
    await Promise.race([watcher.untilJob('job.succeeded', id), watcher.untilJob('job.failed', id)])
    expect(await t.job(id)).toMatchObject({ state, attempt: 1 })
    if (state === 'failed') expect(await t.job(id)).toMatchObject({ error: { name: 'PAYLOAD_TOO_LARGE' } })
  })

  test('an input that a transform has made is not parsed twice, by a task with a `run` of its own either', async () => {
    const t = bench()
    const own = defineTasks({
      double: task({ input: z.string().transform(Number), output: z.number(), run: (n) => n * 2 }),
    })
    const worker = createWorker({ tasks: own, store: t.store, clock: t.clock, logLevel: 'silent' , handlers: {} })
    const watcher = new Watcher(worker)
    await worker.start()
    const id = await t.enqueue('double', '21')
    await watcher.untilJob('job.succeeded', id)
    await worker.stop()
    expect(await t.result(id)).toBe(42)
  })

  test('rich values arrive as what they were', async () => {
    const t = bench()
    const rich = defineTasks({ next: task({ input: z.date(), output: z.map(z.string(), z.date()) }) })
    const worker = createWorker({
      tasks: rich, store: t.store, clock: t.clock, logLevel: 'silent',
      handlers: { next: (day) => new Map([['next', new Date(day.getTime() + 86_400_000)]]) },
    })
    const watcher = new Watcher(worker)
    await worker.start()
    const id = await t.enqueue('next', new Date('2026-11-21'))
    await watcher.untilJob('job.succeeded', id)
    await worker.stop()
    expect(await t.result(id)).toEqual(new Map([['next', new Date('2026-11-22')]]))
    const [notice] = await t.notices(id)
    expect(decode(notice?.data ?? encode(null))).toEqual(await t.result(id))
  })
})

describe('a job that this worker cannot run', () => {
  test('because its workers were lost in every attempt fails without being run', async () => {
    const t = bench()
    let calls = 0
    const id = await t.enqueue('touch', undefined, { attempts: 2 })
    for (const session of ['one', 'two']) {
      await t.store.join({ session, leaseMs: 1_000 })
      await t.store.step({ session, settle: [], claim: 1 })
      await t.clock.advance(1_000)
      await t.store.extend('nobody', 1_000) // whoever looks reaps
    }
    const { watcher } = await t.started({ touch: () => void (calls += 1) })
    await watcher.untilJob('job.failed', id)
    expect(calls).toBe(0)
    expect(await t.job(id)).toMatchObject({ state: 'failed', attempt: 2, error: { name: 'WORKER_LOST' } })
  })

  test('but was lost in fewer attempts is run', async () => {
    const t = bench()
    const id = await t.enqueue('touch', undefined, { attempts: 2 })
    await t.store.join({ session: 'one', leaseMs: 1_000 })
    await t.store.step({ session: 'one', settle: [], claim: 1 })
    await t.clock.advance(1_000)
    await t.store.extend('nobody', 1_000)
    const { watcher } = await t.started()
    expect(await watcher.untilJob('job.succeeded', id)).toMatchObject({ attempt: 2 })
  })

  test('because it does not know the task goes back for a while, loudly, and fails in the end', async () => {
    const t = bench()
    const { watcher } = await t.started()
    const id = await t.enqueue('unheard.of')
    expect(await watcher.until('job.retrying')).toMatchObject({
      id,
      attempt: 1,
      delayMs: 22_500,
      error: { name: 'TASK_UNKNOWN', message: expect.stringContaining('greet, touch, climb, mail.send') as string },
    })
    await t.clock.advance(22_500)
    await watcher.until('job.retrying', 2)
    await t.clock.advance(22_500)
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({ state: 'failed', attempt: 3, error: { name: 'TASK_UNKNOWN' } })
  })
})

test('an exception in our own code costs one attempt, and neither its slot nor the worker', async () => {
  const t = bench()
  let isBroken = true
  const { worker, watcher } = await t.started(thrower(new Error('no')), {
    concurrency: 1,
    random: () => {
      if (isBroken) throw new Error('no luck')
      return 0
    },
  })
  const broken = await t.enqueue('touch')
  await watcher.untilJob('job.failed', broken)
  isBroken = false
  expect(await t.job(broken)).toMatchObject({ state: 'failed', error: { name: 'INTERNAL' } })
  expect(watcher.all('worker.error')).toMatchObject([{ error: { message: 'no luck' }, during: `the end of touch[${broken}]` }])
  const next = await t.enqueue('greet', {})
  await watcher.untilJob('job.succeeded', next)
  expect(worker.health()).toMatchObject({ running: 0, unsettled: 0 })
})
