/**
 * A whole system in one process, over real sockets: memory store, queue, server, clients; the worker is played by
 * hand. Between clients and server is a line that a test can cut and listen to.
 */
import { createJobsClient, type JobsClient, type JobsClientOptions } from '@lovage/client'
import { type Clock, type Engine, type Queue, queueOver, type Store, type TaskTree } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createRedisStore } from '@lovage/redis'
import {
  type Authenticate,
  type JobsServer,
  type ListenOptions,
  type QuotaOptions,
  type RouterOf,
  serve,
} from '@lovage/server'
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  splitLink,
  type TRPCClient,
  wsLink,
} from '@trpc/client'
import { randomUUID } from 'node:crypto'
import superjson from 'superjson'
import { inject } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import { Driver } from '../core/driver.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface HarnessOptions extends ListenOptions {
  /** Everybody owns everything. Default: a token is its owner's name, and there must be one. */
  isPublic?: boolean
  authenticate?: Authenticate
  quotas?: QuotaOptions
  clock?: Clock
  streamMaxLen?: number
  /** Largest input of the queue. */
  maxInputBytes?: number
}

export interface Harness<Tree extends TaskTree> extends AsyncDisposable {
  readonly store: Store
  readonly queue: Queue<Tree>
  /** The worker. */
  readonly driver: Driver
  readonly server: JobsServer<RouterOf<Tree>>
  readonly line: TcpProxy
  /** The server's address as seen through the line. */
  readonly url: string
  client(options?: Partial<JobsClientOptions> & { token?: string }): JobsClient<RouterOf<Tree>>
  /** A plain tRPC client: calls in batches over HTTP, subscriptions over a websocket. */
  bare(token?: string): TRPCClient<RouterOf<Tree>>
  /** Followers that the server has opened and not let go yet. */
  followers(): number
  /** Resolves once the server has let go of all followers. */
  abandoned(): Promise<void>
  readonly engine: Engine
  /** Calls back when the harness is taken down. */
  cleanUp(call: () => unknown): void
}

const ownName: Authenticate = (token) => token

export const WebSocket = NodeWebSocket as unknown as typeof globalThis.WebSocket

export async function createHarness<const Tree extends TaskTree>(
  tasks: Tree,
  options: HarnessOptions = {},
): Promise<Harness<Tree>> {
  const { isPublic = false, authenticate = ownName, clock, streamMaxLen, maxInputBytes, ...listen } = options
  const cleanUps: (() => unknown)[] = []
  const store = openStore(clock, streamMaxLen)
  const queue = queueOver(tasks, store, {
    random: () => 0.5,
    ...(clock && { clock }),
    ...(maxInputBytes !== undefined && { maxPayloadBytes: maxInputBytes }),
  })
  const engine = (queue as unknown as { '~engine': Engine })['~engine']
  const followers = countFollowers(engine)
  const driver = await Driver.start(store)
  const access = isPublic ? { owner: 'public' as const } : { authenticate }
  const server = await serve<Tree>({ queue, ...access, closeGraceMs: 0, ...listen })
  const line = await TcpProxy.to(server.port)
  const url = server.url.replace(`:${server.port}`, `:${line.port}`)

  return {
    store,
    queue,
    engine,
    driver,
    server,
    line,
    url,
    cleanUp: (call) => void cleanUps.push(call),
    client({ token = 'ada', ...rest } = {}) {
      const client = createJobsClient<RouterOf<Tree>>({ url, auth: () => token, random: () => 0, ...rest })
      cleanUps.push(() => (client as unknown as { close(): Promise<void> }).close())
      return client
    },
    bare(token = 'ada') {
      const socket = createWSClient({
        url: url.replace('http', 'ws'),
        WebSocket,
        connectionParams: { token },
        lazy: { enabled: true, closeMs: 0 },
        retryDelayMs: () => 0,
      })
      cleanUps.push(() => socket.close())
      const headers = { authorization: `Bearer ${token}` }
      return createTRPCClient<RouterOf<Tree>>({
        links: [
          splitLink({
            condition: ({ type }) => type === 'subscription',
            true: wsLink({ client: socket, transformer: superjson }),
            false: httpBatchLink({ url, headers, transformer: superjson }),
          }),
        ],
      })
    },
    followers: followers.count,
    abandoned: followers.none,
    async [Symbol.asyncDispose]() {
      for (const cleanUp of cleanUps) await cleanUp()
      await line[Symbol.asyncDispose]()
      await server.close()
      await (queue as unknown as { close(): Promise<void> }).close()
    },
  }
}

/**
 * In memory; on the Redis of the tests where a file asks for it by `LOVAGE_TEST_STORE=redis`, but for tests that own the
 * clock, or count on a feed that is trimmed to the very record.
 */
function openStore(clock: Clock | undefined, streamMaxLen: number | undefined): Store {
  if (process.env['LOVAGE_TEST_STORE'] === 'redis' && clock === undefined && streamMaxLen === undefined)
    return createRedisStore({
      url: inject('redisUrl'),
      namespace: `test-${randomUUID()}`,
      onWarning: () => {},
    })
  return createMemoryStore({ ...(clock && { clock }), ...(streamMaxLen !== undefined && { streamMaxLen }) })
}

/** Watches the engine's generators from their opening to their end. */
function countFollowers(engine: Engine): { count: () => number; none: () => Promise<void> } {
  let open = 0
  let waiting: (() => void)[] = []
  async function* watched<Item>(
    source: AsyncGenerator<Item, void, undefined>,
  ): AsyncGenerator<Item, void, undefined> {
    open += 1
    try {
      yield* source
    } finally {
      open -= 1
      if (open === 0) for (const wake of waiting.splice(0)) wake()
    }
  }
  const follow = engine.followInBatches.bind(engine)
  const feed = engine.feedInBatches.bind(engine)
  engine.followInBatches = (...args) => watched(follow(...args))
  engine.feedInBatches = (...args) => watched(feed(...args))
  return {
    count: () => open,
    none: () =>
      open === 0 ? Promise.resolve() : new Promise((resolve) => void (waiting = [...waiting, resolve])),
  }
}
