// The API: tRPC over HTTP and websocket on one port.
import type { IncomingMessage } from 'node:http'
import type { Queue } from '@lovage/core'
import { type JobsServer, serve } from '@lovage/server'
import type { TRPCRequestInfo } from '@trpc/server/http'
import { type AppRouter, type Context, createAppRouter } from './router.ts'
import type { tasks } from './tasks.ts'

export function startApi(queue: Queue<typeof tasks>, port: number): Promise<JobsServer<AppRouter>> {
  return serve({ router: createAppRouter(queue), createContext, port })
}

/** A request brings its token as a header; a websocket, which cannot have any in a browser, as its first message. */
function createContext({ req, info }: { req: IncomingMessage; info: TRPCRequestInfo }): Context {
  const bearer = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
  return { token: info.connectionParams?.['token'] ?? bearer ?? null }
}
