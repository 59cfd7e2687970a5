/** The door for websockets, and their end. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { applyWSSHandler, type WSSHandlerOptions } from '@trpc/server/adapters/ws'
import type { AnyTRPCRouter } from '@trpc/server'
import { WebSocketServer } from 'ws'
import { BoundedSocket } from './bounded-socket.ts'
import { frameEncoder, withFrames } from './frames.ts'
import { pathOf } from './http-front.ts'
import { CLOSE_WAIT_MS } from './limits.ts'
import { isAllowedHost, isAllowedOrigin, type Origins } from './origins.ts'
import { isStrike } from './strikes.ts'

export interface SocketOptions<Router extends AnyTRPCRouter> {
  path: string
  origins: Origins
  hosts: readonly string[] | undefined
  maxPayloadBytes: number
  handler: Omit<WSSHandlerOptions<Router>, 'wss'>
}

export interface Sockets {
  /** Asks all clients to go, waits for `graceMs`, and closes those that are left. */
  close(graceMs: number): Promise<void>
}

/** WebSocket close code "Service Restart" (RFC 6455 registry): come back soon. */
const SERVICE_RESTART = 1012

export function acceptSockets<Router extends AnyTRPCRouter>(
  server: Server,
  { path, origins, hosts, maxPayloadBytes, handler }: SocketOptions<Router>,
): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    WebSocket: BoundedSocket,
  })
  const clients = new WeakMap<IncomingMessage, BoundedSocket>()
  const { broadcastReconnectNotification } = applyWSSHandler({
    ...handler,
    router: withFrames(handler.router),
    experimental_encoder: frameEncoder,
    wss: sockets,
    onError(event: Parameters<NonNullable<typeof handler.onError>>[0]) {
      handler.onError?.(event)
      if (isStrike(event.error, event.path)) clients.get(event.req)?.strike()
    },
  } as WSSHandlerOptions<Router>)
  let isClosing = false

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isClosing) return refuse(socket, '503 Service Unavailable')
    if (pathOf(request) !== path) return refuse(socket, '404 Not Found')
    if (!isAllowedHost(request, hosts) || !isAllowedOrigin(request, origins))
      return refuse(socket, '403 Forbidden')
    sockets.handleUpgrade(request, socket, head, (client) => {
      clients.set(request, client)
      client.corks(socket)
      sockets.emit('connection', client, request)
    })
  })

  /** Resolves when no client is left, or after `ms`. */
  function left(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      const look = (): void => {
        if (sockets.clients.size > 0) return
        clearTimeout(timer)
        resolve()
      }
      // The set forgets a client by a listener that was there before this one.
      for (const client of sockets.clients) client.once('close', look)
      look()
    })
  }

  return {
    async close(graceMs) {
      isClosing = true
      broadcastReconnectNotification()
      if (graceMs > 0) await left(graceMs)
      for (const client of sockets.clients) client.close(SERVICE_RESTART)
      await left(CLOSE_WAIT_MS)
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy()) // he may be gone already
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
