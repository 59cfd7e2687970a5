// Durable consumers over real sockets: acks by HTTP, deliveries by whatever connection there is.
import { sse } from '@lovage/client/sse'
import { type ConsumedOf, type Named, queueOver } from '@lovage/core'
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { describe, expect, test, vi } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

type Consumed = ConsumedOf<Named>
type Loop = AsyncGenerator<Consumed, void, undefined>

async function take(loop: Loop, count: number): Promise<Consumed[]> {
  const taken: Consumed[] = []
  while (taken.length < count) {
    const { value, done } = await loop.next()
    if (done) throw new Error(`The loop ended after ${taken.length}.`)
    taken.push(value)
  }
  return taken
}

const jobsOf = (notices: readonly Consumed[]): string[] =>
  notices.map((notice) => ('jobId' in notice ? notice.jobId : 'none'))

type It = Harness<typeof tasks>

/** So many jobs of an owner that have succeeded. */
async function succeed(it: It, count: number, token = 'ada'): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const { id } = await it.client({ token }).jobs.sweep.enqueue()
    await it.driver.succeed(await it.driver.next(), undefined)
    ids.push(id)
  }
  return ids
}

const members = async (it: It, count: number): Promise<void> => {
  await vi.waitFor(async () => {
    const infos = await it.queue.groups()
    expect(infos.flatMap((info) => info.members)).toHaveLength(count)
  })
}

describe('a remote consumer', () => {
  test.for([
    ['a websocket', {}],
    ['event streams', { transport: sse() }],
  ] as const)(
    'is delivered to until it acks, once, whatever cable is pulled, over %s',
    async ([, options]) => {
      await using it = await createHarness(tasks)
      const { jobs } = it.client(options)
      const seen: Consumed[] = []
      const ids = await succeed(it, 30)
      for await (const notice of jobs.consume('mailer', { from: 'start', window: 8 })) {
        seen.push(notice)
        if (seen.length % 7 === 0) it.line.cut()
        expect(await notice.ack()).toEqual({ outcome: 'acked' })
        if (seen.length === 30) break
      }
      expect(jobsOf(seen)).toEqual(ids)
      expect(seen.every(({ deliveries }) => deliveries === 1)).toBe(true)
      await vi.waitFor(async () =>
        expect(await jobs.groups()).toMatchObject([
          { name: 'mailer', owner: 'ada', pending: 0, members: [] },
        ]),
      )
    },
  )

  test('is typed by its filter, and gets what is written while it waits', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client()
    const loop = jobs.consume('mailer', { tasks: ['send-mail'], types: ['succeeded'] })
    const next = loop.next()
    await members(it, 1)
    await jobs.sweep.enqueue()
    await jobs.mail.send.enqueue({ to: 'ada@example.com' })
    const [sweep, mail] = await it.driver.claim(2)
    await it.driver.succeed(sweep!, undefined)
    await it.driver.succeed(mail!, new Map([['sent', new Date(0)]]))
    const { value } = await next
    if (value?.type !== 'succeeded') throw new Error('It must be the one that was asked for.')
    expect(value.result.get('sent')).toEqual(new Date(0))
    await value.ack()
  })

  test('comes back as the same member, and what it holds stays its own', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client()
    const ids = await succeed(it, 4)
    const loop = jobs.consume('mailer', { from: 'start', window: 4 })
    const seen = await take(loop, 3)
    it.line.cut()
    seen.push(...(await take(loop, 1)))
    expect(await Promise.all(seen.map((notice) => notice.ack()))).toEqual(
      Array.from({ length: 4 }, () => ({ outcome: 'acked' })),
    )
    expect(jobsOf(seen)).toEqual(ids)
  })

  test('goes on at another process, which is given what the first one had sent into the void', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client()
    const ids = await succeed(it, 6)
    const loop = jobs.consume('mailer', { from: 'start', window: 2 })
    const seen = await take(loop, 1)
    await it.server.close()
    const acked = seen[0]!.ack() // nobody hears it yet
    const queue = queueOver(tasks, it.store)
    const server = await serve({
      queue,
      authenticate: (token) => token,
      port: it.server.port,
      closeGraceMs: 0,
    })
    it.cleanUp(() => server.close())
    expect(await acked).toEqual({ outcome: 'acked' })
    while (seen.length < 6) {
      seen.push(...(await take(loop, 1)))
      await seen.at(-1)!.ack()
    }
    expect(jobsOf(seen)).toEqual(ids)
    expect(seen.every(({ deliveries }) => deliveries === 1)).toBe(true)
  })

  test('shares with the members of other clients, and what it leaves they get at once', async () => {
    await using it = await createHarness(tasks)
    const ids = await succeed(it, 6)
    const one = it.client().jobs.consume('mailer', { from: 'start', window: 3 })
    const mine = await take(one, 2)
    const other = it.client().jobs.consume('mailer', { window: 10 })
    const theirs = await take(other, 3)
    await mine[0]!.ack()
    await one.return()
    theirs.push(...(await take(other, 2)))
    expect(theirs.map(({ deliveries }) => deliveries)).toEqual([1, 1, 1, 2, 1])
    expect(jobsOf([mine[0]!, ...theirs]).toSorted()).toEqual(ids.toSorted())
  })

  test('that is slower than ackWait is told that its ack came late', async () => {
    await using it = await createHarness(tasks)
    await succeed(it, 1)
    const slow = it.client().jobs.consume('mailer', { from: 'start', ackWait: '1s' })
    const [held] = await take(slow, 1)
    const other = it.client().jobs.consume('mailer', { ackWait: '1s' })
    // Its own server may be the first to notice that it is due.
    const { value: again } = await Promise.race([slow.next(), other.next()])
    expect(again!.deliveries).toBe(2)
    expect(await held!.ack()).toEqual({ outcome: 'late' })
    expect(await again!.ack()).toEqual({ outcome: 'acked' })
  })

  test('is told how much was trimmed before it came', async () => {
    await using it = await createHarness(tasks, { streamMaxLen: 2 })
    const first = it.client().jobs.consume('mailer', { types: ['succeeded'] })
    const next = first.next()
    await members(it, 1)
    await succeed(it, 1)
    await (await next).value!.ack()
    await first.return()
    await succeed(it, 30)
    const [gap, ...rest] = await take(it.client().jobs.consume('mailer', { types: ['succeeded'] }), 21)
    expect(gap).toMatchObject({ type: 'gap', missed: 10, deliveries: 1 })
    expect(rest).toHaveLength(20)
    expect(await gap!.ack()).toEqual({ outcome: 'acked' })
  })

  test('ends with an error when its group is deleted', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client()
    const next = jobs.consume('mailer').next()
    const told = expect(next).rejects.toMatchObject({ code: 'GROUP_DELETED' })
    await members(it, 1)
    expect(await jobs.deleteGroup('mailer')).toBe(true)
    await told
    expect(await jobs.deleteGroup('mailer')).toBe(false)
  })

  test('sees the dead letters of its group', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client()
    const [id] = await succeed(it, 1)
    for (const time of [1, 2]) {
      const loop = jobs.consume('mailer', { from: 'start', maxDeliveries: 2 })
      expect((await take(loop, 1))[0]!.deliveries).toBe(time)
      await loop.return()
      await members(it, 0)
    }
    const last = jobs.consume('mailer', { maxDeliveries: 2 })
    void last.next()
    await vi.waitFor(async () =>
      expect(await jobs.deadNotices('mailer')).toMatchObject([
        { jobId: id, deliveries: 2, type: 'succeeded' },
      ]),
    )
    expect(await jobs.deadNotices('other')).toEqual([])
  })
})

describe('owners', () => {
  test('have groups of their own under the same name, and see, ack, list and delete no others', async () => {
    await using it = await createHarness(tasks)
    const ada = it.client({ token: 'ada' }).jobs
    const bob = it.client({ token: 'bob' }).jobs
    const hers = await succeed(it, 2, 'ada')
    const his = await succeed(it, 1, 'bob')
    const [first, second] = await take(ada.consume('mailer', { from: 'start' }), 2)
    expect(jobsOf([first!, second!])).toEqual(hers)
    expect(jobsOf(await take(bob.consume('mailer', { from: 'start' }), 1))).toEqual(his)

    expect(await bob.groups()).toMatchObject([{ name: 'mailer', owner: 'bob', pending: 1 }])
    expect(await ada.groups()).toMatchObject([{ name: 'mailer', owner: 'ada', pending: 2 }])
    expect((await it.queue.groups()).map(({ owner }) => owner)).toEqual(['ada', 'bob'])
    const { member } = (await ada.groups())[0]!.members[0]!
    const token = `${member}:${first!.cursor.split('.')[0]}:1`
    expect(await it.bare('bob').jobs.ack.mutate({ name: 'mailer', tokens: [token] })).toHaveLength(1)
    expect(await ada.groups()).toMatchObject([{ pending: 2 }])
    await it.bare('bob').jobs.release.mutate({ name: 'mailer', member })
    expect(await ada.groups()).toMatchObject([{ pending: 2, members: [{ pending: 2 }] }])
    expect(await bob.deleteGroup('mailer')).toBe(true)
    expect(await ada.groups()).toMatchObject([{ pending: 2 }])
  })

  test('may have ten groups each, or as many as the server says', async () => {
    await using it = await createHarness(tasks)
    const ada = it.client().jobs
    for (let n = 0; n < 10; n++) {
      void ada.consume(`group-${n}`).next()
      await members(it, n + 1)
    }
    await expect(ada.consume('one-more').next()).rejects.toMatchObject({
      code: 'TOO_MANY_GROUPS',
      details: { max: 10 },
    })
    void it.client({ token: 'bob' }).jobs.consume('another').next()
    await members(it, 11)

    const t = initTRPC.create({ transformer: superjson })
    const router = jobsRouter({
      t,
      queue: it.queue,
      procedure: t.procedure,
      owner: () => 'eve',
      maxGroups: 0,
    })
    const caller = t.createCallerFactory(router)({})
    const events = await caller.consume({ name: 'mailer' })
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  })

  test('whose token has run out consume no more, and go on where they were with a new one', async () => {
    let tokens = 0
    await using it = await createHarness(tasks, {
      // The first socket's token runs out while the loop waits on it.
      authenticate: (token, { headers: { upgrade } }) => {
        if (token === null) return null
        const isFirst = upgrade !== undefined && ++tokens === 1
        return { owner: token, expiresAt: Date.now() + (isFirst ? 300 : 60_000) }
      },
    })
    const [before] = await succeed(it, 1)
    const loop = it.client().jobs.consume('mailer', { from: 'start' })
    const [first] = await take(loop, 1)
    await first!.ack()
    const next = loop.next()
    await vi.waitFor(() => expect(tokens).toBe(2), 5_000)
    const [after] = await succeed(it, 1)
    const { value: second } = await next
    await second!.ack()
    expect(jobsOf([first!, second!])).toEqual([before, after])
    expect(second!.deliveries).toBe(1)
  })
})

describe('a bare tRPC client', () => {
  test('consumes and acks with the tokens of the events', async () => {
    await using it = await createHarness(tasks)
    const bare = it.bare()
    const ids = await succeed(it, 2)
    const tokens: string[] = []
    const seen: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      const subscription = bare.jobs.consume.subscribe(
        { name: 'mailer', from: 'start' },
        {
          onData({ data }) {
            if (data.type !== 'succeeded') return
            seen.push(data.jobId)
            tokens.push(data.token)
            if (tokens.length < 2) return
            subscription.unsubscribe()
            resolve()
          },
          onError: reject,
        },
      )
    })
    expect(seen).toEqual(ids)
    expect(await bare.jobs.ack.mutate({ name: 'mailer', tokens })).toEqual([
      { outcome: 'acked' },
      { outcome: 'acked' },
    ])
    expect(await bare.jobs.groups.query()).toMatchObject([{ pending: 0 }])
  })

  test.for([
    ['ack', { name: 'mailer', tokens: ['no token'] }, 'token'],
    ['ack', { name: 'mailer', tokens: 'a:b:c' }, 'tokens'],
    ['ack', { name: 'ma/iler', tokens: [] }, 'name'],
    ['release', { name: 'mailer', member: 'a:b' }, 'member'],
    ['deleteGroup', { name: '../x' }, 'name'],
    ['deleteGroup', {}, 'name'],
  ] as const)('is told what is wrong with %s %o', async ([procedure, input, option]) => {
    await using it = await createHarness(tasks)
    const call = it.bare().jobs[procedure].mutate as (input: unknown) => Promise<unknown>
    await expect(call(input)).rejects.toMatchObject({
      data: { code: 'BAD_REQUEST', lovage: { code: 'OPTION_INVALID', details: { option } } },
    })
  })
})

test('hears of acks that reach another process, and goes on', async () => {
  await using it = await createHarness(tasks)
  const other = queueOver(tasks, it.store)
  const server = await serve({ queue: other, authenticate: (token) => token, closeGraceMs: 0 })
  it.cleanUp(() => server.close())
  const ids = await succeed(it, 9)
  const fetchOther: typeof fetch = (url, init) => fetch((url as string).replace(it.url, server.url), init)
  const { jobs } = it.client({ fetch: fetchOther })
  const seen: Consumed[] = []
  for await (const notice of jobs.consume('mailer', { from: 'start', window: 2 })) {
    seen.push(notice)
    await notice.ack()
    if (seen.length === 9) break
  }
  expect(jobsOf(seen)).toEqual(ids)
})
