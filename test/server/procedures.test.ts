// What a bare tRPC client gets from a jobs router: ordinary procedures, typed, that resume by themselves.
import { newJobId } from '@lovage/core'
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { expect, expectTypeOf, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

const good = [{ text: 'fine', label: 'positive' as const }]

test('a bare client enqueues, gets, follows and cancels, with the types of the tasks', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()

  const ticket = await jobs.score.enqueue.mutate({ input: { texts: ['fine'] } })
  expectTypeOf(ticket.task).toEqualTypeOf<'score'>()
  expect(ticket).toEqual({ id: expect.any(String), task: 'score', cursor: expect.any(String) })
  expect(await jobs.score.get.query({ id: ticket.id })).toMatchObject({ state: 'queued', task: 'score' })

  const seen: string[] = []
  const events = jobs.score.notices.subscribe({ id: ticket.id, from: ticket.cursor })
  for await (const { id, data } of events) {
    expect(id).toBe(data.cursor)
    seen.push(data.type)
    if (data.type === 'ready') {
      const [job] = await it.driver.claim(1, ['score'])
      await it.driver.report(job!, { done: 1, total: 1 })
      await it.driver.succeed(job!, good)
    }
    if (data.type === 'progress') expectTypeOf(data.data.total).toEqualTypeOf<number>()
    if (data.type === 'succeeded')
      expectTypeOf(data.result[0]!.label).toEqualTypeOf<'positive' | 'negative'>()
  }
  expect(seen).toEqual(['ready', 'started', 'progress', 'succeeded'])

  const job = await jobs.get.query({ id: ticket.id })
  if (job.task !== 'score' || job.state !== 'succeeded') throw new Error(`it is ${job.task}, ${job.state}`)
  expectTypeOf(job.result[0]!.label).toEqualTypeOf<'positive' | 'negative'>()
  expect(job.result).toEqual(good)

  const other = await jobs.sweep.enqueue.mutate()
  expect(await jobs.cancel.mutate({ id: other.id, reason: 'too late' })).toEqual({ outcome: 'cancelled' })
  expect(await jobs.sweep.cancel.mutate({ id: other.id })).toEqual({ outcome: 'ended', state: 'cancelled' })
  expect(await jobs.sweep.get.query({ id: other.id })).toMatchObject({
    state: 'cancelled',
    by: 'ada',
    reason: 'too late',
  })
})

test('rich values travel whole, and defaults are those of the schema', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const at = new Date('2026-11-21')
  await jobs.score.enqueue.mutate({ input: { texts: [], at } })
  expect((await it.driver.next()).input.meta).toContain('Date')
  const sent = await jobs.mail.send.enqueue.mutate({ input: { to: 'bob@example.com' } })
  expect(sent.task).toBe('send-mail')
  const job = await it.driver.next()
  await it.driver.succeed(job, new Map([['sent', at]]))
  expect(await jobs.mail.send.get.query({ id: sent.id })).toMatchObject({ result: new Map([['sent', at]]) })
  await jobs.mail.greet.enqueue.mutate({})
  await jobs.mail.greet.enqueue.mutate({ input: {} })
})

test('options travel with the input: a delay, fewer attempts, a shorter limit, an id of the caller', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const id = newJobId()
  const enqueue = { input: { texts: [] }, id, delay: '1h' as const, attempts: 1, timeLimit: 1_500 }
  expect(await jobs.score.enqueue.mutate(enqueue)).toMatchObject({ id })
  expect(await jobs.score.enqueue.mutate(enqueue)).toMatchObject({ id })
  expect(await it.queue.counts()).toMatchObject({ scheduled: 1, queued: 0 })
  const snapshot = await it.store.get(id)
  expect(snapshot).toMatchObject({ job: { options: { attempts: 1, timeLimitMs: 1_500 }, owner: 'ada' } })
})

test('many inputs are one call: in order, all or none', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const inputs = [{ texts: ['a'] }, { texts: ['b'] }, { texts: ['c'] }]
  const tickets = await jobs.score.enqueueMany.mutate({ inputs, attempts: 2 })
  const claimed = await it.driver.claim(3)
  expect(claimed.map(({ id }) => id)).toEqual(tickets.map(({ id }) => id))
  expect(claimed.map(({ input }) => JSON.parse(input.json))).toEqual(inputs)
  expect(await jobs.score.enqueueMany.mutate({ inputs: [] })).toEqual([])
})

test('calls of one tick share one HTTP request', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => jobs.score.enqueue.mutate({ input: { texts: [String(n)] } })),
  )
  expect(it.line.connections).toBe(1)
  expect(it.line.heard.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
  expect(await it.queue.counts()).toMatchObject({ queued: 20 })
})

test('feeds are filtered by task and type, on one task and across all', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const mail = jobs.notices.subscribe({
    tasks: ['send-mail', 'mail.greet'],
    types: ['succeeded'],
    from: 'start',
  })
  const own = jobs.score.notices.subscribe({ types: ['progress', 'failed'], from: 'start' })
  expect([await mail.next(), await own.next()]).toMatchObject([
    { value: { data: { type: 'ready' } } },
    { value: { data: { type: 'ready' } } },
  ])
  await jobs.mail.greet.enqueue.mutate({})
  await jobs.score.enqueue.mutate({ input: { texts: [] } })
  const [greet, score] = await it.driver.claim(2, ['score', 'mail.greet'])
  await it.driver.report(score!, { done: 0, total: 1 })
  await it.driver.fail(score!, 'no')
  await it.driver.succeed(greet!, 'hello')
  expect(await mail.next()).toMatchObject({
    value: { data: { type: 'succeeded', task: 'mail.greet', result: 'hello' } },
  })
  expect(await own.next()).toMatchObject({ value: { data: { type: 'progress' } } })
  expect(await own.next()).toMatchObject({
    value: { data: { type: 'failed', error: { name: 'Error', message: 'no' } } },
  })
  await Promise.all([mail.return?.(), own.return?.()])
  await it.abandoned()
})

test('a bare client whose socket was cut goes on at its last event: lastEventId wins over from', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const { id } = await jobs.score.enqueue.mutate({ input: { texts: ['1'] } })
  const [job] = await it.driver.claim(1, ['score'])
  const seen: string[] = []
  for await (const { data } of jobs.score.notices.subscribe({ id, from: 'start' })) {
    if (data.type !== 'ready') seen.push(data.type)
    if (data.type === 'started') await it.driver.report(job!, { done: 1, total: 2 })
    if (data.type === 'progress') {
      it.line.cut()
      await it.driver.succeed(job!, good)
    }
  }
  expect(seen).toEqual(['started', 'progress', 'succeeded'])
})

test('it is an ordinary router: mounted anywhere, called on the server, and followed by server-sent events', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  const work = jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' })
  const router = t.router({ deep: t.router({ work }) })
  const ticket = await router.createCaller({}).deep.work.sweep.enqueue()
  await using server = await serve({ router, closeGraceMs: 0 })
  const input = encodeURIComponent(superjson.stringify({ id: ticket.id }))
  const { body } = await fetch(`${server.url}/deep.work.notices?input=${input}`, {
    headers: { accept: 'text/event-stream' },
  })
  let text = ''
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    if (!text.includes('"ready"') && (text + chunk).includes('"ready"'))
      await it.driver.succeed(await it.driver.next(), undefined)
    text += chunk
  }
  const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id)
  expect(text).toContain('"type":"succeeded"')
  expect(ids).toEqual([ticket.cursor, await it.store.tail()])
})
