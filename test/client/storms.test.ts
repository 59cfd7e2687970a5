// A server in trouble must not be visited by all its clients at once, again and again; and a page that comes back
// must not wait for half a minute. Time is the test's own here.
import { createJobsClient } from '@lovage/client'
import { sse } from '@lovage/client/sse'
import { jobsRouter, type RouterOf, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'
import { ManualClock } from '../kit/manual-clock.ts'

afterEach(() => void vi.unstubAllGlobals())

/** Counts, and lets a test wait for a number. */
class Counter {
  count = 0
  #counted = (): void => {}

  add(): void {
    this.count += 1
    this.#counted()
  }

  async reaches(count: number): Promise<void> {
    while (this.count < count) await new Promise<void>((resolve) => void (this.#counted = resolve))
  }
}

/** Whatever a connection could still be about to do, it has done. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise(setImmediate)
}

const SECONDS = [0.5, 1, 2, 4, 8, 16, 30, 30]

test('a context that fails for ever is asked for after delays that double, up to half a minute', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  const contexts = new Counter()
  await using server = await serve({
    router: t.router({ jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' }) }),
    closeGraceMs: 0,
    onError: () => {},
    createContext: () => {
      contexts.add()
      throw new Error('the database is down')
    },
  })
  const clock = new ManualClock()
  const delays = new Counter()
  const client = createJobsClient<typeof server.router>({
    url: server.url,
    clock,
    random: () => (delays.add(), 1),
  })
  const stop = new AbortController()
  // However many loops a page has, they share the socket and its patience.
  const loops = Array.from({ length: 20 }, () => client.jobs.notices({ signal: stop.signal }).next())
  for (const [n, seconds] of SECONDS.entries()) {
    await contexts.reaches(n + 1)
    await delays.reaches(n + 1)
    await clock.advance(seconds * 1_000 - 1)
    await settled()
    expect(contexts.count, `attempt ${n + 2} came too early`).toBe(n + 1)
    await clock.advance(1)
  }
  await contexts.reaches(SECONDS.length + 1)
  stop.abort()
  await Promise.all(loops)
  await client.close()
  expect(clock.pending).toBe(0)
})

test('by sse nothing that answers is asked for after the same delays', async () => {
  const clock = new ManualClock()
  const attempts = new Counter()
  const delays = new Counter()
  const client = createJobsClient<RouterOf<typeof tasks>>({
    url: 'http://127.0.0.1:1/trpc',
    transport: sse(),
    clock,
    random: () => (delays.add(), 1),
    fetch: () => (attempts.add(), Promise.reject(new TypeError('fetch failed'))),
  })
  const stop = new AbortController()
  const loop = client.jobs.notices({ signal: stop.signal }).next()
  for (const [n, seconds] of SECONDS.entries()) {
    await delays.reaches(n + 1)
    await clock.advance(seconds * 1_000 - 1)
    expect(attempts.count, `attempt ${n + 2} came too early`).toBe(n + 1)
    await clock.advance(1)
  }
  await attempts.reaches(SECONDS.length + 1)
  stop.abort()
  await loop
  await client.close()
  expect(clock.pending).toBe(0)
})

describe.each(transports)('by %s', (_, transport) => {
  test.each(['online', 'visibilitychange'])(
    'a page that is back (%s) does not wait any longer',
    async (event) => {
      await using it = await createHarness(tasks)
      const page = new EventTarget()
      const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
      for (const method of ['addEventListener', 'removeEventListener'] as const)
        vi.stubGlobal(method, page[method].bind(page))
      vi.stubGlobal('document', document)

      let isAway = false
      // While it is away, delays are beyond the end of every test.
      const client = it.client({ ...transport, random: () => (isAway ? 1_000 : 0) })
      const feed = client.jobs.notices()
      await feed.next()
      const next = feed.next()
      isAway = true
      const lost = new Promise<void>((resolve) => {
        client.connection.subscribe((state) => void (state === 'reconnecting' && resolve()))
      })
      it.line.cut()
      await lost
      await settled()
      const job = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
      await it.driver.succeed(await it.driver.next(), undefined)

      const before = it.line.connections
      document.dispatchEvent(new Event('visibilitychange')) // hidden: that is no return
      await settled()
      expect(it.line.connections).toBe(before)

      isAway = false
      document.visibilityState = 'visible'
      if (event === 'online') page.dispatchEvent(new Event('online'))
      else document.dispatchEvent(new Event('visibilitychange'))
      expect((await next).value).toMatchObject({ type: 'succeeded', jobId: job.id })
      expect(client.connection.state).toBe('connected')
    },
  )
})
