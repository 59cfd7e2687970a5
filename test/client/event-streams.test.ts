// Server-Sent Events: what is particular to them. That they resume as websockets do is tested where that is tested.
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createJobsClient, type JobsClientOptions } from '@lovage/client'
import { sse } from '@lovage/client/sse'
import { jobsRouter, type RouterOf, serve } from '@lovage/server'
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'
import { ManualClock } from '../kit/manual-clock.ts'

test('every notice comes, with values of all kinds, and the token stands in no address', async () => {
  const urls: string[] = []
  await using it = await createHarness(tasks, {
    authenticate(token, { url = '' }) {
      urls.push(url)
      return token
    },
  })
  const { jobs } = it.client({ transport: sse(), token: 'secret-of-ada' })
  const job = await jobs.mail.send.enqueue({ to: 'ada@example.com' })
  const answer = new Map([['ada', new Date(0)]])
  const seen: unknown[] = []
  for await (const notice of job) {
    seen.push(notice.type)
    if (notice.type === 'ready') await it.driver.succeed(await it.driver.next(), answer)
    if (notice.type === 'succeeded') seen.push(notice.result)
  }
  expect(seen).toEqual(['ready', 'succeeded', answer])
  expect(urls).toHaveLength(2)
  expect(urls.join()).not.toContain('secret')
})

test('the sixth loop is refused with the number, or the one that is set; one that leaves makes room', async () => {
  await using it = await createHarness(tasks)
  for (const maxStreams of [undefined, 2]) {
    const { jobs } = it.client({ transport: maxStreams === undefined ? sse() : sse({ maxStreams }) })
    const max = maxStreams ?? 5
    const feeds = Array.from({ length: max }, () => jobs.notices())
    for (const feed of feeds) expect((await feed.next()).value?.type).toBe('ready')
    await expect(jobs.notices().next()).rejects.toMatchObject({
      code: 'TOO_MANY_SUBSCRIPTIONS',
      details: { max },
    })
    await feeds[0]?.return()
    expect((await jobs.notices().next()).value?.type).toBe('ready')
  }
})

test('an error of the server is told as by websocket: by code, for this loop alone', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client({ transport: sse() })
  const theirs = await it.queue.sweep.enqueue(undefined, { owner: 'bob' })
  await expect(jobs.sweep.result(theirs.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(jobs.notices({ from: 'nowhere' }).next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  const nobody = it.client({ transport: sse(), auth: () => null })
  await expect(nobody.jobs.notices().next()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  await it.abandoned()
})

test('a context that throws for the token is told at once, and one that works the next time is forgiven', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  let contexts = 0
  await using server = await serve({
    router: t.router({ jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' }) }),
    closeGraceMs: 0,
    onError: () => {},
    createContext: ({ req }) => {
      contexts += 1
      if (req.headers.authorization !== 'Bearer ada') throw new TRPCError({ code: 'FORBIDDEN' })
      if (contexts < 4) throw new Error('the directory is down')
      return {}
    },
  })
  const client = (token: string) =>
    createJobsClient<typeof server.router>({
      url: server.url,
      transport: sse(),
      auth: () => token,
      random: () => 0,
    })
  await using bob = client('bob')
  await expect(bob.jobs.notices().next()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  expect(contexts).toBe(1)
  await using ada = client('ada')
  expect((await ada.jobs.notices().next()).value?.type).toBe('ready')
  expect(contexts).toBe(4)
})

test('a server that closes ends its streams, and does not wait for them', async () => {
  await using it = await createHarness(tasks, { closeGraceMs: 60_000 })
  const { jobs, connection } = it.client({ transport: sse(), url: it.server.url })
  const stop = new AbortController()
  const feed = jobs.notices({ signal: stop.signal })
  await feed.next()
  const next = feed.next()
  const lost = new Promise<void>((resolve) => {
    connection.subscribe((state) => void (state === 'reconnecting' && resolve()))
  })
  await it.server.close()
  await it.abandoned()
  await lost
  stop.abort()
  expect(await next).toMatchObject({ done: true })
})

/** A server whose answers are written by hand, one request after the other. */
class Scripted implements AsyncDisposable {
  readonly #http: Server
  readonly #asked: [url: string, response: ServerResponse][] = []
  #next = (): void => {}

  private constructor() {
    this.#http = createServer(({ url = '' }, response) => {
      this.#asked.push([url, response])
      this.#next()
    })
  }

  static async start(): Promise<Scripted> {
    const server = new Scripted()
    server.#http.listen(0, '127.0.0.1')
    await once(server.#http, 'listening')
    return server
  }

  client(options: Partial<JobsClientOptions> = {}) {
    const { port } = this.#http.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/trpc`
    return createJobsClient<RouterOf<typeof tasks>>({ url, transport: sse(), random: () => 0, ...options })
  }

  async request(): Promise<[url: string, response: ServerResponse]> {
    while (this.#asked.length === 0) await new Promise<void>((resolve) => void (this.#next = resolve))
    return this.#asked.shift() as [string, ServerResponse]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }
}

function begin(response: ServerResponse, options: object = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`event: connected\ndata: ${JSON.stringify(options)}\n\n`)
}

const event = (n: number): string =>
  `data: {"json":{"type":"progress","cursor":"${n}-0.${n}","jobId":"j","task":"score","at":1,"data":${n}}}\nid: ${n}-0.${n}\n\n`

test('a page of a proxy, a stream that breaks in the middle of an event: asked again, at the cursor', async () => {
  await using server = await Scripted.start()
  await using client = server.client()
  const feed = client.jobs.notices()
  const first = feed.next()
  const [, proxy] = await server.request()
  proxy.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
  const [, none] = await server.request()
  none.destroy()
  const [, broken] = await server.request()
  begin(broken)
  broken.write(event(1) + event(2) + event(3).slice(0, 30))
  expect([(await first).value, (await feed.next()).value]).toMatchObject([{ data: 1 }, { data: 2 }])
  const third = feed.next()
  broken.destroy()
  const [url, whole] = await server.request()
  expect(JSON.parse(new URL(url, 'http://x').searchParams.get('input') as string)).toMatchObject({
    json: { lastEventId: '2-0.2' },
  })
  begin(whole)
  // An event may come in any pieces.
  for (const character of event(2) + event(3)) whole.write(character)
  expect((await third).value).toMatchObject({ data: 3 })
})

test('a stream that is silent for longer than its server allows is left, and one with pings is not', async () => {
  await using server = await Scripted.start()
  const clock = new ManualClock()
  await using client = server.client({ clock, callTimeout: '30s' })
  const feed = client.jobs.notices()
  const first = feed.next()
  const [, mute] = await server.request() // says nothing at all
  const gone = once(mute, 'close')
  await clock.advance(30_000)
  await gone
  await clock.advance(0)
  const [, response] = await server.request()
  begin(response, { reconnectAfterInactivityMs: 20_000 })
  response.write(event(1))
  await first
  const next = feed.next()
  await clock.advance(19_000)
  response.write(`event: ping\ndata: \n\n${event(2)}`)
  expect((await next).value).toMatchObject({ data: 2 })
  const last = feed.next()
  await clock.advance(19_000)
  expect(response.destroyed).toBe(false)
  const left = once(response, 'close')
  await clock.advance(1_000)
  await left
  await clock.advance(0)
  const [, another] = await server.request()
  begin(another)
  another.write(event(3))
  expect((await last).value).toMatchObject({ data: 3 })
})

test('who is slower than his stream lets it go, and reads the rest from the server later', async () => {
  await using server = await Scripted.start()
  await using client = server.client()
  const feed = client.jobs.notices()
  let next = feed.next()
  const [, fast] = await server.request()
  begin(fast)
  const gone = once(fast, 'close')
  for (let n = 1; n <= 5_000; n++) fast.write(event(n))
  await gone
  const again = server.request()
  let last = 0
  for (;;) {
    const which = await Promise.race([next, again])
    if (Array.isArray(which)) break
    expect(which.value).toMatchObject({ data: last + 1 })
    last += 1
    next = feed.next()
  }
  expect(last).toBeLessThan(5_000)
  const [url, more] = await again
  expect(decodeURIComponent(url)).toContain(`"lastEventId":"${last}-0.${last}"`)
  begin(more)
  more.write(event(last + 1))
  expect((await next).value).toMatchObject({ data: last + 1 })
})
