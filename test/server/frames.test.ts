// A notice that many get is written once, and is to each of them the message that tRPC would have sent.
import { once } from 'node:events'
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('fifty followers cost the transformer one call a notice, and each gets it under its own number', async () => {
  await using it = await createHarness(tasks)
  let written = 0
  const counting = {
    deserialize: superjson.deserialize,
    serialize(value: unknown) {
      written += Number(JSON.stringify(value).includes('"succeeded"'))
      return superjson.serialize(value)
    },
  }
  const t = initTRPC.create({ transformer: counting })
  const router = t.router({
    jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' }),
  })
  await using server = await serve({ router, closeGraceMs: 0 })
  const socket = new WebSocket(server.url.replace('http', 'ws'))
  const messages: { id: number; jsonrpc?: string; result: { type: string; id?: string; data?: unknown } }[] =
    []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as (typeof messages)[0]))
  await once(socket, 'open')
  for (let id = 1; id <= 50; id++) {
    const params = { path: 'jobs.notices', input: { json: {} } }
    const protocol = id === 50 ? { jsonrpc: '2.0' } : {}
    socket.send(JSON.stringify({ id, ...protocol, method: 'subscription', params }))
  }
  while (messages.length < 100) await once(socket, 'message') // started and ready, each

  const results = [new Map([['ada', new Date(0)]]), new Map([['bob', new Date(1)]])]
  for (const result of results) {
    await it.queue.mail.send.enqueue({ to: 'ada@example.com' })
    await it.driver.succeed(await it.driver.next(), result)
  }
  while (messages.length < 200) await once(socket, 'message')
  expect(written).toBe(2)
  const notices = messages.slice(100)
  for (const [index, result] of results.entries()) {
    const own = notices.filter((_, place) => {
      const before = notices.slice(0, place).filter(({ id }) => id === notices[place]?.id)
      return before.length === index
    })
    expect(own.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 1),
    )
    for (const { id, jsonrpc, result: sent } of own) {
      expect(jsonrpc).toBe(id === 50 ? '2.0' : undefined)
      const data = superjson.deserialize(sent.data as never)
      expect(data).toEqual({ id: sent.id, data: expect.objectContaining({ type: 'succeeded', result }) })
      expect((data as { data: { cursor: string } }).data.cursor).toBe(sent.id)
    }
  }
  socket.terminate()
})
