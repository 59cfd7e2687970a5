/** The door for HTTP: health, origins and sizes are dealt with here, what is left goes to tRPC. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { LovageError } from '@lovage/core'
import { type AnyTRPCRouter, getTRPCErrorShape, transformTRPCResponse, TRPCError } from '@trpc/server'
import { formatter, toTRPCError } from './errors.ts'
import { MAX_DISCARDED_BYTES } from './limits.ts'
import { allowOrigin, answerPreflight, isAllowedHost, isAllowedOrigin, type Origins } from './origins.ts'

export interface FrontOptions {
  router: AnyTRPCRouter
  path: string
  origins: Origins
  hosts: readonly string[] | undefined
  maxPayloadBytes: number
}

export const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] as string

export function httpFront(
  { router, path, origins, hosts, maxPayloadBytes }: FrontOptions,
  handle: RequestListener,
): RequestListener {
  return (request, response) => {
    const asked = pathOf(request)
    if (asked === '/health') return answerJson(response, 200, { status: 'ok' })
    if (asked !== path && !asked.startsWith(`${path}/`))
      return answerJson(response, 404, { error: 'not found' })
    if (!isAllowedHost(request, hosts)) {
      const message = `This server is not called ${request.headers.host}.`
      return refuse(request, response, router, new TRPCError({ code: 'FORBIDDEN', message }))
    }
    if (!isAllowedOrigin(request, origins)) {
      const message = `Pages of ${request.headers.origin} may not call this server.`
      return refuse(request, response, router, new TRPCError({ code: 'FORBIDDEN', message }))
    }
    allowOrigin(request, response, origins)
    if (request.method === 'TRACE' || request.method === 'CONNECT') {
      // No `Request` may have one of these.
      const message = `This server answers no ${request.method}.`
      return refuse(request, response, router, new TRPCError({ code: 'METHOD_NOT_SUPPORTED', message }))
    }
    if (request.method === 'OPTIONS') return answerPreflight(request, response)
    const bytes = Number(request.headers['content-length'] ?? 0)
    if (bytes > maxPayloadBytes) {
      const tooLarge = new LovageError('PAYLOAD_TOO_LARGE', { bytes, maxBytes: maxPayloadBytes })
      return refuse(request, response, router, toTRPCError(tooLarge))
    }
    return handle(request, response)
  }
}

/** Answers as tRPC would, so that every tRPC client understands it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  router: AnyTRPCRouter,
  error: TRPCError,
): void {
  const config = router._def._config
  const call = { error, type: 'unknown', path: undefined, input: undefined, ctx: undefined } as const
  const plain = getTRPCErrorShape({ config: { ...config, isDev: false }, ...call })
  const shape = formatter(() => plain)({ error, shape: plain }) ?? plain
  answerJson(response, shape.data.httpStatus as number, transformTRPCResponse(config, { error: shape }))
  discard(request)
}

function discard(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_DISCARDED_BYTES) request.destroy()
  })
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
