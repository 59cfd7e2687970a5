/** A server in one line: HTTP and websocket on one port and path, with limits that hold against strangers. */
import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Queue, TaskTree } from '@lovage/core'
import type { AnyTRPCRouter, inferRouterContext, TRPCError } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import type { TRPCRequestInfo } from '@trpc/server/http'
import { DEFAULT_MAX_SUBSCRIPTIONS, withConnection } from './connection-context.ts'
import { defined } from './envelope.ts'
import { type KeepAlive, withSignsOfLife } from './event-stream.ts'
import { textsFor } from './frames.ts'
import { httpFront } from './http-front.ts'
import {
  CLOSE_GRACE_MS,
  CLOSE_LOOK_MS,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_BATCH,
  MAX_CONNECTIONS,
  MAX_PAYLOAD_BYTES,
  PING_MS,
  PONG_WAIT_MS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts'
import type { Origins } from './origins.ts'
import type { QuotaOptions } from './quotas.ts'
import { type Authenticate, type RouterOf, servedContext, servedRouter } from './served-router.ts'
import { acceptSockets } from './sockets.ts'

export interface ListenOptions {
  /** Default 0: any that is free; `url` says which. */
  port?: number
  /** Default `127.0.0.1`: this machine alone. `0.0.0.0` for everybody, `::` with IPv6 as well. */
  host?: string
  /** Where tRPC is served, by HTTP and by websocket. Default `/trpc`. */
  path?: string
  /** Pages of which other origins may call. Default none. */
  origins?: Origins
  /**
   * Names by which this server may be called, such as `api.example.com`, without port; others are refused. Default: any.
   * It is what keeps a page whose name was pointed at this machine (DNS rebinding) from an API that is reached without
   * a token, on a developer's machine above all.
   */
  hosts?: readonly string[]
  /** Connections at once, HTTP and websocket together; one more is closed as it comes. Default 10,000. */
  maxConnections?: number
  /** Largest body of a request, and largest frame of a socket. Default 1 MiB and something for the envelope. */
  maxPayloadBytes?: number
  /** Subscriptions of one socket to jobs routers. Default 100. */
  maxSubscriptions?: number
  /** Pings on every socket and event stream, so that dead peers are noticed. Default every 15 s of silence, with 5 s for the answer. */
  keepAlive?: { pingMs?: number; pongWaitMs?: number } | false
  /** How long a client may read nothing of what waits for him, until his socket is cut. Default 30 s. */
  patienceMs?: number
  /** How long `close` waits for clients to leave by themselves. Default 1 s. */
  closeGraceMs?: number
  /** Told of every error of a call, with its cause. Default: those that are the server's fault go to `console.error`. */
  onError?: (event: { error: TRPCError; path: string | undefined }) => void
}

/** Serves a queue, as `jobs`. Who may call must be said: a way to know callers, or that everybody owns everything. */
export type ServeQueueOptions<Tree extends TaskTree> = ListenOptions & {
  queue: Queue<Tree>
  router?: never
  createContext?: never
  /** How many consumer groups one owner may have; 0 for none. Default 10. */
  maxGroups?: number
  /** What one owner may ask; beyond, calls fail with `QUOTA_EXCEEDED`. Default: as much as he likes. */
  quotas?: QuotaOptions
} & ({ authenticate: Authenticate; owner?: never } | { owner: 'public'; authenticate?: never })

/** Serves a router of your own, with jobs routers in it or without. */
export type ServeRouterOptions<Router extends AnyTRPCRouter> = ListenOptions & {
  router: Router
  /** Called once for each HTTP request and once for each socket. One that throws ends the socket. */
  createContext?: (options: {
    req: IncomingMessage
    info: TRPCRequestInfo
  }) => inferRouterContext<Router> | Promise<inferRouterContext<Router>>
  queue?: Queue
  owner?: never
  authenticate?: never
}

export interface JobsServer<Router extends AnyTRPCRouter> extends AsyncDisposable {
  /** What clients take as `url`: `http://127.0.0.1:3000/trpc`. */
  readonly url: string
  readonly port: number
  /** `typeof server.router` is the `AppRouter` of clients. */
  readonly router: Router
  /**
   * Asks clients to go elsewhere, then closes all sockets; resolves when everything is released. Nothing is lost:
   * clients resume at their cursor wherever they come back. The queue stays open.
   */
  close(): Promise<void>
}

/** @example const server = await serve({ queue, authenticate: (token) => userOf(token), port: 3000 }) */
export function serve<Tree extends TaskTree>(
  options: ServeQueueOptions<Tree>,
): Promise<JobsServer<RouterOf<Tree>>>
export function serve<Router extends AnyTRPCRouter>(
  options: ServeRouterOptions<Router>,
): Promise<JobsServer<Router>>
export async function serve(options: AnyServeOptions): Promise<JobsServer<AnyTRPCRouter>> {
  const { host = '127.0.0.1', path = '/trpc', origins = [], maxPayloadBytes = MAX_PAYLOAD_BYTES } = options
  const { router, createContext } = served(options)
  const closing = new AbortController()
  setMaxListeners(0, closing.signal) // one for each stream of events that is open
  const { onError = logFaults } = options
  const keepAlive = keepAliveOf(options.keepAlive)
  const handler = {
    router,
    createContext: withConnection(createContext, {
      max: options.maxSubscriptions ?? DEFAULT_MAX_SUBSCRIPTIONS,
      patienceMs: options.patienceMs,
      closing: closing.signal,
      textOf: textsFor(router),
    }),
    onError: ({ error, path: procedure }: { error: TRPCError; path: string | undefined }) =>
      onError({ error, path: procedure }),
    maxBatchSize: MAX_BATCH,
  }
  const door = { router, path, origins, hosts: options.hosts, maxPayloadBytes }
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    httpFront(
      door,
      createHTTPHandler({
        ...handler,
        router: withSignsOfLife(router, keepAlive),
        basePath: path,
        maxBodySize: maxPayloadBytes,
      }),
    ),
  )
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS
  const sockets = acceptSockets(server, {
    ...door,
    createContext: handler.createContext,
    maxBatch: MAX_BATCH,
    onError: (error, procedure) => onError({ error, path: procedure }),
    keepAlive,
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo

  let closed: Promise<void> | undefined
  async function close(): Promise<void> {
    closing.abort()
    const released = new Promise<void>((resolve) => void server.close(() => resolve()))
    const graceMs = options.closeGraceMs ?? CLOSE_GRACE_MS
    // A connection that is kept alive ends only where it is asked to between two calls.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_LOOK_MS)
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    await sockets.close(graceMs)
    await released
    clearInterval(idle)
    clearTimeout(cut)
  }

  return {
    url: `http://${hostInUrl(host)}:${port}${path}`,
    port,
    router,
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}

type AnyContext = (options: { req: IncomingMessage; info: TRPCRequestInfo }) => object | Promise<object>

/** Both kinds of options, with the types of the tasks left out: to compare those that are not known has no end. */
interface AnyServeOptions extends ListenOptions {
  queue?: unknown
  owner?: 'public'
  authenticate?: Authenticate
  maxGroups?: number
  quotas?: QuotaOptions
  router?: AnyTRPCRouter
  createContext?: (options: never) => unknown
}

function served(options: AnyServeOptions): { router: AnyTRPCRouter; createContext: AnyContext } {
  const { router, createContext, queue, owner, authenticate, maxGroups, quotas } = options
  if (router !== undefined) return { router, createContext: (createContext ?? (() => ({}))) as AnyContext }
  // The types say so as well; but whoever writes JavaScript must not open his queue to everybody by forgetting a line.
  if (owner !== 'public' && authenticate === undefined) {
    throw new TypeError("serve() needs `authenticate`, or `owner: 'public'` to give everybody all jobs.")
  }
  return {
    router: servedRouter(queue as Queue<never>, owner === 'public', defined({ maxGroups, quotas })),
    createContext: servedContext(authenticate),
  }
}

function keepAliveOf(keepAlive: ListenOptions['keepAlive']): KeepAlive | undefined {
  if (keepAlive === false) return undefined
  return { pingMs: keepAlive?.pingMs ?? PING_MS, pongWaitMs: keepAlive?.pongWaitMs ?? PONG_WAIT_MS }
}

/** Not what callers do wrong, and not the ends of their sockets: strangers must not be able to fill a log. */
function logFaults({ error, path }: { error: TRPCError; path: string | undefined }): void {
  const { cause } = error
  if (error.code !== 'INTERNAL_SERVER_ERROR') return
  if (
    path === undefined &&
    cause !== undefined &&
    'code' in cause &&
    /^(WS_ERR|E[A-Z]+$)/.test(String(cause.code))
  )
    return
  console.error(`[lovage] ${path ?? 'a request'} failed:`, cause ?? error)
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
