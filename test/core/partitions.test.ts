// A queue over partitions, as those see it who enqueue, follow, consume, list and schedule.
import {
  type AnyStore,
  chord,
  compareCursors,
  type ConsumedOf,
  defineTasks,
  group,
  isTerminal,
  type Named,
  newJobId,
  type Notice,
  queueOver,
  seqOf,
  task,
} from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { partitionedStore } from '@lovage/core/partitions'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { asOne } from '../conformance/as-one.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { Driver } from './driver.ts'
import { errorOf } from './life.ts'

const COUNT = 3

const tasks = defineTasks({
  plain: task({ input: z.number(), output: z.any(), notices: ['queued'], progress: z.number() }),
  keyed: task({ input: z.string(), output: z.any(), key: (tenant) => tenant, perKey: { concurrency: 1 } }),
  limited: task({ input: z.string(), key: (tenant) => tenant, concurrency: 2 }),
  single: task({ singleton: 'return' }),
  slow: task({ input: z.string(), throttle: '10s', rememberLast: true }),
  sum: task({ input: z.array(z.any()), output: z.any() }),
})

async function setUp(streamMaxLen?: number) {
  const clock = new ManualClock(Date.now())
  const bounds = streamMaxLen === undefined ? {} : { streamMaxLen }
  const stores = Array.from({ length: COUNT }, () => createMemoryStore({ clock, ...bounds }))
  const store = partitionedStore(stores)
  const queue = queueOver(tasks, store, { clock, random: () => 0.5 })
  const driver = await Driver.start(asOne(store))
  /** Which partitions have this job. */
  const homesOf = async (id: string): Promise<number[]> => {
    const found = await Promise.all(stores.map((one) => one.get(id)))
    return [...found.keys()].filter((index) => found[index] !== null)
  }
  return { clock, stores, store, queue, driver, homesOf, engine: queue['~engine'] }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe('a job', () => {
  test('is in one partition, where its id leads; jobs of one call go together, those of many are spread', async () => {
    const { queue, store, homesOf } = await setUp()
    const homes = new Set<number>()
    for (const n of numbers(40)) {
      const { id } = await queue.plain.enqueue(n)
      expect(await homesOf(id)).toEqual([store.indexOf(id)])
      expect(await queue.get(id)).toMatchObject({ id, state: 'queued' })
      homes.add(store.indexOf(id)!)
    }
    expect(homes.size).toBe(COUNT)
    const many = await queue.plain.enqueueMany(numbers(50))
    expect(new Set(many.map(({ id }) => store.indexOf(id))).size).toBe(1)
    for (const { id } of many) expect(await homesOf(id)).toEqual([store.indexOf(id)])
    expect(await queue.counts()).toMatchObject({ queued: 90, workers: 1 })
  })

  test('keeps the id that it was given; one with a key gets it but for its end, and the same one each time', async () => {
    const { queue, store } = await setUp()
    const id = newJobId()
    expect((await queue.plain.enqueue(1, { id })).id).toBe(id)
    const renamed = new Set<string>()
    for (const n of numbers(20)) {
      const given = newJobId()
      const first = await queue.keyed.enqueue('ada', { id: given })
      const again = await queue.keyed.enqueue('ada', { id: given })
      expect(again.id).toBe(first.id)
      expect(first.id.slice(0, -4)).toBe(given.slice(0, -4))
      expect((await queue.get(first.id)).id).toBe(first.id)
      renamed.add(store.indexOf(first.id) === store.indexOf(given) ? 'as given' : 'elsewhere')
      expect(await queue.counts()).toMatchObject({ queued: n + 2 })
    }
    expect(renamed).toEqual(new Set(['as given', 'elsewhere']))
  })

  test('of a key is with the others of the key, of a task with a limit with all of the task', async () => {
    const { queue, store } = await setUp()
    const homesOfKey = new Map<string, Set<number>>()
    for (const n of numbers(30)) {
      const tenant = `tenant-${n % 6}`
      const { id } = await queue.keyed.enqueue(tenant)
      homesOfKey.set(tenant, (homesOfKey.get(tenant) ?? new Set()).add(store.indexOf(id)!))
    }
    const all = [...homesOfKey.values()]
    expect(all.map(({ size }) => size)).toEqual(all.map(() => 1))
    expect(new Set(all.flatMap((homes) => [...homes])).size).toBe(COUNT)
    const limited = await Promise.all(numbers(20).map((n) => queue.limited.enqueue(`tenant-${n}`)))
    expect(new Set(limited.map(({ id }) => store.indexOf(id))).size).toBe(1)
  })

  test('is found by what stands for it: its idempotency key, a singleton, a throttle, the last one of an owner', async () => {
    const { queue } = await setUp()
    for (const n of numbers(10)) {
      const once = await queue.plain.enqueue(n, { idempotencyKey: `key-${n}` })
      expect((await queue.plain.enqueue(n, { idempotencyKey: `key-${n}` })).id).toBe(once.id)
    }
    const alone = await queue.single.enqueue()
    expect((await queue.single.enqueue()).id).toBe(alone.id)
    expect((await queue.single.enqueue(undefined, { idempotencyKey: 'other' })).id).toBe(alone.id)
    for (const owner of ['ada', 'bob', 'eve']) {
      const one = await queue.slow.enqueue('x', { owner })
      expect((await queue.slow.enqueue('y', { owner, idempotencyKey: 'k' })).id).toBe(one.id)
      expect((await queue.slow.last({ owner }))?.id).toBe(one.id)
    }
    expect(await queue.slow.last({ owner: 'nobody' })).toBeNull()
  })

  test('of a task that is not known here is where a limit of it would be kept', async () => {
    const { store, homesOf } = await setUp()
    const blind = queueOver({}, store, { acceptsUnknownTasks: true })
    const engine = blind['~engine']
    const known = await queueOver(tasks, store).limited.enqueue('ada')
    for (const _ of numbers(5)) {
      const { id } = await engine.enqueue('limited', 'x')
      expect(await homesOf(id)).toEqual([store.indexOf(known.id)])
    }
  })

  test.for(['idempotencyKey', 'concurrencyKey', 'orderingKey'])(
    'of a task that is not known here is refused with an %s: another partition may have those of that key',
    async (option) => {
      const { store, clock } = await setUp()
      const enqueue = (on: AnyStore) =>
        queueOver({}, on, { acceptsUnknownTasks: true })['~engine'].enqueue('plain', 1, { [option]: 'k' })
      await expect(enqueue(store)).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        details: { option, seen: 'k', expected: expect.stringContaining('lovage --tasks ./tasks.ts') },
      })
      expect(await store.counts()).toMatchObject({ queued: 0 })
      expect(await enqueue(createMemoryStore({ clock }))).toMatchObject({ task: 'plain' })
    },
  )
})

test('results of jobs that were enqueued together come from each partition, whether its feed was being read or not', async () => {
  const { queue, driver, store } = await setUp()
  const homes = new Set<number | undefined>()
  for (const n of numbers(80)) {
    const jobs = await queue.plain.enqueueMany(numbers(30).map((one) => 100 * n + one))
    for (const { id } of jobs) homes.add(store.indexOf(id))
    const [early, ...late] = await driver.claim(100)
    await driver.succeed(early!, early!.id)
    const results = Promise.all(jobs.map((job) => job.result()))
    for (const claimed of late) await driver.succeed(claimed, claimed.id)
    expect(await results).toEqual(jobs.map(({ id }) => id))
  }
  expect(homes.size).toBe(COUNT)
})

describe('a flow', () => {
  test('is in one partition, and comes to its end there', async () => {
    const { queue, driver, store, homesOf } = await setUp()
    const homes = new Set<number>()
    for (const _ of numbers(8)) {
      const flow = chord([queue.plain.call(1), queue.keyed.call('ada')], queue.sum.step())
      const handle = await queue.enqueueFlow(flow)
      const parts = await driver.claim(10)
      expect(parts).toHaveLength(2)
      for (const part of parts) expect(await homesOf(part.id)).toEqual([store.indexOf(handle.id)])
      for (const part of parts) await driver.succeed(part, part.task)
      await driver.succeed(await driver.next(), 'all')
      expect(await handle.result()).toBe('all')
      homes.add(store.indexOf(handle.id)!)
    }
    expect(homes.size).toBe(1) // where jobs of ada's are
  })

  test('whose jobs have to be in different partitions is refused, and nothing of it is enqueued', async () => {
    const { queue, store } = await setUp()
    const { id } = await queue.keyed.enqueue('ada')
    const others = numbers(20).map((n) => `tenant-${n}`)
    const refs = await Promise.all(others.map((tenant) => queue.keyed.enqueue(tenant)))
    const elsewhere = others[refs.findIndex((ref) => store.indexOf(ref.id) !== store.indexOf(id))]!
    const { queued } = await queue.counts()
    const refused = queue.enqueueFlow(group([queue.keyed.call('ada'), queue.keyed.call(elsewhere)]))
    expect(await errorOf(refused)).toMatchObject({ code: 'OPTION_INVALID', details: { option: 'flow' } })
    expect(await queue.counts()).toMatchObject({ queued })
  })
})

/** Follows the feed until it has said so many things of jobs. */
async function take(feed: AsyncIterable<Notice>, count: number): Promise<Notice[]> {
  const taken: Notice[] = []
  let left = count
  for await (const notice of feed) {
    taken.push(notice)
    if ('jobId' in notice && --left === 0) break
  }
  return taken
}

const said = (notices: readonly Notice[]): string[] =>
  notices.flatMap((notice) => ('jobId' in notice ? [`${notice.jobId} ${notice.type}`] : []))

describe('the joint feed', () => {
  test('says all of every partition, of each job in order, and goes on behind any of its notices', async () => {
    const { queue, driver } = await setUp()
    const expected: string[] = []
    for (const n of numbers(12)) {
      const { id } = await queue.plain.enqueue(n)
      const job = await driver.next()
      await driver.report(job, n)
      await driver.succeed(job, n)
      expected.push(`${id} queued`, `${id} progress`, `${id} succeeded`)
    }
    const whole = await take(queue.notices({ from: 'start' }), expected.length)
    expect(said(whole).toSorted()).toEqual(expected.toSorted())
    const jobs = whole.filter((notice) => 'jobId' in notice)
    expect((await queue.list()).jobs).toEqual([])
    for (const [n, { cursor }] of jobs.entries()) {
      expect(seqOf(cursor)).toBe(n + 1) // counted without holes, over all partitions
      if (n > 0) expect(compareCursors(jobs[n - 1]!.cursor, cursor)).toBeLessThan(0)
      if (n === jobs.length - 1) break
      const rest = await take(queue.notices({ from: cursor }), jobs.length - n - 1)
      expect([...said(jobs.slice(0, n + 1)), ...said(rest)].toSorted()).toEqual(expected.toSorted())
    }
    for (const id of new Set(jobs.map((job) => ('jobId' in job ? job.jobId : ''))))
      expect(said(whole).filter((text) => text.startsWith(id))).toEqual([
        `${id} queued`,
        `${id} progress`,
        `${id} succeeded`,
      ])
  })

  test('begins with one `ready`, and then is live', async () => {
    const { queue } = await setUp()
    for (const n of numbers(5)) await queue.plain.enqueue(n)
    const feed = queue.notices()
    const first = await feed.next()
    expect(first.value).toMatchObject({ type: 'ready' })
    expect(seqOf(first.value!.cursor)).toBe(5)
    const coming = take(feed, 6)
    const ids: string[] = []
    for (const n of numbers(6)) ids.push((await queue.plain.enqueue(n)).id)
    expect(said(await coming).toSorted()).toEqual(ids.map((id) => `${id} queued`).toSorted())
    // After a place that is the end of all, `ready` is the first thing again.
    const again = queue.notices({ from: first.value!.cursor })
    const replayed = await take(again, 6)
    expect(said(replayed).toSorted()).toEqual(ids.map((id) => `${id} queued`).toSorted())
    expect(replayed.filter(({ type }) => type === 'ready').length).toBeLessThanOrEqual(1)
  })

  test('gives what is live at once to whoever takes it, and nothing twice to one who takes only some', async () => {
    const { queue, engine } = await setUp()
    for (const most of [0, 1, 1_000]) {
      const stop = new AbortController()
      const got: Notice[] = []
      const take = (notices: readonly Notice[]): number => {
        const taken = notices.slice(0, most)
        got.push(...taken)
        return taken.length
      }
      const reading = (async () => {
        for await (const batch of engine.feedInBatches({ signal: stop.signal, take })) got.push(...batch)
      })()
      await vi.waitFor(() => expect(got).toHaveLength(1))
      const ids: string[] = []
      for (const n of numbers(30)) ids.push((await queue.plain.enqueue(n)).id)
      await vi.waitFor(() => expect(got).toHaveLength(31))
      expect(said(got).toSorted()).toEqual(ids.map((id) => `${id} queued`).toSorted())
      const places = got.map(({ cursor }) => seqOf(cursor))
      expect(places).toEqual(places.map((_, n) => places[0]! + n))
      stop.abort()
      await reading
    }
  })

  test('is one object for all followers who are equally far', async () => {
    const { queue, engine } = await setUp()
    const got: Notice[][] = [[], []]
    const stop = new AbortController()
    const { signal } = stop
    const reading = got.map(async (own) => {
      const take = (notices: readonly Notice[]): number => own.push(...notices) && notices.length
      for await (const batch of engine.feedInBatches({ signal, take })) own.push(...batch)
    })
    await vi.waitFor(() => expect(got.map((own) => own.length)).toEqual([1, 1]))
    for (const n of numbers(10)) await queue.plain.enqueue(n)
    await vi.waitFor(() => expect(got.map((own) => own.length)).toEqual([11, 11]))
    expect(got[0]!.slice(1).every((notice, n) => notice === got[1]![n + 1])).toBe(true)
    stop.abort()
    await Promise.all(reading)
  })

  test('counts what was trimmed in all partitions', async () => {
    const { queue } = await setUp(4)
    for (const n of numbers(60)) await queue.plain.enqueue(n)
    const notices = await take(queue.notices({ from: 'start' }), 4 * COUNT)
    const missed = notices.reduce((sum, notice) => sum + (notice.type === 'gap' ? notice.missed : 0), 0)
    expect(missed).toBe(60 - 4 * COUNT)
    expect(seqOf(notices.at(-1)!.cursor)).toBe(60)
  })

  test('refuses a place that is none of its own', async () => {
    const { queue } = await setUp()
    const refs = await Promise.all(numbers(COUNT + 1).map((n) => queue.plain.enqueue(n)))
    const { cursor } = refs.find((ref) => seqOf(ref.cursor) > 0)!
    expect(await errorOf(queue.notices({ from: cursor }).next())).toMatchObject({ code: 'CURSOR_INVALID' })
  })

  test('and a job that is followed on its own share their places', async () => {
    const { queue, driver } = await setUp()
    const handle = await queue.plain.enqueue(1)
    for (const n of numbers(6)) await queue.plain.enqueue(n)
    const feed = await take(queue.notices({ from: 'start' }), 7)
    for (const job of await driver.claim(10)) await driver.succeed(job, 'done')
    const at = feed.find((notice) => 'jobId' in notice && notice.jobId === handle.id)!
    const rest: Notice[] = []
    for await (const notice of queue.attach({ id: handle.id, task: 'plain', cursor: at.cursor }))
      rest.push(notice)
    expect(rest.map(({ type }) => type)).toEqual(['succeeded'])
    expect(isTerminal(rest.at(-1)!)).toBe(true)
  })
})

type Consumed = ConsumedOf<Named>

describe('a group of consumers', () => {
  test('is given everything of all partitions, each to one member, until it is acked', async () => {
    const { queue, clock } = await setUp()
    const ids = new Set<string>()
    for (const n of numbers(80)) ids.add((await queue.plain.enqueue(n)).id)
    const left = queue.consume('mail', { from: 'start', window: 6, ackWait: '10s' })
    const unacked: Consumed[] = []
    for (const _ of numbers(3)) unacked.push((await left.next()).value!)
    expect(await queue.groups()).toMatchObject([{ name: 'mail', members: [{ pending: 6 }] }])
    await left.return() // what it held is due at once, for others
    const seen = new Map<string, number>()
    const stop = new AbortController()
    for await (const notice of queue.consume('mail', { window: 6, signal: stop.signal })) {
      if (!('jobId' in notice)) throw new Error('Nothing was trimmed.')
      seen.set(notice.jobId, (seen.get(notice.jobId) ?? 0) + 1)
      expect(await notice.ack()).toEqual({ outcome: 'acked' })
      if (seen.size === ids.size) break
    }
    expect(new Set(seen.keys())).toEqual(ids)
    expect([...seen.values()]).toEqual(numbers(80).map(() => 1))
    for (const notice of unacked) expect(await notice.ack()).toEqual({ outcome: 'acked' }) // others did
    expect(await queue.groups()).toMatchObject([{ pending: 0, lag: 0, missed: 0, dead: 0 }])
    await clock.advance(1)
    expect(await queue.deleteGroup('mail')).toBe(true)
    expect(await queue.groups()).toEqual([])
  })

  test('keeps the dead letters of all partitions, by age', async () => {
    const { queue, clock } = await setUp()
    for (const n of numbers(9)) {
      await queue.plain.enqueue(n)
      await clock.advance(1)
    }
    const options = { from: 'start', maxDeliveries: 1, ackWait: '1s', window: 30 } as const
    const stop = new AbortController()
    const reading = (async () => {
      for await (const _ of queue.consume('mail', { ...options, signal: stop.signal })) continue
    })()
    await vi.waitFor(async () => expect(await queue.groups()).toMatchObject([{ pending: 9 }]))
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(await queue.groups()).toMatchObject([{ dead: 9 }])
    })
    stop.abort()
    await reading
    const dead = await queue.deadNotices('mail', { limit: 5 })
    expect(dead.map(({ at }) => at)).toEqual(dead.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(dead).toHaveLength(5)
  })

  test('refuses tokens that are none', async () => {
    const { engine } = await setUp()
    for (const token of ['', 'x', '9.a:1-1:1', '1-1'])
      expect(await errorOf(engine.consumers.ack({ name: 'mail', owner: null }, [token]))).toMatchObject({
        code: 'OPTION_INVALID',
      })
  })
})

describe('operators', () => {
  test('page through the jobs of all partitions, and cancel them by what they have in common', async () => {
    const { queue } = await setUp()
    const ids = new Set<string>()
    for (const n of numbers(25)) ids.add((await queue.plain.enqueue(n, { tags: ['report'] })).id)
    for (const filter of [{ tag: 'report' }, { state: 'queued' as const }]) {
      const found: string[] = []
      let after: string | null | undefined
      do {
        const page = await queue.list({ ...filter, limit: 4, ...(after && { after }) })
        found.push(...page.jobs.map(({ id }) => id))
        after = page.next
      } while (after !== null)
      expect(found.toSorted()).toEqual([...ids].toSorted())
    }
    expect(await errorOf(queue.list({ tag: 'report', after: '0.nonsense' }))).toMatchObject({
      code: 'CURSOR_INVALID',
    })
    expect(await queue.cancelMany({ tag: 'report' })).toEqual({ cancelled: 25 })
  })

  test('run failed jobs again beside where they failed', async () => {
    const { queue, driver, store } = await setUp()
    const failed = new Set<string>()
    for (const n of numbers(12)) {
      failed.add((await queue.plain.enqueue(n)).id)
      await driver.fail(await driver.next(), 'no')
    }
    const [one] = failed
    const again = await queue.failed.retry(one!)
    expect(store.indexOf(again.id)).toBe(store.indexOf(one!))
    expect(await queue.get(again.id)).toMatchObject({ state: 'queued', retryOf: one })
    expect(await queue.failed.retryAll()).toEqual({ retried: 11 })
    const jobs = await driver.claim(100)
    expect(jobs).toHaveLength(12)
    for (const job of jobs) await driver.fail(job, 'no')
    expect(await queue.failed.discardAll()).toEqual({ discarded: 12 })
    expect((await queue.failed.list()).jobs).toEqual([])
  })

  test('pause and resume all partitions, and deal a limit of a queue out', async () => {
    const { queue, driver } = await setUp()
    for (const n of numbers(30)) await queue.plain.enqueue(n)
    expect(await queue.pause({ task: 'plain' })).toBe(true)
    expect(await queue.pause({ task: 'plain' })).toBe(false)
    expect(await queue.paused()).toEqual([{ task: 'plain' }])
    expect(await driver.claim(30)).toEqual([])
    expect(await queue.resume({ task: 'plain' })).toBe(true)
    await queue.limit({ queue: 'default' }, { concurrency: 4 })
    expect(await driver.claim(30)).toHaveLength(4)
    expect(await errorOf(queue.limit({ queue: 'default' }, { concurrency: 2 }))).toMatchObject({
      code: 'OPTION_INVALID',
    })
    expect(await driver.claim(30)).toEqual([]) // the refused one has changed nothing anywhere
  })
})

describe('a schedule', () => {
  test('is in one partition, where the rules of its jobs lead, and moves with them', async () => {
    const { queue, stores, store } = await setUp()
    const at = async (name: string): Promise<number[]> => {
      const lists = await Promise.all(stores.map((one) => one.schedules()))
      return [...lists.keys()].filter((index) => lists[index]!.some((schedule) => schedule.name === name))
    }
    const homes = new Set<number>()
    for (const n of numbers(12)) {
      const name = `of tenant ${n}`
      expect(await queue.schedules.add(name, queue.keyed.call(`tenant-${n}`), { every: '1h' })).toBe('added')
      const { id } = await queue.keyed.enqueue(`tenant-${n}`)
      expect(await at(name)).toEqual([store.indexOf(id)])
      homes.add(store.indexOf(id)!)
      const other = await queue.keyed.enqueue(`tenant-${n + 1}`)
      expect(await queue.schedules.add(name, queue.keyed.call(`tenant-${n + 1}`), { every: '1h' })).toBe(
        'changed',
      )
      expect(await at(name)).toEqual([store.indexOf(other.id)])
    }
    expect(homes.size).toBe(COUNT)
    expect(await queue.schedules.list()).toHaveLength(12)
    const { id } = await queue.schedules.trigger('of tenant 3')
    expect(await at('of tenant 3')).toEqual([store.indexOf(id)])
    expect((await queue.schedules.trigger('of tenant 3')).id).toBe(id) // the one that has not ended stands for it
    expect(await queue.schedules.remove('of tenant 3')).toBe(true)
    expect(await at('of tenant 3')).toEqual([])
  })
})
