// Fastify 5: tRPC's plugin, which serves websockets, too, where @fastify/websocket is registered before it.
import type { IncomingHttpHeaders } from 'node:http'
import websocket from '@fastify/websocket'
import type { Queue } from '@lovage/core'
import { limitSubscriptions } from '@lovage/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import type { TRPCRequestInfo } from '@trpc/server/http'
import { fastify } from 'fastify'
import { contextOf, createAppRouter } from './router.ts'
import type { tasks } from './tasks.ts'

export async function startFastify(queue: Queue<typeof tasks>, port = 0) {
  const createContext = ({ req, info }: { req: { headers: IncomingHttpHeaders }; info: TRPCRequestInfo }) =>
    contextOf(req.headers.authorization, info)

  const server = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 5_000 } }) // a batch of calls is one parameter
  await server.register(websocket, { options: { maxPayload: 1_200_000 } }) // bytes; a queue takes 1 MiB
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    useWSS: true,
    trpcOptions: {
      router: createAppRouter(queue),
      createContext: limitSubscriptions(createContext),
      keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 5_000 },
    },
  })
  const origin = await server.listen({ port, host: '127.0.0.1' })
  return { url: `${origin}/trpc`, close: () => server.close() }
}
