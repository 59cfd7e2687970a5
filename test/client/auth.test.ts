// Tokens: where they travel, when they are asked for, and what happens when they are refused.
import { createJobsClient } from '@lovage/client'
import { jobsRouter, serve } from '@lovage/server'
import { createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client'
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, WebSocket } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'

/** A class of websockets that counts how often one is made. */
function counting(): { WebSocket: typeof globalThis.WebSocket; made: () => number } {
  let made = 0
  class Counting extends WebSocket {
    constructor(url: string | URL) {
      super(url)
      made += 1
    }
  }
  return { WebSocket: Counting, made: () => made }
}

describe.each(transports)('by %s', (name, transport) => {
  test('the token goes with each call and each new connection, and is asked for anew each time', async () => {
    await using it = await createHarness(tasks)
    const asked: string[] = []
    const client = it.client({ ...transport, auth: async () => (asked.push(`ada`), 'ada') })
    const job = await client.jobs.sweep.enqueue()
    await job.get()
    expect(asked).toHaveLength(2)
    let readies = 0
    const feed = client.jobs.notices()
    expect((await feed.next()).value?.type).toBe('ready')
    const streams = name === 'sse' ? 1 : 0 // a socket is open already
    expect(asked).toHaveLength(2 + streams)
    const connected = new Promise<void>((resolve) => {
      client.connection.subscribe((state) => void (state === 'connected' && resolve()))
    })
    it.line.cut()
    await connected
    await it.driver.succeed(await it.driver.next(), undefined)
    for await (const notice of feed) {
      readies += Number(notice.type === 'ready')
      if (notice.type === 'succeeded') break
    }
    expect([asked.length, readies]).toEqual([3 + streams, 0])
  })

  test('a token that runs out ends its subscription, and a new one goes on at the cursor: nothing lost, nothing twice', async () => {
    let granted = 0
    let fourth = (): void => {}
    const isFourth = new Promise<void>((resolve) => {
      fourth = resolve
    })
    await using it = await createHarness(tasks, {
      authenticate(token) {
        granted += 1
        if (granted === 4) fourth()
        return token === null ? null : { owner: token, expiresAt: Date.now() + 500 }
      },
    })
    const { jobs } = it.client({ ...transport, token: 'ada' })
    const job = await jobs.sweep.enqueue()
    const claimed = await it.driver.next()
    const ending = isFourth.then(() => it.driver.succeed(claimed, undefined))
    const seen: string[] = []
    for await (const notice of job) seen.push(notice.type)
    await ending
    expect(seen).toEqual(['ready', 'succeeded'])
  })

  test('a token that has run out and whose successor has too is UNAUTHORIZED, for calls and for loops', async () => {
    let expiresAt = Date.now() + 1_000
    await using it = await createHarness(tasks, {
      authenticate: (token) => ({ owner: token ?? '', expiresAt }),
    })
    const { jobs } = it.client({ ...transport, token: 'ada' })
    const feed = jobs.notices()
    await feed.next()
    await expect(feed.next()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      details: { message: 'The token has run out.' },
    })
    await expect(jobs.sweep.enqueue()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    await it.abandoned()
    expiresAt = Date.now() + 60_000
    await jobs.sweep.enqueue()
  })
})

test('who begins to listen in the moment in which the token of the socket runs out gets another token, and is heard', async () => {
  let expiresAt = Date.now() + 500
  await using it = await createHarness(tasks, {
    authenticate: (token) => ({ owner: token ?? '', expiresAt }),
  })
  const { jobs } = it.client({ token: 'ada' })
  const job = await jobs.sweep.enqueue()
  const first = jobs.notices()
  await first.next()
  while (Date.now() < expiresAt); // neither side hears of the end before the second loop has been asked for
  expiresAt += 60_000
  const second = job.notices()
  expect((await second.next()).value?.type).toBe('ready')
  const heard = first.next()
  await it.driver.succeed(await it.driver.next(), undefined)
  expect((await heard).value?.type).toBe('succeeded')
})

test('no token, or one that nobody has, is UNAUTHORIZED for every call and every loop; the next token counts', async () => {
  await using it = await createHarness(tasks)
  let token: string | null = null
  const { WebSocket, made } = counting()
  const { jobs } = it.client({ auth: () => token, WebSocket })
  const { id } = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
  const refused = { code: 'UNAUTHORIZED', details: { message: 'The token is missing or not valid.' } }
  await expect(jobs.sweep.enqueue()).rejects.toMatchObject(refused)
  await expect(jobs.sweep.result(id)).rejects.toMatchObject(refused)
  await expect(jobs.notices().next()).rejects.toMatchObject(refused)
  expect(made()).toBe(3)

  token = 'ada'
  expect(await jobs.get(id)).toMatchObject({ state: 'queued' })
  expect((await jobs.attach({ id, task: 'sweep' }).notices().next()).value?.type).toBe('ready')
  expect(made()).toBe(4)
})

test('a loop whose token is refused when the socket comes back ends, and does not come back for ever', async () => {
  await using it = await createHarness(tasks)
  let token: string | null = 'ada'
  const { WebSocket, made } = counting()
  const { jobs } = it.client({ auth: () => token, WebSocket })
  const feed = jobs.notices()
  await feed.next()
  token = null
  it.line.cut()
  await expect(feed.next()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  expect(made()).toBe(3) // the second was refused where the first had been good; so the third asked once more
  await it.abandoned()
})

test('a bare client that is refused is told once for each subscription, and its socket stays', async () => {
  await using it = await createHarness(tasks)
  const { WebSocket, made } = counting()
  const socket = createWSClient({ url: it.url.replace('http', 'ws'), WebSocket, retryDelayMs: () => 0 })
  const client = createTRPCUntypedClient({ links: [wsLink({ client: socket, transformer: superjson })] })
  for (let n = 0; n < 3; n++) {
    const refused = client.subscription('jobs.notices', {})[Symbol.asyncIterator]().next()
    await expect(refused).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED', lovage: { code: 'UNAUTHORIZED' } },
    })
  }
  expect([made(), it.line.connections]).toEqual([1, 1])
  await socket.close()
})

test('a server whose context throws for the token is heard, though tRPC itself would come back for ever', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  let contexts = 0
  await using server = await serve({
    router: t.router({ jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' }) }),
    closeGraceMs: 0,
    createContext: ({ info }) => {
      contexts += 1
      if (info.connectionParams?.['token'] !== 'ada')
        throw new TRPCError({ code: 'FORBIDDEN', message: 'not you' })
      return {}
    },
  })
  let token = 'bob'
  await using client = createJobsClient<typeof server.router>({
    url: server.url,
    auth: () => token,
    random: () => 0,
  })
  const loops = [client.jobs.notices(), client.jobs.score.notices()].map((feed) => feed.next())
  for (const loop of await Promise.allSettled(loops)) {
    expect(loop).toMatchObject({
      status: 'rejected',
      reason: { code: 'UNAUTHORIZED', details: { message: 'not you' } },
    })
  }
  expect(contexts).toBe(1)
  token = 'ada'
  expect((await client.jobs.notices().next()).value?.type).toBe('ready')
  expect(contexts).toBe(2)
})

test('a way to know callers that fails now and then is asked again, on the same socket', async () => {
  await using it = await createHarness(tasks)
  let asked = 0
  const failures: unknown[] = []
  await using server = await serve({
    queue: it.queue,
    closeGraceMs: 0,
    onError: ({ error }) => failures.push(error.cause),
    authenticate: async (token, request) => {
      expect(request.headers.host).toContain('127.0.0.1')
      asked += 1
      if (asked <= 2) throw new Error('the directory is down')
      return token
    },
  })
  const { WebSocket, made } = counting()
  await using client = createJobsClient<typeof server.router>({
    url: server.url,
    auth: () => 'ada',
    random: () => 0,
    WebSocket,
  })
  expect((await client.jobs.notices().next()).value?.type).toBe('ready')
  expect([asked, made()]).toEqual([3, 1])
  expect(failures).toMatchObject([{ message: 'the directory is down' }, { message: 'the directory is down' }])
})
