import { defineTasks, isLovageError, LovageError, newJobId, queueOver, type Store, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ManualClock } from '../kit/manual-clock.ts'
import { Driver } from './driver.ts'

const tasks = defineTasks({
  score: task({
    input: z.object({ texts: z.array(z.string()), top: z.number().default(3) }),
    output: z.number(),
  }),
  mail: { send: task({ input: z.object({ to: z.string() }), resultTtl: '1m' }) },
})

async function setUp() {
  const clock = new ManualClock(Date.now())
  const store = createMemoryStore({ clock })
  const queue = queueOver(tasks, store, { clock, maxPayloadBytes: 1_000 })
  return { clock, store, queue, driver: await Driver.start(store) }
}

/** The error that a promise rejects with. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => error,
  )

test('a job is queued, then running, then succeeded, and get says so', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ texts: ['a'] })
  expect(await job.get()).toMatchObject({ id: job.id, task: 'score', state: 'queued', attempt: 0 })
  const claimed = await driver.next()
  expect(await queue.score.get(job.id)).toMatchObject({ state: 'running', attempt: 1 })
  await driver.succeed(claimed, 0.5)
  expect(await queue.get(job.id)).toMatchObject({ state: 'succeeded', result: 0.5, attempt: 1 })
  expect(await job.result()).toBe(0.5)
})

test('an invalid input names every issue with its path, and nothing is enqueued', async () => {
  const { queue } = await setUp()
  const error = await errorOf(
    queue.score.enqueue({ texts: [1 as never, 'b', {} as never], top: 'x' as never }),
  )
  expect(isLovageError(error, 'INPUT_INVALID') && error.details.issues.map(({ path }) => path)).toEqual([
    'texts[0]',
    'texts[2]',
    'top',
  ])
  expect(String(error)).toContain('texts[2]')
  expect(await queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
})

test('one invalid input among many enqueues none of them and says which it was', async () => {
  const { queue } = await setUp()
  const error = await errorOf(
    queue.score.enqueueMany([{ texts: [] }, { texts: [] }, { texts: [7 as never] }]),
  )
  expect(isLovageError(error, 'INPUT_INVALID') && error.details.issues.map(({ path }) => path)).toEqual([
    '[2].texts[0]',
  ])
  expect(await queue.counts()).toMatchObject({ queued: 0 })
})

test('more jobs than one call of the store takes are enqueued in order', async () => {
  const { queue, driver } = await setUp()
  const handles = await queue.mail.send.enqueueMany(
    Array.from({ length: 1_201 }, (_, n) => ({ to: `u${n}` })),
  )
  expect(await queue.counts()).toMatchObject({ queued: 1_201 })
  const [first] = await driver.claim(1)
  expect(first?.id).toBe(handles[0]?.id)
})

test('an unknown id is NOT_FOUND, whatever it looks like, and never pending', async () => {
  const { queue } = await setUp()
  for (const id of [newJobId(), 'nonsense', '', '../../etc/passwd']) {
    for (const call of [queue.get(id), queue.score.cancel(id), queue.score.result(id)]) {
      expect(await errorOf(call)).toMatchObject({ code: 'NOT_FOUND', details: { id } })
    }
  }
})

test("a job of another task is NOT_FOUND under a task's name", async () => {
  const { queue } = await setUp()
  const job = await queue.score.enqueue({ texts: [] })
  expect(await errorOf(queue.mail.send.get(job.id))).toMatchObject({ code: 'NOT_FOUND' })
  expect(await errorOf(queue.mail.send.cancel(job.id))).toMatchObject({ code: 'NOT_FOUND' })
})

test('an expired result is an answer of its own, after the time that the task says', async () => {
  const { queue, driver, clock } = await setUp()
  const job = await queue.mail.send.enqueue({ to: 'ada' })
  await driver.succeed(await driver.next(), null, 60_000)
  await clock.advance(59_999)
  expect(await job.get()).toMatchObject({ state: 'succeeded' })
  await clock.advance(1_000) // ids of a busy millisecond are a little ahead of the clock
  expect(await errorOf(job.get())).toMatchObject({ code: 'RESULT_EXPIRED', details: { keptMs: 60_000 } })
  expect(await errorOf(job.result())).toMatchObject({ code: 'RESULT_EXPIRED' })
})

test('enqueuing the same id twice makes one job', async () => {
  const { queue } = await setUp()
  const id = newJobId()
  await queue.score.enqueue({ texts: [] }, { id })
  const again = await queue.score.enqueue({ texts: [] }, { id })
  expect(again.id).toBe(id)
  expect(await queue.counts()).toMatchObject({ queued: 1 })
})

test('options that cannot be are refused with what was seen and what helps', async () => {
  const { queue } = await setUp()
  const input = { texts: [] }
  const refused = [
    [{ delay: '10 parsecs' as never }, 'delay', '10 parsecs'],
    [{ delay: -1 }, 'delay', '-1'],
    [{ attempts: 0 }, 'attempts', '0'],
    [{ id: 'my-id' }, 'id', 'my-id'],
    [{ timeLimit: Number.NaN }, 'timeLimit', 'NaN'],
  ] as const
  for (const [options, option, seen] of refused) {
    const error = await errorOf(queue.score.enqueue(input, options))
    expect(error).toMatchObject({ code: 'OPTION_INVALID', details: { option, seen } })
  }
  expect(await queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
})

test('a payload above the limit is refused with both sizes', async () => {
  const { queue } = await setUp()
  const error = await errorOf(queue.score.enqueue({ texts: ['x'.repeat(1_000)] }))
  expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { maxBytes: 1_000 } })
})

test('an input that cannot be stored is refused with its place', async () => {
  const { clock, store } = await setUp()
  const queue = queueOver(defineTasks({ any: task({ input: z.any() }) }), store, { clock })
  const error = await errorOf(queue.any.enqueue({ list: [{ call: () => 1 }] }))
  expect(error).toMatchObject({ code: 'NOT_SERIALIZABLE', details: { path: 'list[0].call' } })
})

test('a delayed job is scheduled until its time, then queued', async () => {
  const { queue, driver, clock } = await setUp()
  const job = await queue.score.enqueue({ texts: [] }, { delay: '10s' })
  expect(await job.get()).toMatchObject({ state: 'scheduled', runAt: clock.now() + 10_000 })
  await clock.advance(9_999)
  expect(await driver.claim()).toEqual([])
  await clock.advance(1)
  expect((await driver.next()).id).toBe(job.id)
})

test('cancel ends a waiting job with who and why, and says so when it is too late', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.score.enqueue({ texts: [] })
  expect(await job.cancel('changed my mind')).toEqual({ outcome: 'cancelled' })
  expect(await job.get()).toMatchObject({ state: 'cancelled', reason: 'changed my mind' })
  expect(await job.cancel()).toEqual({ outcome: 'ended', state: 'cancelled' })
  expect(await driver.claim()).toEqual([])
})

test('a handle survives JSON and is attached with its cursor; attaching to an unknown task is TASK_UNKNOWN', async () => {
  const { queue } = await setUp()
  const job = await queue.score.enqueue({ texts: [] })
  const copy = queue.attach(JSON.parse(JSON.stringify(job)) as { id: string; task: 'score'; cursor: string })
  expect(copy.toJSON()).toEqual(job.toJSON())
  expect(() => queue.attach({ id: job.id, task: 'scroe' as 'score' })).toThrow(
    'Known tasks: score, mail.send',
  )
})

test('a handle is not thenable, so awaiting an enqueue gives the handle', async () => {
  const { queue } = await setUp()
  expect('then' in (await queue.score.enqueue({ texts: [] }))).toBe(false)
})

test('what is wrong with the settings of a store is said once, at the first use that reaches it', async () => {
  const { clock, store } = await setUp()
  const said: string[] = []
  const answers: (() => Promise<string[]>)[] = [
    () => Promise.reject(new LovageError('STORE_UNAVAILABLE', { store: 'Redis', cause: 'refused' })),
    () => Promise.resolve(['Redis evicts keys.']),
  ]
  const checked = Object.create(store, {
    check: { value: () => (answers.shift() ?? (() => expect.fail('checked again')))() },
  }) as Store
  for (const method of ['enqueue', 'get'] as const) {
    Object.defineProperty(checked, method, { value: store[method].bind(store) })
  }
  const queue = queueOver(tasks, checked, { clock, onWarning: (message) => said.push(message) })
  for (let n = 0; n < 4; n++) await queue.score.enqueue({ texts: [] })
  expect(said).toEqual(['Redis evicts keys.'])
})
