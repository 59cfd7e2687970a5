/** The door for websockets, and their end. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { BoundedSocket } from './bounded-socket.ts'
import { Conversation, type CreateContext } from './conversation.ts'
import type { KeepAlive } from './event-stream.ts'
import { pathOf } from './http-front.ts'
import { Watch } from './keep-alive.ts'
import { CLOSE_WAIT_MS } from './limits.ts'
import { isAllowedHost, isAllowedOrigin, type Origins } from './origins.ts'
import { Service, type ServiceOptions } from './service.ts'

export interface SocketOptions extends ServiceOptions {
  path: string
  origins: Origins
  hosts: readonly string[] | undefined
  maxPayloadBytes: number
  createContext: CreateContext
  keepAlive: KeepAlive | undefined
}

export interface Sockets {
  /** Asks all clients to go, waits for `graceMs`, and closes those that are left. */
  close(graceMs: number): Promise<void>
}

/** WebSocket close code "Service Restart" (RFC 6455 registry): come back soon. */
const SERVICE_RESTART = 1012
const RECONNECT = '{"id":null,"method":"reconnect"}'

export function acceptSockets(
  server: Server,
  { path, origins, hosts, maxPayloadBytes, createContext, keepAlive, ...options }: SocketOptions,
): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    WebSocket: BoundedSocket,
  })
  const service = new Service(options)
  let isClosing = false

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isClosing) return refuse(socket, '503 Service Unavailable')
    if (pathOf(request) !== path) return refuse(socket, '404 Not Found')
    if (!isAllowedHost(request, hosts) || !isAllowedOrigin(request, origins))
      return refuse(socket, '403 Forbidden')
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.writesTo(socket)
      talk(client, new Conversation(service, createContext, client, request))
      if (keepAlive !== undefined) watch(client, keepAlive)
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
      for (const client of sockets.clients) client.say(RECONNECT)
      if (graceMs > 0) await left(graceMs)
      for (const client of sockets.clients) client.close(SERVICE_RESTART)
      await left(CLOSE_WAIT_MS)
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

function talk(client: BoundedSocket, conversation: Conversation): void {
  client.on('message', (data: Buffer, isBinary) => conversation.hear(data, isBinary))
  // Without a listener it would end the process.
  client.on('error', (error) => conversation.broken(error))
  client.once('close', () => conversation.end())
}

function watch(client: BoundedSocket, keepAlive: KeepAlive): void {
  const watch = new Watch(client, keepAlive)
  client.on('message', () => watch.heard())
  client.once('close', () => watch.stop())
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy()) // he may be gone already
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
