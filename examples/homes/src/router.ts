// The router that every home of this folder serves, and how it knows who is calling.
import type { Queue } from '@lovage/core'
import { jobsRouter } from '@lovage/server'
import { initTRPC, TRPCError } from '@trpc/server'
import type { TRPCRequestInfo } from '@trpc/server/http'
import superjson from 'superjson'
import type { tasks } from './tasks.ts'

export interface Context {
  token: string | null
}

const t = initTRPC.context<Context>().create({
  transformer: superjson,
  // Of Server-Sent Events alone: proxies cut what is silent, and a client takes silence for a dead server.
  sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 20_000 } },
})

/** Here a token is its owner's name. Yours would be verified. */
const signedIn = t.procedure.use(({ ctx: { token }, next }) => {
  if (token === null) throw new TRPCError({ code: 'UNAUTHORIZED' })
  return next({ ctx: { user: token } })
})

export const createAppRouter = (queue: Queue<typeof tasks>) =>
  t.router({ jobs: jobsRouter({ t, queue, procedure: signedIn, owner: ({ ctx }) => ctx.user }) })

/** All that clients import, and only as a type. */
export type AppRouter = ReturnType<typeof createAppRouter>

/**
 * Requests bring their token as a header. Websockets and event streams, which cannot have one in a browser, bring
 * it as a connection parameter.
 */
export function contextOf(authorization: string | null | undefined, info: TRPCRequestInfo): Context {
  const bearer = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  return { token: info.connectionParams?.['token'] ?? bearer ?? null }
}
