/** The client: all on one websocket, or by HTTP and Server-Sent Events; types from the server's router. Runs in browsers and in Node. */
import { WebSocket as DefaultWebSocket } from '#runtime'
import { type Clock, type Duration, durationMs, systemClock } from '@lovage/core'
import type { AnyTRPCRouter, TRPCDataTransformer } from '@trpc/server'
import superjson, { type SuperJSONResult } from 'superjson'
import { call } from './calls.ts'
import { callsOut, type Send } from './calls-out.ts'
import type { HttpOptions } from './http-calls.ts'
import { httpLater } from './http-later.ts'
import type { ClientControls, JobsClient } from './jobs-client.ts'
import type { Transport } from './lines.ts'
import { ORIGIN, type Origin, originAt } from './origin.ts'
import { SocketPool } from './socket-pool.ts'
import { urlsOf } from './urls.ts'
import { createWire } from './wire.ts'

export interface JobsClientOptions {
  /** Where tRPC is served: `https://api.example.com/trpc`, or in a browser `/trpc`. */
  url: string
  /** How notices travel. Default: all on one websocket. Where those do not get through, `sse()` of `@lovage/client/sse`. */
  transport?: Transport
  /**
   * How calls travel. `socket`: on the websocket of the notices, and by HTTP what is large or does not get through.
   * Default: `socket`, but `http` where `transport`, `headers` or `fetch` ask for requests.
   */
  calls?: 'socket' | 'http'
  /** Where its websocket is, if elsewhere. Default: `url` with `ws` for `http`. */
  socketUrl?: string
  /**
   * The caller's token: sent as `Authorization: Bearer` with each request, and as connection parameter `token` on
   * each new socket. Asked for each call and each new socket, so give what refreshes it; when it is another than before,
   * calls and new loops go by a new socket. `null`: none.
   */
  auth?: () => string | null | undefined | Promise<string | null | undefined>
  /** More headers for each request. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>
  fetch?: typeof fetch
  /** How long a call may take before it is `DISCONNECTED`. Default 30 s. Loops and `result()` are no calls. */
  callTimeout?: Duration
  WebSocket?: typeof WebSocket
  /** What the server's `t` was created with. Default superjson. */
  transformer?: TRPCDataTransformer
  /** Pings on the socket, so that a dead server is noticed. Default every 15 s of silence, with 5 s for the answer. */
  keepAlive?: { intervalMs?: number; pongTimeoutMs?: number }
  /** How long a socket outlives its last subscription. Default 5 s. */
  idleCloseMs?: number
  clock?: Clock
  /** Between 0 and 1; for the jitter of reconnects. */
  random?: () => number
}

/** The compiler's sentence for a router that would not understand this client. */
type Understood<Router extends AnyTRPCRouter> =
  Router['_def']['_config']['$types']['transformer'] extends true
    ? unknown
    : { transformer: 'The router has no transformer: create its t with { transformer: superjson }.' }

const CALL_TIMEOUT_MS = 30_000 // what servers give a request as well
const PING_MS = 15_000 // proxies close what was silent for 30 or 60 s
const PONG_TIMEOUT_MS = 5_000
const IDLE_CLOSE_MS = 5_000 // loops come in a row; and a program that has nothing else to do should end soon

/**
 * A client for the jobs routers of `AppRouter`, each under its own name.
 *
 * @example
 * import type { AppRouter } from './server.ts'
 * const { jobs } = createJobsClient<AppRouter>({ url: '/trpc', auth: getToken })
 * const job = await jobs.batchScore.enqueue({ texts })
 * for await (const notice of job) …
 */
export function createJobsClient<AppRouter extends AnyTRPCRouter>(
  options: JobsClientOptions & Understood<AppRouter>,
): JobsClient<AppRouter> {
  const given = options as JobsClientOptions
  const { auth, headers, fetch, transformer = SUPERJSON, clock = systemClock, random = Math.random } = given
  const token = async (): Promise<string | null> => (await auth?.()) || null
  const urls = urlsOf(given.url, given.socketUrl)
  const timeoutMs = durationMs(given.callTimeout ?? CALL_TIMEOUT_MS, 'callTimeout')
  const http: HttpOptions = { url: urls.http, fetch, timeoutMs, token, headers, transformer }
  const time = { clock, random }
  const pool =
    given.transport === undefined
      ? new SocketPool({
          url: urls.socket,
          WebSocket: webSocketOf(given),
          token: auth && token,
          keepAlive: { intervalMs: PING_MS, pongTimeoutMs: PONG_TIMEOUT_MS, ...given.keepAlive },
          idleCloseMs: given.idleCloseMs ?? IDLE_CLOSE_MS,
          callTimeoutMs: timeoutMs,
          transformer,
          ...time,
        })
      : undefined
  const shared = { url: urls.http, ...time }
  const byHttp = httpLater(http, shared)
  const sendByHttp: Send = (type, path, input) => byHttp.send(type, path, transformer.serialize(input))
  const { calls = headers || fetch ? 'http' : 'socket' } = given
  const wire = createWire({
    send: pool && calls === 'socket' ? callsOut(byHttp, pool, transformer, urls.http) : sendByHttp,
    sendLate: sendByHttp,
    serialize: transformer.serialize,
    lines: pool ?? (given.transport as Transport)({ ...http, ...time }),
    ...shared,
  })
  const controls: ClientControls = {
    connection: wire.connection,
    close: wire.close,
    [Symbol.asyncDispose]: wire.close,
  }
  return callsAt(originAt(wire, ''), controls) as JobsClient<AppRouter>
}

function webSocketOf({ WebSocket = DefaultWebSocket }: JobsClientOptions): typeof globalThis.WebSocket {
  if (WebSocket !== undefined) return WebSocket
  throw new TypeError('There is no WebSocket here; pass one, or as `transport` sse() of @lovage/client/sse.')
}

/** It would copy what came, also where there is nothing in it that JSON does not say. */
const SUPERJSON: TRPCDataTransformer = {
  serialize: superjson.serialize,
  deserialize: (sent: SuperJSONResult) => (sent.meta === undefined ? sent.json : superjson.deserialize(sent)),
}

/** What JavaScript asks an object for by itself. To answer with a path would make it a promise, or bad JSON. */
const NEVER_PATHS: ReadonlySet<string> = new Set(['then', 'catch', 'finally', 'toJSON'])

/** An object in which every name leads deeper, and every place can be called. */
function callsAt(origin: Origin, own: object, act: (...args: unknown[]) => unknown = () => {}): unknown {
  const deeper = new Map<string, unknown>()
  return new Proxy(act, {
    get(_, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key)
      if (key === ORIGIN) return origin
      if (typeof key === 'symbol' || NEVER_PATHS.has(key)) return undefined
      let next = deeper.get(key)
      if (next === undefined) {
        next = callsAt(originAt(origin.wire, origin.under(key)), {}, (...args) => call(origin, key, args))
        deeper.set(key, next)
      }
      return next
    },
  })
}
