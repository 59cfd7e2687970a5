/** What callers may do with many jobs, with failed ones and with flows: over real sockets, and only with their own. */
import { chain, chord, createJobsClient, group } from '@lovage/client'
import { decode, defineTasks, type Job, queueOver, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { jobsRouter, type RouterOf } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHarness } from '../kit/harness.ts'

const tasks = defineTasks({
  score: task({ input: z.number(), output: z.number(), priority: 10 }),
  mail: {
    send: task({
      name: 'send-mail',
      input: z.object({ to: z.string(), at: z.date().optional() }),
      output: z.string(),
    }),
  },
  scoped: task({ input: z.string(), key: (tenant) => tenant }),
  sum: task({ input: z.array(z.number()), output: z.number() }),
  retrain: task({ singleton: 'reject', rememberLast: true }),
  sweep: task(),
})

const setUp = async () => {
  const it = await createHarness(tasks)
  const { jobs: ada } = it.client({ token: 'ada' })
  const { jobs: bob } = it.client({ token: 'bob' })
  return { it, ada, bob, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() }
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => error,
  )

describe('options', () => {
  test('that every caller may give arrive', async () => {
    await using t = await setUp()
    const runAt = new Date(Date.now() + 60_000)
    const job = await t.ada.score.enqueue(1, {
      runAt,
      expiresIn: '1h',
      priority: 5,
      tags: ['mine'],
      metadata: { page: '/score' },
      idempotencyKey: { key: 'k', window: '1m' },
    })
    expect(await job.get()).toMatchObject({
      state: 'scheduled',
      priority: 5,
      tags: ['mine'],
      metadata: { page: '/score' },
    })
    expect(Math.abs(((await job.get()) as { runAt: number }).runAt - runAt.getTime())).toBeLessThan(5_000)
    expect((await t.ada.score.enqueue(1, { idempotencyKey: 'k' })).id).toBe(job.id)
    expect((await t.bob.score.enqueue(1, { idempotencyKey: 'k' })).id).not.toBe(job.id)
  })

  test.for([
    [{ priority: 11 }, 'priority'],
    [{ runAt: new Date(Date.now() + 400 * 86_400_000) }, 'runAt'],
    [{ queue: 'slow' }, 'queue'],
    [{ owner: 'bob' }, 'owner'],
    [{ concurrencyKey: 'x' }, 'concurrencyKey'],
    [{ singleton: 'replace' }, 'singleton'],
    [{ tags: ['~key:scoped:acme'] }, 'tags'],
    [{ metadata: 'x' }, 'metadata'],
    [{ idempotencyKey: 7 }, 'idempotencyKey'],
  ])('%j is refused', async ([options, option]) => {
    await using t = await setUp()
    expect(await errorOf(t.ada.score.enqueue(1, options as never))).toMatchObject({
      code: 'OPTION_INVALID',
      details: { option },
    })
    expect(await t.it.queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
  })

  test('priority is as high as the router says, and none where neither it nor the task says any', async () => {
    await using t = await setUp()
    expect(await errorOf(t.ada.sweep.enqueue(undefined, { priority: 1 }))).toMatchObject({
      details: { option: 'priority' },
    })
    const server = initTRPC.create({ transformer: superjson })
    const queue = queueOver(tasks, createMemoryStore())
    const router = jobsRouter({
      t: server,
      queue,
      procedure: server.procedure,
      owner: 'public',
      maxPriority: 50,
    })
    const caller = router.createCaller({})
    await caller.sweep.enqueue({ priority: 50 })
    await expect(caller.sweep.enqueue({ priority: 51 })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  test('a singleton that is there is a CONFLICT, with its id for its owner alone', async () => {
    await using t = await setUp()
    const job = await t.ada.retrain.enqueue()
    expect(await errorOf(t.ada.retrain.enqueue())).toMatchObject({
      code: 'JOB_EXISTS',
      details: { id: job.id },
    })
    expect(await errorOf(t.bob.retrain.enqueue())).toMatchObject({
      code: 'JOB_EXISTS',
      details: { id: null },
    })
    expect(await errorOf(t.it.bare('bob').jobs.retrain.enqueue.mutate())).toMatchObject({
      data: { code: 'CONFLICT' },
    })
  })
})

describe('a caller', () => {
  test('lists, finds without an id, and cancels jobs of his own and no others', async () => {
    await using t = await setUp()
    const mine = await t.ada.score.enqueueMany([1, 2, 3], { tags: ['batch'] })
    await t.bob.score.enqueue(4, { tags: ['batch'] })
    const ids = ({ jobs }: { jobs: Job[] }) => jobs.map(({ id }) => id)
    expect(ids(await t.ada.list({ tag: 'batch' }))).toEqual(mine.map(({ id }) => id))
    expect(ids(await t.bob.list())).toHaveLength(1)
    const first = await t.ada.list({ tag: 'batch', limit: 2 })
    expect(ids(await t.ada.list({ tag: 'batch', limit: 2, after: first.next! }))).toEqual([mine[2]!.id])
    expect(await t.ada.cancelMany({ tag: 'batch' }, 'enough')).toEqual({ cancelled: 3 })
    expect(await mine[0]!.get()).toMatchObject({ state: 'cancelled', by: 'ada', reason: 'enough' })
    expect(ids(await t.bob.list({ state: 'queued' }))).toHaveLength(1)

    await t.ada.scoped.enqueue('acme')
    await t.bob.scoped.enqueue('acme')
    expect(ids(await t.ada.list({ task: 'scoped', key: 'acme' }))).toHaveLength(1)
    expect(ids(await t.ada.scoped.list({ key: 'acme' }))).toHaveLength(1)
    expect(ids(await t.ada.score.list())).toEqual([])
    expect(ids(await t.bob.score.list())).toHaveLength(1)
    expect(ids(await t.it.queue.score.list())).toHaveLength(1)
    expect(await errorOf(t.ada.score.list({ task: 'scoped' } as object))).toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'task' },
    })
    expect(await t.ada.cancelMany({ task: 'scoped', key: 'acme' })).toEqual({ cancelled: 1 })

    expect(await t.ada.retrain.last()).toBeNull()
    const job = await t.ada.retrain.enqueue()
    expect((await t.ada.retrain.last())?.id).toBe(job.id)
    expect(await t.bob.retrain.last()).toBeNull()
  })

  test('runs his own failed jobs again, or forgets them, and sees neither stacks nor workers', async () => {
    await using t = await setUp()
    const mine = await t.ada.score.enqueueMany([1, 2, 3])
    const theirs = await t.bob.score.enqueue(4)
    for (const job of await t.it.driver.claim(4)) await t.it.driver.fail(job, 'boom')
    const { jobs } = await t.ada.failed.list()
    expect(jobs).toHaveLength(3)
    expect(jobs[0]).toMatchObject({ state: 'failed', error: { message: 'boom' } })
    expect(JSON.stringify(jobs)).not.toMatch(/operators|driver/)
    expect(await errorOf(t.ada.failed.retry(theirs.id))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await errorOf(t.ada.failed.discard(theirs.id))).toMatchObject({ code: 'NOT_FOUND' })
    const again = await t.ada.failed.retry(mine[0]!.id)
    expect(await again.get()).toMatchObject({ state: 'queued', retryOf: mine[0]!.id })
    const result = again.result()
    await t.it.driver.succeed(await t.it.driver.next(), 9)
    expect(await result).toBe(9)
    await t.ada.failed.discard(mine[1]!.id)
    expect(await t.ada.failed.retryAll({ task: 'score' })).toEqual({ retried: 1 })
    expect(await t.ada.failed.discardAll()).toEqual({ discarded: 0 })
    expect((await t.bob.failed.list()).jobs).toHaveLength(1)
  })

  test.for([
    ['list', { limit: 1_000 }, 'limit'],
    ['list', { state: 'succeeded' }, 'state'],
    ['list', { owner: 'bob' }, 'owner'],
    ['cancelMany', {}, 'filter'],
    ['cancelMany', { owner: 'bob', tag: 'x' }, 'owner'],
  ] as const)('cannot %s %j', async ([call, options, option]) => {
    await using t = await setUp()
    const act = t.ada[call] as (options: object) => Promise<unknown>
    expect(await errorOf(act(options))).toMatchObject({ code: 'OPTION_INVALID', details: { option } })
  })
})

describe('a flow from a browser', () => {
  test('is typed, enqueued whole under its owner, followed and ended through its handle', async () => {
    await using t = await setUp()
    const { ada, bob, it } = t
    const job = await ada.enqueueFlow(
      chord([ada.score.call(1, { priority: 2 }), ada.score.call(2)], ada.sum.step()),
    )
    expect(await job.get()).toMatchObject({ task: 'sum', state: 'waiting', done: 0, total: 2 })
    expect(await errorOf(bob.get(job.id))).toMatchObject({ code: 'NOT_FOUND' })
    const members = await it.driver.claim(5)
    expect(members.map(({ owner, options }) => [owner, options.priority])).toEqual([
      ['ada', 10],
      ['ada', 2],
    ])
    const result: Promise<number> = job.result()
    for (const member of members) await it.driver.succeed(member, decode(member.input))
    const sum = await it.driver.next()
    expect(new Set(decode(sum.input) as number[])).toEqual(new Set([1, 2]))
    await it.driver.succeed(sum, 3)
    expect(await result).toBe(3)
    const other = await ada.enqueueFlow(
      group([ada.mail.send.call({ to: 'x', at: new Date(0) }), ada.sweep.call()]),
    )
    const [mail] = await it.driver.claim(1)
    expect(decode(mail!.input)).toEqual({ to: 'x', at: new Date(0) })
    expect(await other.cancel('enough')).toEqual({ outcome: 'cancelled' })
    expect((await ada.list()).jobs).toEqual([])
  })

  test('may say no more for its jobs than one for each of them could', async () => {
    await using t = await setUp()
    const { ada, it } = t
    const wrong: [object, string][] = [
      [ada.score.call(1, { priority: 11 }).flow, 'priority'],
      [ada.score.call(1, { queue: 'slow' } as never).flow, 'queue'],
      [ada.score.call(1, { id: 'x' } as never).flow, 'id'],
      [{ task: 'jobs.nope' }, 'flow'],
      [{ task: 'elsewhere.score', input: 1 }, 'flow'],
      [{ task: 'jobs.score', input: 1, owner: 'bob' }, 'flow'],
      [{ task: 'jobs.score', input: 1, keep: 'yes' }, 'flow.keep'],
      [{ members: 'all' }, 'flow.members'],
      [undefined as never, 'flow'],
      [{ members: [{ task: 'jobs.score', input: 1 }, undefined] }, 'flow'],
      [group(Array.from({ length: 501 }, () => ada.score.call(1))).flow, 'flow'],
    ]
    for (const [flow, option] of wrong)
      expect(await errorOf(ada.enqueueFlow({ flow }))).toMatchObject({
        code: 'OPTION_INVALID',
        details: { option },
      })
    expect(await errorOf(ada.enqueueFlow({ flow: { task: 'jobs.sweep', input: 1 } }))).toMatchObject({
      code: 'INPUT_INVALID',
    })
    expect(await it.queue.counts()).toMatchObject({ queued: 0, waiting: 0 })
  })

  test('of a bare client names its tasks by their keys', async () => {
    await using t = await setUp()
    const bare = t.it.bare('ada')
    const ticket = await bare.jobs.enqueueFlow.mutate({
      flow: { task: 'sum', after: { members: [{ task: 'score', input: 1 }] } },
      idempotencyKey: 'once',
    })
    expect(await bare.jobs.get.query({ id: ticket.id })).toMatchObject({ state: 'waiting' })
    const again = await bare.jobs.enqueueFlow.mutate({
      flow: { task: 'sum', after: { members: [{ task: 'score', input: 1 }] } },
      idempotencyKey: 'once',
    })
    expect(again.id).toBe(ticket.id)
  })
})

/** What must not compile. */
export function types(): void {
  const { jobs } = createJobsClient<RouterOf<typeof tasks>>({ url: '/trpc' })
  void jobs.enqueueFlow(chain(jobs.score.call(1), jobs.score.step()))
  // @ts-expect-error sum takes a list
  void jobs.enqueueFlow(chain(jobs.score.call(1), jobs.sum.step()))
  // @ts-expect-error owners are given by the server
  void jobs.enqueueFlow(jobs.score.call(1), { owner: 'bob' })
  // @ts-expect-error nor may one look for them
  void jobs.list({ owner: 'bob' })
  // @ts-expect-error queues are the server's
  void jobs.score.enqueue(1, { queue: 'slow' })
  // @ts-expect-error pausing is for operators
  void jobs.pause({ queue: 'default' })
}
