// Durable consumers beside the store: shared, acked, redelivered, and told when something was lost.
import { type ConsumedOf, isLovageError, LovageError, type Named, type Store } from '@lovage/core'
import { describe, expect, test, vi } from 'vitest'
import { altered, setUp } from './stage.ts'

type Consumed = ConsumedOf<Named>

const named = (notice: Consumed): string =>
  `${notice.type}${'jobId' in notice ? '' : ` ${notice.missed}`} ${notice.deliveries}`

/** Takes so many, without an ack, and stays in the loop. */
async function take(loop: AsyncGenerator<Consumed, void, undefined>, count: number): Promise<Consumed[]> {
  const taken: Consumed[] = []
  while (taken.length < count) {
    const { value, done } = await loop.next()
    if (done) throw new Error(`The loop ended after ${taken.length}.`)
    taken.push(value)
  }
  return taken
}

type Stage = Awaited<ReturnType<typeof setUp>>

/** A group that is there already, so that what is enqueued next is not missed. */
async function withGroup(
  stage: Stage,
  options: Parameters<Stage['queue']['consume']>[1] = {},
): Promise<void> {
  const loop = stage.queue.consume('mailer', options)
  const first = loop.next()
  await vi.waitFor(async () => expect(await stage.queue.groups()).toHaveLength(1))
  await stage.queue.score.enqueue({ n: 0 })
  await (await first).value!.ack()
  await loop.return()
}

const jobsOf = (notices: readonly Consumed[]): string[] =>
  notices.map((notice) => ('jobId' in notice ? notice.jobId : 'none'))

describe('a consumer', () => {
  test('gets what its filter wants, typed, and the group goes on where it was when another loop comes', async () => {
    const { queue, driver } = await setUp()
    for (const n of [1, 2, 3]) {
      await queue.score.enqueue({ n })
      await queue.plain.enqueue({ n })
    }
    for (const [index, job] of (await driver.claim(10)).entries()) await driver.succeed(job, index)
    const results: number[] = []
    for (const until of [1, 3]) {
      const options = { tasks: ['score'], types: ['succeeded'], from: 'start' } as const
      for await (const notice of queue.consume('mailer', options)) {
        if (notice.type === 'gap') throw new Error('Nothing was trimmed.')
        expect(notice.task).toBe('score')
        results.push(notice.result)
        expect(await notice.ack()).toEqual({ outcome: 'acked' })
        if (results.length === until) break
      }
    }
    expect(results).toEqual([0, 2, 4])
    expect(await queue.groups()).toMatchObject([{ name: 'mailer', pending: 0, members: [] }])
    await queue.close()
  })

  test('shares the notices with the others of its group, while another group has them all', async () => {
    const stage = await setUp()
    const { queue } = stage
    await withGroup(stage)
    const enqueued = await queue.score.enqueueMany(Array.from({ length: 10 }, (_, n) => ({ n })))
    const [one, two] = [queue.consume('mailer', { window: 5 }), queue.consume('mailer', { window: 5 })]
    const seen = [...(await take(one, 5)), ...(await take(two, 5))]
    expect(jobsOf(seen).toSorted()).toEqual(enqueued.map(({ id }) => id).toSorted())
    const all = await take(queue.consume('audit', { from: 'start' }), 11)
    expect(jobsOf(all).slice(1)).toEqual(enqueued.map(({ id }) => id))
    await queue.close()
  })

  test('is woken by what is written, without a timer', async () => {
    const { queue, clock } = await setUp()
    const loop = queue.consume('mailer')
    for (let n = 0; n < 3; n++) {
      const next = loop.next()
      await vi.waitFor(async () => expect((await queue.groups())[0]?.members).toHaveLength(1))
      const { id } = await queue.score.enqueue({ n })
      const { value } = await next
      expect(value).toMatchObject({ jobId: id, deliveries: 1 })
      await value!.ack()
    }
    await queue.close()
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  test('that leaves gives back what it holds at once; what it has not looked at does not count', async () => {
    const stage = await setUp()
    const { queue } = stage
    await withGroup(stage)
    await queue.score.enqueueMany([{ n: 1 }, { n: 2 }, { n: 3 }])
    for await (const notice of queue.consume('mailer')) {
      expect(named(notice)).toBe('queued 1')
      break
    }
    expect((await take(queue.consume('mailer'), 3)).map(named)).toEqual(['queued 2', 'queued 1', 'queued 1'])
    await queue.close()
  })

  test('that is silent for as long as ackWait loses a notice to another, and its late ack is told so', async () => {
    const stage = await setUp()
    const { queue, clock } = stage
    await withGroup(stage, { ackWait: '20s' })
    await queue.score.enqueue({ n: 1 })
    const [slow] = await take(queue.consume('mailer', { ackWait: '20s' }), 1)
    const other = queue.consume('mailer', { ackWait: '20s' })
    const next = other.next()
    await vi.waitFor(async () => expect((await queue.groups())[0]?.members).toHaveLength(2))
    await clock.advance(20_000)
    const again = (await next).value!
    expect(again).toMatchObject({ jobId: 'jobId' in slow! && slow.jobId, deliveries: 2 })
    expect(await slow!.ack()).toEqual({ outcome: 'late' })
    expect(await again.ack()).toEqual({ outcome: 'acked' })
    expect(await again.ack()).toEqual({ outcome: 'acked' })
    expect((await queue.groups())[0]).toMatchObject({ pending: 0 })
    await queue.close()
  })

  test('never has more than its window, and goes on as it acks', async () => {
    const stage = await setUp()
    const { queue } = stage
    await withGroup(stage, { window: 4 })
    await queue.score.enqueueMany(Array.from({ length: 20 }, (_, n) => ({ n })))
    const loop = queue.consume('mailer', { window: 4 })
    const seen = await take(loop, 4)
    const next = loop.next()
    const pending = async () => (await queue.groups())[0]?.pending
    expect(await pending()).toBe(4)
    await Promise.all(seen.slice(0, 3).map((notice) => notice.ack()))
    seen.push((await next).value!)
    while (seen.length < 20) {
      expect(await pending()).toBeLessThanOrEqual(4)
      await seen.at(-1)!.ack()
      seen.push(...(await take(loop, 1)))
    }
    expect(new Set(jobsOf(seen)).size).toBe(20)
    await queue.close()
  })

  test('makes a dead letter of what nobody acks in so many deliveries', async () => {
    const stage = await setUp()
    const { queue } = stage
    await withGroup(stage, { maxDeliveries: 2 })
    const job = await queue.score.enqueue({ n: 1 })
    for (const time of [1, 2]) {
      for await (const notice of queue.consume('mailer', { maxDeliveries: 2 })) {
        expect(named(notice)).toBe(`queued ${time}`)
        break
      }
    }
    const fresh = await queue.score.enqueue({ n: 2 })
    const [next] = await take(queue.consume('mailer', { maxDeliveries: 2 }), 1)
    expect(next).toMatchObject({ jobId: fresh.id, deliveries: 1 })
    expect(await queue.deadNotices('mailer')).toMatchObject([
      { type: 'queued', jobId: job.id, task: 'score', deliveries: 2 },
    ])
    expect((await queue.groups())[0]).toMatchObject({ dead: 1, pending: 1 })
    await queue.close()
  })

  test('is told what was trimmed before it came, to the record, until it acks that', async () => {
    const stage = await setUp(undefined, 5)
    const { queue } = stage
    await withGroup(stage)
    await queue.score.enqueueMany(Array.from({ length: 80 }, (_, n) => ({ n })))
    for (const time of [1, 2]) {
      for await (const notice of queue.consume('mailer')) {
        expect(named(notice)).toBe(`gap 30 ${time}`)
        if (time === 2) await notice.ack()
        break
      }
    }
    const seen: Consumed[] = []
    for await (const notice of queue.consume('mailer')) {
      seen.push(notice)
      await notice.ack()
      if (seen.length === 50) break
    }
    expect(seen.every(({ type }) => type === 'queued')).toBe(true)
    expect((await queue.groups())[0]).toMatchObject({ missed: 0, lag: 0, pending: 0 })
    await queue.close()
  })
})

describe('a store that fails', () => {
  const lost = () => new LovageError('STORE_UNAVAILABLE', { store: 'memory', cause: 'the line was cut' })
  /** A store whose consumers' acts fail, before they are done or after, as the test says. */
  const failing = (act: 'pull' | 'ack', faults: ('before' | 'after')[]) => (store: Store) => {
    const { consumers } = store
    const call = async (...args: unknown[]): Promise<unknown> => {
      const fault = faults.shift()
      if (fault === 'before') throw lost()
      const reply = await (consumers[act] as (...args: unknown[]) => Promise<unknown>)(...args)
      if (fault === 'after') throw lost()
      return reply
    }
    return altered(store, { consumers: { ...consumers, [act]: call } })
  }

  test('delays a consumer, who is then given what he was given already, and nothing twice', async () => {
    const faults: ('before' | 'after')[] = []
    const stage = await setUp(failing('pull', faults))
    const { queue, clock } = stage
    await withGroup(stage)
    const enqueued = await queue.score.enqueueMany(Array.from({ length: 6 }, (_, n) => ({ n })))
    faults.push('before', 'after', 'after')
    const loop = queue.consume('mailer', { window: 4 })
    const taking = take(loop, 4)
    while (faults.length > 0) await clock.advance(2_000)
    await clock.advance(2_000)
    const seen = await taking
    expect(seen.map(named)).toEqual(['queued 1', 'queued 1', 'queued 1', 'queued 1'])
    for (const notice of seen) await notice.ack()
    expect(jobsOf([...seen, ...(await take(loop, 2))])).toEqual(enqueued.map(({ id }) => id))
    await queue.close()
  })

  test('delays an ack, and fails it when it would be late', async () => {
    const faults: ('before' | 'after')[] = []
    const stage = await setUp(failing('ack', faults))
    const { queue, clock } = stage
    await withGroup(stage)
    await queue.score.enqueueMany([{ n: 1 }, { n: 2 }])
    const [first, second] = await take(queue.consume('mailer', { ackWait: '5s' }), 2)
    faults.push('before', 'after')
    const acked = first!.ack()
    while (faults.length > 0) await clock.advance(500)
    await clock.advance(500)
    expect(await acked).toEqual({ outcome: 'acked' })

    faults.push(...Array.from({ length: 100 }, () => 'before' as const))
    const failed = second!.ack().catch((error: unknown) => error)
    for (let n = 0; n < 20; n++) await clock.advance(500)
    expect(isLovageError(await failed, 'STORE_UNAVAILABLE')).toBe(true)
    faults.length = 0
    expect(await second!.ack()).toEqual({ outcome: 'acked' })
    await queue.close()
  })
})

describe('a group', () => {
  test('that is deleted ends the loops of its members, and says why', async () => {
    const stage = await setUp()
    const { queue } = stage
    await withGroup(stage)
    const waiting = queue.consume('mailer').next()
    const told = expect(waiting).rejects.toMatchObject({
      code: 'GROUP_DELETED',
      details: { group: 'mailer' },
    })
    await vi.waitFor(async () => expect((await queue.groups())[0]?.members).toHaveLength(1))
    expect(await queue.deleteGroup('mailer')).toBe(true)
    await told
    expect(await queue.deleteGroup('mailer')).toBe(false)
    expect(await queue.groups()).toEqual([])
    await queue.close()
  })

  test('ends quietly for a loop whose signal is aborted, or whose queue is closed', async () => {
    const { queue } = await setUp()
    const abort = new AbortController()
    const loops = [queue.consume('mailer', { signal: abort.signal }), queue.consume('mailer')] as const
    const ends = loops.map((loop) => loop.next())
    await vi.waitFor(async () => expect((await queue.groups())[0]?.members).toHaveLength(2))
    abort.abort()
    expect(await ends[0]).toEqual({ value: undefined, done: true })
    await vi.waitFor(async () => expect((await queue.groups())[0]?.members).toHaveLength(1))
    await queue.close()
    expect(await ends[1]).toEqual({ value: undefined, done: true })
  })

  test.for([
    [{ window: 0 }, 'window'],
    [{ window: 1_001 }, 'window'],
    [{ maxDeliveries: 1.5 }, 'maxDeliveries'],
    [{ ackWait: '10ms' }, 'ackWait'],
    [{ ackWait: '2d' }, 'ackWait'],
  ] as const)('refuses %o', async ([options, option]) => {
    const { queue } = await setUp()
    await expect(queue.consume('mailer', options).next()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option },
    })
    await queue.close()
  })

  test.for(['', 'a/b', 'two words', 'x'.repeat(65)])('refuses the name "%s"', async (name) => {
    const { queue } = await setUp()
    await expect(queue.consume(name).next()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'name' },
    })
    await expect(queue.deleteGroup(name)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await queue.close()
  })

  test('refuses a task that is none, and a cursor that is none', async () => {
    const { queue } = await setUp()
    expect(() => queue.consume('mailer', { tasks: ['scroe' as 'score'] })).toThrow(
      expect.objectContaining({ code: 'TASK_UNKNOWN' }),
    )
    await expect(queue.consume('mailer', { from: 'yesterday' }).next()).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    })
    await queue.close()
  })
})
