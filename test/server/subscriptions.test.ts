// A connection holds so many subscriptions and no more, and whoever goes frees what he held.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jobsRouter, limitSubscriptions } from '@lovage/server'
import { createTRPCUntypedClient, createWSClient, type TRPCUntypedClient, wsLink } from '@trpc/client'
import { type AnyTRPCRouter, initTRPC } from '@trpc/server'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness, WebSocket } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'

/** A plain tRPC client on one socket. */
function connect(url: string) {
  const socket = createWSClient({
    url: url.replace('http', 'ws'),
    WebSocket,
    connectionParams: { token: 'ada' },
  })
  const client = createTRPCUntypedClient({ links: [wsLink({ client: socket, transformer: superjson })] })
  return { client, [Symbol.asyncDispose]: () => socket.close() }
}

/** Opens a feed and waits for its first event. */
async function open(client: TRPCUntypedClient<AnyTRPCRouter>): Promise<AsyncIterator<unknown>> {
  const feed = client.subscription('jobs.notices', {})[Symbol.asyncIterator]()
  await feed.next()
  return feed
}

const tooMany = (max: number) => ({
  data: {
    code: 'TOO_MANY_REQUESTS',
    httpStatus: 429,
    lovage: { code: 'TOO_MANY_SUBSCRIPTIONS', details: { max } },
  },
})

describe.each(transports)('by %s', (name, transport) => {
  test('leaving a loop, an abort, a cut cable and a closed client each end the generators on the server', async () => {
    await using it = await createHarness(tasks)
    const goodbyes: ((controller: AbortController) => unknown)[] = [
      (controller) => controller.abort(),
      () => it.line.cut(),
      () => 'break',
    ]
    for (const goodbye of goodbyes) {
      const client = it.client(transport)
      const controller = new AbortController()
      const job = await client.jobs.sweep.enqueue()
      const loops = [
        client.jobs.notices({ signal: controller.signal }),
        job.notices({ signal: controller.signal }),
      ].map(async (loop) => {
        for await (const notice of loop) {
          expect(notice.type).toBe('ready')
          if (goodbye(controller) !== undefined) break
        }
      })
      if (goodbye === goodbyes[1]) {
        // Cut, they come back; so only now the client is closed.
        await it.abandoned()
        await client.close()
      }
      await Promise.all(loops)
      await it.abandoned()
      expect(it.followers()).toBe(0)
    }
  })

  test('a client that comes and goes a hundred times leaves nothing behind', async () => {
    await using it = await createHarness(tasks)
    const { jobs } = it.client(transport)
    const job = await jobs.sweep.enqueue()
    for (let n = 0; n < 100; n++) {
      for await (const notice of jobs.attach({ id: job.id, task: 'sweep' })) {
        expect(notice.type).toBe('ready')
        break
      }
    }
    await it.abandoned()
    // One for all; a stream that is left takes its connection with it.
    expect(it.line.connections).toBe(name === 'ws' ? 1 : 102)
  })
})

test('the 101st subscription of a socket is refused, with the number; another socket has its own', async () => {
  await using it = await createHarness(tasks)
  await using one = connect(it.url)
  await using two = connect(it.url)
  const feeds = await Promise.all(Array.from({ length: 100 }, () => open(one.client)))
  await expect(open(one.client)).rejects.toMatchObject(tooMany(100))
  await open(two.client)

  // One that leaves makes room for another.
  await feeds[0]?.return?.()
  const untilThereIsRoom = async (): Promise<unknown> => open(one.client).catch(untilThereIsRoom)
  await untilThereIsRoom()
})

test('an adapter of the user counts as well, when its createContext is wrapped; even with one context for all', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.context<{ name: string }>().create({ transformer: superjson })
  const spreading = t.procedure.use(({ ctx, next }) => next({ ctx: { ...ctx, more: true } }))
  const router = t.router({ jobs: jobsRouter({ t, queue: it.queue, procedure: spreading, owner: 'public' }) })
  class Context {
    readonly #name = 'ada'
    get name(): string {
      return this.#name
    }
  }
  const shared = { name: 'ada' }
  for (const createContext of [
    () => new Context(),
    () => shared,
    async () => Object.freeze({ name: 'ada' }),
  ]) {
    const http = createServer().listen(0, '127.0.0.1')
    const wss = new WebSocketServer({ server: http })
    applyWSSHandler({ wss, router, createContext: limitSubscriptions(createContext, 2) })
    await new Promise((resolve) => void wss.once('listening', resolve))
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    {
      await using one = connect(url)
      await using two = connect(url)
      for (const { client } of [one, two]) {
        await open(client)
        await open(client)
        await expect(open(client)).rejects.toMatchObject(tooMany(2))
      }
    }
    wss.close()
    await new Promise((resolve) => void http.close(resolve))
  }
})
