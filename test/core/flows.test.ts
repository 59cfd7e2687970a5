/** Chains, groups and chords on the store in memory, with the worker played by hand. */
import { chain, chord, type Claimed, decode, group, keep, type Notice } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { errorOf, ids, setUp } from './life.ts'

const inputOf = (job: Claimed): unknown => decode(job.input)

describe('a chain', () => {
  test('gives each step the output of the one before, one after the other, and its handle the last one', async () => {
    const { queue, driver } = await setUp()
    const flow = chain(queue.split.call('a b'), queue.count.step(), queue.report.step({ attempts: 9 }))
    const job = await queue.enqueueFlow(flow)
    expect(job.task).toBe('report')
    expect(await job.get()).toMatchObject({ state: 'waiting', done: 0, total: 1, attempt: 0 })
    expect(await queue.counts()).toMatchObject({ queued: 1, waiting: 2 })
    const [split, ...more] = await driver.claim(5)
    expect(more).toEqual([])
    expect(inputOf(split!)).toBe('a b')
    await driver.succeed(split!, ['a', 'b'])
    const count = await driver.next()
    expect([count.task, inputOf(count)]).toEqual(['count', ['a', 'b']])
    await driver.succeed(count, 2)
    const report = await driver.next()
    expect(report).toMatchObject({ id: job.id, task: 'report', options: { attempts: 9 } })
    expect(inputOf(report)).toBe(2)
    await driver.succeed(report, 'two')
    expect(await job.result()).toBe('two')
  })

  test('fails as a whole when a link does, with what happened', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.enqueueFlow(chain(queue.split.call('a'), queue.count.step(), queue.report.step()))
    const split = await driver.next()
    await driver.fail(split, 'no luck')
    const error = await errorOf(job.result())
    expect(error).toMatchObject({ code: 'JOB_FAILED', details: { error: { name: 'DEPENDENCY_FAILED' } } })
    expect(String(error)).toContain(split.id)
    expect(String(error)).toContain('no luck')
    expect(await queue.counts()).toMatchObject({ queued: 0, waiting: 0, running: 0 })
  })
})

describe('a group', () => {
  test('runs its members at the same time, tells how many are there, and gives the list in order', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.enqueueFlow(
      group([queue.report.call(1), queue.plain.call(2), queue.report.call(3)]),
    )
    const [first, second, third] = await driver.claim(5)
    await driver.succeed(third!, 'three')
    await driver.succeed(first!, 'one')
    expect(await job.get()).toMatchObject({ state: 'waiting', done: 2, total: 3 })
    await driver.succeed(second!, 4)
    expect(await job.result()).toEqual(['one', 4, 'three'])
    const notices: Notice[] = []
    for await (const notice of job) notices.push(notice)
    expect(
      notices.filter(({ type }) => type === 'progress').map((notice) => 'data' in notice && notice.data),
    ).toEqual([
      { done: 1, total: 3 },
      { done: 2, total: 3 },
      { done: 3, total: 3 },
    ])
    expect(notices.at(-1)).toMatchObject({ type: 'succeeded', result: ['one', 4, 'three'] })
  })

  test('cancels the others when one fails, unless that one is kept', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.enqueueFlow(group([queue.report.call(1), queue.report.call(2)]))
    const [first, second] = await driver.claim(2)
    await driver.fail(first!, 'boom')
    expect(await errorOf(job.result())).toMatchObject({ code: 'JOB_FAILED' })
    expect(await queue.get(second!.id)).toMatchObject({ state: 'cancelled', by: null })

    const kept = await queue.enqueueFlow(group([keep(queue.report.call(1)), queue.report.call(2)]))
    const [third, fourth] = await driver.claim(2)
    await driver.fail(third!, 'boom')
    await driver.succeed(fourth!, 'two')
    expect(await kept.result()).toEqual([{ ok: false, error: { name: 'Error', message: 'boom' } }, 'two'])
  })
})

describe('a chord', () => {
  test('runs its last step once, with the whole list, whoever comes last', async () => {
    const { queue, driver } = await setUp()
    const members = [1, 2, 3].map((n) => queue.plain.call(n))
    const job = await queue.enqueueFlow(chord(members, queue.sum.step()))
    for (const member of (await driver.claim(5)).toReversed())
      await driver.succeed(member, (inputOf(member) as number) * 10)
    const [sum, ...more] = await driver.claim(5)
    expect(more).toEqual([])
    expect(sum!.id).toBe(job.id)
    expect(inputOf(sum!)).toEqual([10, 20, 30])
    await driver.succeed(sum!, 60)
    expect(await job.result()).toBe(60)
  })

  test('nests, and kept parts keep their place', async () => {
    const { queue, driver } = await setUp()
    const counted = (text: string) => chain(queue.split.call(text), queue.count.step())
    const flow = chain(chord([counted('a b'), counted('c')], queue.sum.step()), queue.report.step())
    const job = await queue.enqueueFlow(flow)
    expect(await queue.counts()).toMatchObject({ queued: 2, waiting: 4 })
    const answers: Record<string, (input: never) => unknown> = {
      split: (text: string) => text.split(' '),
      count: (words: string[]) => words.length,
      sum: (numbers: number[]) => numbers.reduce((a, b) => a + b, 0),
      report: (n: number) => `${n} words`,
    }
    for (let [claimed] = await driver.claim(1); claimed !== undefined; [claimed] = await driver.claim(1))
      await driver.succeed(claimed, answers[claimed.task]!(inputOf(claimed) as never))
    expect(await job.result()).toBe('3 words')
  })
})

describe('a flow', () => {
  test('ends whole when its handle is cancelled', async () => {
    const { queue, driver } = await setUp()
    const job = await queue.enqueueFlow(
      chain(group([queue.plain.call(1), queue.plain.call(2)]), queue.sum.step(), queue.report.step()),
      { owner: 'ada' },
    )
    const [running] = await driver.claim(1)
    expect(await job.cancel('enough')).toEqual({ outcome: 'cancelled' })
    expect(await queue.get(running!.id)).toMatchObject({ state: 'cancelled', reason: 'enough' })
    expect(await queue.counts()).toMatchObject({ queued: 0, waiting: 0, running: 0 })
    expect((await queue.list({ owner: 'ada' })).jobs).toEqual([])
  })

  test('belongs to its owner in all its parts', async () => {
    const { queue, driver } = await setUp()
    await queue.enqueueFlow(chord([queue.plain.call(1), queue.plain.call(2)], queue.sum.step()), {
      owner: 'ada',
    })
    expect((await queue.list({ owner: 'ada' })).jobs).toHaveLength(3)
    expect((await driver.claim(5)).map(({ owner }) => owner)).toEqual(['ada', 'ada'])
  })

  test('with an idempotency key is enqueued once, and its parts with it', async () => {
    const { queue } = await setUp()
    const flow = chord([queue.plain.call(1), queue.plain.call(2)], queue.sum.step())
    const job = await queue.enqueueFlow(flow, { idempotencyKey: 'k' })
    expect((await queue.enqueueFlow(flow, { idempotencyKey: 'k' })).id).toBe(job.id)
    expect(await queue.counts()).toMatchObject({ queued: 2, waiting: 1 })
    const both = await queue.enqueueFlow(group([queue.plain.call(1)]), { idempotencyKey: 'g' })
    expect((await queue.enqueueFlow(group([queue.plain.call(1)]), { idempotencyKey: 'g' })).id).toBe(both.id)
  })

  test('of one call is that call', async () => {
    const { queue } = await setUp()
    const job = await queue.enqueueFlow(queue.mail.call('a', { priority: 3 }))
    expect(await job.get()).toMatchObject({ task: 'mail', state: 'queued', queue: 'mail', priority: 3 })
  })

  test('can be attached to again', async () => {
    const { queue, driver } = await setUp()
    const ref = (await queue.enqueueFlow(group([queue.plain.call(1)]))).toJSON()
    const again = queue.attach(ref)
    const result = again.result()
    await driver.succeed(await driver.next(), 5)
    expect(await result).toEqual([5])
  })

  test('of which anything is wrong is not enqueued at all', async () => {
    const { queue } = await setUp()
    const many = (count: number) => group(Array.from({ length: count }, (_, n) => queue.plain.call(n)))
    const wrong: [Parameters<typeof queue.enqueueFlow>[0], object][] = [
      [group([queue.plain.call(1), queue.plain.call('x' as never)]), { code: 'INPUT_INVALID' }],
      [many(500), { code: 'OPTION_INVALID', details: { option: 'flow' } }],
      [group([]), { code: 'OPTION_INVALID', details: { option: 'flow' } }],
      [
        group([queue.retrain.call(), queue.plain.call(1)]),
        { code: 'OPTION_INVALID', details: { option: 'flow' } },
      ],
      [
        group([queue.plain.call(1, { idempotencyKey: 'a' } as never)]),
        { code: 'OPTION_INVALID', details: { option: 'idempotencyKey' } },
      ],
      [
        group([queue.plain.call(1, { priority: 0 })]),
        { code: 'OPTION_INVALID', details: { option: 'priority' } },
      ],
      [
        { flow: { ...queue.ordered.step().step, after: queue.plain.call(1).flow } },
        { code: 'OPTION_INVALID', details: { option: 'orderingKey' } },
      ],
      [{} as never, { code: 'OPTION_INVALID' }],
      [{ flow: {} }, { code: 'OPTION_INVALID' }],
      [{ flow: { members: [undefined] } } as never, { code: 'OPTION_INVALID' }],
      [{ flow: { task: 'nope' } }, { code: 'TASK_UNKNOWN' }],
    ]
    for (const [flow, error] of wrong) expect(await errorOf(queue.enqueueFlow(flow))).toMatchObject(error)
    expect(await queue.counts()).toMatchObject({ queued: 0, waiting: 0 })
    const job = await queue.enqueueFlow(many(499))
    expect(await job.get()).toMatchObject({ state: 'waiting', total: 499 })
  })

  test('as long as may be is one long chain', async () => {
    const { queue, driver } = await setUp()
    let flow = chain(queue.plain.call(0), queue.plain.step())
    for (let n = 2; n < 500; n++) flow = chain(flow, queue.plain.step())
    const job = await queue.enqueueFlow(flow)
    for (let n = 0; n < 500; n++) await driver.succeed(await driver.next(), n)
    expect(await job.result()).toBe(499)
    expect(ids(await driver.claim(1))).toEqual([])
  })
})
