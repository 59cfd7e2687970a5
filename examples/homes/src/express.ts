// Express 5: tRPC's middleware for calls and event streams, its websocket adapter on the same port.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Queue } from '@lovage/core'
import { limitSubscriptions } from '@lovage/server'
import { createExpressMiddleware } from '@trpc/server/adapters/express'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import type { TRPCRequestInfo } from '@trpc/server/http'
import express from 'express'
import { WebSocketServer } from 'ws'
import { contextOf, createAppRouter } from './router.ts'
import type { tasks } from './tasks.ts'

export async function startExpress(queue: Queue<typeof tasks>, port = 0) {
  const router = createAppRouter(queue)
  const createContext = ({ req, info }: { req: IncomingMessage; info: TRPCRequestInfo }) =>
    contextOf(req.headers.authorization, info)

  const app = express()
  app.use('/trpc', createExpressMiddleware({ router, createContext }))
  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const wss = new WebSocketServer({ server, path: '/trpc', maxPayload: 1_200_000 }) // bytes; a queue takes 1 MiB
  const keepAlive = { enabled: true, pingMs: 15_000, pongWaitMs: 5_000 }
  applyWSSHandler({ wss, router, createContext: limitSubscriptions(createContext), keepAlive })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`,
    async close() {
      for (const socket of wss.clients) socket.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
