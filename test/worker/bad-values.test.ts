/** Values that no schema takes and no store keeps, jobs that no worker can run, and mistakes of our own. */
import { decode, defineTasks, encode, newJobId, task } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bench, runToEnd, type SomeHandlers, thrower } from './harness.ts'
import { Watcher } from './watcher.ts'

describe('a value that cannot be', () => {
  test('an input that this version of the schema refuses fails at once, with every issue, and the handler is not called', async () => {
    let calls = 0
    const handlers: SomeHandlers = { greet: () => `${(calls += 1)}` }
    const job = await runToEnd(bench(), handlers, 'greet', { name: 7 })
    expect(job).toMatchObject({ state: 'failed', attempt: 1, error: { name: 'INPUT_INVALID' } })
    expect(job).toMatchObject({
      error: { message: expect.stringMatching(/"greet": name: .*another version of the schema/) as string },
    })
    expect(calls).toBe(0)
  })

  test('an input that cannot be decoded fails at once', async () => {
    const t = bench()
    const { watcher } = await t.started()
    const id = newJobId()
    await t.store.enqueue([
      { id, task: 'touch', owner: null, input: { json: '{' }, options: {}, delayMs: 0, announce: false },
    ])
    await watcher.untilJob('job.failed', id)
    expect(await t.job(id)).toMatchObject({
      attempt: 1,
      error: { name: 'INPUT_INVALID', message: expect.stringContaining('cannot be decoded') as string },
    })
  })

  test('undefined where the output wants a value fails at once', async () => {
    const handlers: SomeHandlers = { greet: () => undefined as unknown as string }
    expect(await runToEnd(bench(), handlers, 'greet', {})).toMatchObject({
      attempt: 1,
      error: { name: 'OUTPUT_INVALID', message: expect.stringContaining('expected string') as string },
    })
  })

  test('a result that the output schema refuses fails at once', async () => {
    const handlers: SomeHandlers = { greet: () => 7 as unknown as string }
    expect(await runToEnd(bench(), handlers, 'greet', {})).toMatchObject({
      attempt: 1,
      error: { name: 'OUTPUT_INVALID' },
    })
  })

  test('a result that cannot be stored fails at once and says which part', async () => {
    const open = defineTasks({ open: task({ output: z.any() }) })
    const t = bench()
    const worker = createWorker({
      tasks: open,
      store: t.store,
      clock: t.clock,
      logLevel: 'silent',
      handlers: { open: () => ({ user: { save: () => {} } }) },
    })
    const watcher = new Watcher(worker)
    await worker.start()
    const id = await t.enqueue('open')
    await watcher.untilJob('job.failed', id)
    await worker.stop()
    expect(await t.job(id)).toMatchObject({
      attempt: 1,
      error: {
        name: 'NOT_SERIALIZABLE',
        message: expect.stringMatching(/user\.save is a function/) as string,
      },
    })
  })

  test.each<[bytes: number, state: string]>([
    [1_000, 'succeeded'],
    [1_001, 'failed'],
  ])('a result of %i bytes, where 1000 are allowed, has %s', async (bytes, state) => {
    const t = bench()
    // Two bytes a letter, and two quotes.
    const { watcher } = await t.started(
      { greet: () => 'é'.repeat((bytes - 2) >> 1) + 'e'.repeat(bytes % 2) },
      { maxResultBytes: 1_000 },
    )
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
    const worker = createWorker({
      tasks: own,
      store: t.store,
      clock: t.clock,
      logLevel: 'silent',
      handlers: {},
    })
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
      tasks: rich,
      store: t.store,
      clock: t.clock,
      logLevel: 'silent',
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
      await t.store.step({ session, settle: [], claim: 1, queues: ['default'] })
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
    await t.store.step({ session: 'one', settle: [], claim: 1, queues: ['default'] })
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
      error: {
        name: 'TASK_UNKNOWN',
        message: expect.stringContaining('greet, touch, climb, mail.send') as string,
      },
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
  expect(watcher.all('worker.error')).toMatchObject([
    { error: { message: 'no luck' }, during: `the course of touch[${broken}]` },
  ])
  const next = await t.enqueue('greet', {})
  await watcher.untilJob('job.succeeded', next)
  expect(worker.health()).toMatchObject({ running: 0, unsettled: 0 })
})

test('an exception before an attempt has begun costs no more than one after it', async () => {
  const t = bench()
  let isBroken = true
  const { worker, watcher } = await t.started(
    {},
    {
      concurrency: 1,
      random: () => {
        if (isBroken) throw new Error('no luck')
        return 0
      },
    },
  )
  const broken = await t.enqueue('unheard.of')
  const next = await t.enqueue('greet', {})
  await watcher.untilJob('job.failed', broken)
  await watcher.untilJob('job.succeeded', next)
  isBroken = false
  expect(await t.job(broken)).toMatchObject({ state: 'failed', error: { name: 'INTERNAL' } })
  expect(worker.health()).toMatchObject({ running: 0, unsettled: 0 })
})
