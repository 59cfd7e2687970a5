/** Which pages may call: the check of the `Origin` header, the same for HTTP and websocket, and the CORS headers. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Origins such as `https://app.example.com`, or `'*'` for all. Pages of the server's own host may always call. */
export type Origins = '*' | readonly string[]

/** How long a browser may remember the answer to a preflight, in s. */
const PREFLIGHT_MAX_AGE = '600'

/**
 * Whether the caller is no browser, a page of this host, or one of the allowed origins. Only hosts are compared for
 * "this host": behind a proxy that ends TLS the server does not know its own scheme.
 */
export function isAllowedOrigin({ headers }: IncomingMessage, origins: Origins): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins === '*' || origins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

/** A name or an address, and a port: no user, no path, and nothing that a URL cannot hold. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i

/** Whether it was called by a name that it goes by. Browsers put there what the address bar says. */
export function isAllowedHost({ headers }: IncomingMessage, hosts: readonly string[] | undefined): boolean {
  if (headers.host !== undefined && !HOST.test(headers.host)) return false
  if (hosts === undefined) return true
  const url = `http://${headers.host ?? ''}`
  return URL.canParse(url) && hosts.includes(new URL(url).hostname)
}

/** Lets an allowed origin read the answer. */
export function allowOrigin({ headers }: IncomingMessage, response: ServerResponse, origins: Origins): void {
  response.setHeader('vary', 'origin')
  if (headers.origin === undefined) return
  if (origins === '*') return void response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-origin', headers.origin)
  response.setHeader('access-control-allow-credentials', 'true')
}

/** Answers the question of a browser whether it may send a request; `allowOrigin` has set who. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers':
      headers['access-control-request-headers'] ?? 'content-type, authorization',
    'access-control-max-age': PREFLIGHT_MAX_AGE,
  })
  response.end()
}
