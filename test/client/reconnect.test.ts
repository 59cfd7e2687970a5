// Cables are pulled, servers restart, loops go on: every notice once, in order.
import { type Notice, queueOver } from '@lovage/core'
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { createJobsClient } from '@lovage/client'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'

/** A new process, as far as anybody can see: on the same port, over the same store, with a memory of its own. */
async function startAnother(it: Harness<typeof tasks>): Promise<void> {
  const queue = queueOver(tasks, it.store)
  const server = await serve({ queue, authenticate: (token) => token, port: it.server.port, closeGraceMs: 0 })
  it.cleanUp(() => server.close())
}

const progressOf = (notices: readonly Notice[]): unknown[] =>
  notices.flatMap((n) => (n.type === 'progress' ? [n.data] : []))

describe.each(transports)('by %s', (name, transport) => {
  test('a cable pulled again and again: every notice of a job, once and in order', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client(transport)
    const job = await jobs.score.enqueue({ texts: [] })
    const claimed = await it.driver.next()
    const seen: Notice[] = []
    for await (const notice of job) {
      seen.push(notice)
      if (notice.type === 'ready') await it.driver.report(claimed, { done: 0, total: 9 })
      if (notice.type !== 'progress') continue
      const { done } = notice.data
      // What is written while nobody is there, and what is on its way when the cable is pulled, comes all the same.
      if (done % 3 === 0) it.line.cut()
      if (done < 9) await it.driver.report(claimed, { done: done + 1, total: 9 })
      else await it.driver.succeed(claimed, [])
    }
    expect(progressOf(seen)).toEqual(Array.from({ length: 10 }, (_, done) => ({ done, total: 9 })))
    expect(seen.map(({ type }) => type)).toEqual([
      'ready',
      ...Array.from({ length: 10 }, () => 'progress'),
      'succeeded',
    ])
  })

  test('a feed goes on where it was as well', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client(transport)
    const ids: string[] = []
    const seen: string[] = []
    for await (const notice of jobs.notices({ types: ['succeeded'] })) {
      if ('jobId' in notice) seen.push(notice.jobId)
      if (seen.length === 12) break
      if (seen.length % 4 === 0) it.line.cut()
      const job = await jobs.sweep.enqueue().catch(() => jobs.sweep.enqueue())
      ids.push(job.id)
      await it.driver.succeed(await it.driver.next(), undefined)
    }
    expect(seen).toEqual(ids)
  })

  test('another server on the same port: the loop goes on, as if nothing had been', async () => {
    await using it = await createHarness(tasks)
    const client = it.client({ ...transport, url: it.server.url })
    const states: string[] = []
    client.connection.subscribe((state) => states.push(state))
    const job = await client.jobs.score.enqueue({ texts: [] })
    const claimed = await it.driver.next()
    const types: string[] = []
    for await (const notice of job) {
      types.push(notice.type)
      if (notice.type === 'ready') await it.driver.report(claimed, { done: 1, total: 2 })
      if (notice.type !== 'progress') continue
      if (notice.data.done === 1) {
        await it.server.close()
        await it.driver.report(claimed, { done: 2, total: 2 })
        await startAnother(it)
      } else await it.driver.succeed(claimed, [])
    }
    expect(types).toEqual(['ready', 'progress', 'progress', 'succeeded'])
    const shown = states.filter((state) => state !== 'idle')
    const [meanwhile, ...others] = shown.splice(2, shown.length - 3)
    expect(shown).toEqual(['connecting', 'connected', 'connected'])
    // A server that closes ends its streams: the next one is connected to as if it were the first, or, while nobody
    // answers there, reconnected to.
    expect(meanwhile).toMatch(name === 'ws' ? 'reconnecting' : /connecting$/)
    expect(others).toEqual(others.map(() => 'reconnecting'))
  })

  test('a server that ends or fails a subscription in the middle is asked again, at the cursor', async () => {
    const failures: unknown[] = []
    await using it = await createHarness(tasks, { onError: ({ error }) => failures.push(error.cause) })
    const { engine } = it
    const follow = engine.followInBatches.bind(engine)
    const places: unknown[] = []
    engine.followInBatches = async function* (id, options) {
      places.push(options.from)
      const call = places.length
      // Nothing goes past this loop to the socket.
      for await (const batch of follow(id, { ...options, take: undefined })) {
        yield batch
        if (batch.at(-1)?.type !== 'progress' || call > 2) continue
        if (call === 1) return
        throw new Error('the store has hiccups')
      }
    }
    const { jobs } = it.client(transport)
    const job = await jobs.score.enqueue({ texts: [] })
    const start = job.cursor
    const claimed = await it.driver.next()
    const cursors: string[] = []
    const types: string[] = []
    for await (const notice of job) {
      types.push(notice.type)
      if (notice.type === 'progress') cursors.push(notice.cursor)
      if (cursors.length === 3) await it.driver.succeed(claimed, [])
      else await it.driver.report(claimed, { done: cursors.length, total: 3 })
    }
    expect(types).toEqual(['ready', 'progress', 'progress', 'progress', 'succeeded'])
    expect(places).toEqual([start, ...cursors.slice(0, 2)])
    expect(failures).toMatchObject([{ message: 'the store has hiccups' }])
  })

  test('who comes back after the history was trimmed is told how much he missed, and how the job stands', async () => {
    await using it = await createHarness(tasks, { streamMaxLen: 5 })
    const { jobs } = it.client({ ...transport, url: it.server.url })
    const job = await jobs.score.enqueue({ texts: [] })
    const claimed = await it.driver.next()
    const types: string[] = []
    for await (const notice of job) {
      types.push(notice.type === 'gap' ? `gap of ${notice.missed}` : notice.type)
      if (types.length === 1) {
        await it.server.close()
        for (let done = 1; done <= 8; done++) await it.driver.report(claimed, { done, total: 8 })
        await startAnother(it)
      }
      if (notice.type !== 'ready' || notice.job === undefined) continue
      expect(notice.job).toMatchObject({ state: 'running', progress: { done: 8 } })
      await it.driver.succeed(claimed, [])
    }
    expect(types).toEqual(['ready', 'gap of 3', 'ready', 'succeeded'])
  })

  test('a cursor that is ahead of all, from before a queue was emptied, does not make a loop silent', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client(transport)
    const ahead = '99999999999999-7.1234'
    const job = jobs.attach({ ...(await jobs.sweep.enqueue()).toJSON(), cursor: ahead })
    const following = job.notices()
    const feed = jobs.notices({ from: ahead })
    for (const loop of [following, feed]) expect((await loop.next()).value?.type).toBe('ready')
    await it.driver.succeed(await it.driver.next(), undefined)
    for (const loop of [following, feed])
      expect((await loop.next()).value).toMatchObject({ type: 'succeeded', jobId: job.id })
  })
})

test('a hundred and fifty jobs are followed at once, over two sockets, where one may carry a hundred', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const handles = await jobs.sweep.enqueueMany(Array.from({ length: 150 }))
  const ready = handles.map(async (job) => {
    const notices = job.notices()
    expect((await notices.next()).value?.type).toBe('ready')
    return notices
  })
  const open = await Promise.all(ready)
  expect(it.followers()).toBe(150)
  const ends = open.map(async (notices) => (await notices.next()).value?.type)
  for (const claimed of [...(await it.driver.claim(100)), ...(await it.driver.claim(100))])
    await it.driver.succeed(claimed, undefined)
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['succeeded']))
  await it.abandoned()
})

test('a server that allows fewer subscriptions is believed', async () => {
  await using it = await createHarness(tasks, { maxSubscriptions: 3 })
  const { jobs } = it.client()
  const feeds = Array.from({ length: 10 }, () => jobs.notices())
  expect((await Promise.all(feeds.map((feed) => feed.next()))).map(({ value }) => value?.type)).toEqual(
    feeds.map(() => 'ready'),
  )
})

test('routers are found wherever they are mounted, several in one client', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  const work = jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' })
  const router = t.router({ a: work, deep: t.router({ b: work }), other: t.procedure.query(() => 'hello') })
  await using server = await serve({ router, closeGraceMs: 0 })
  await using client = createJobsClient<typeof router>({ url: server.url })
  await using root = createJobsClient<typeof work>({ url: (await rootServer()).url })
  const { id } = await client.a.mail.greet.enqueue({ name: 'Ada' })
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  expect(await client.deep.b.mail.greet.result(id)).toBe('hello Ada')
  expect(await root.mail.greet.result(id)).toBe('hello Ada')
  expect(await root.get(id)).toMatchObject({ result: 'hello Ada' })

  async function rootServer() {
    const served = await serve({ router: work, closeGraceMs: 0 })
    it.cleanUp(() => served.close())
    return served
  }
})
