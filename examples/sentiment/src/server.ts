// Player two, the API: tRPC over HTTP and websocket on one port.
import type { Queue } from '@lovage/core'
import { type JobsServer, type RouterOf, serve } from '@lovage/server'
import type { tasks } from './tasks.ts'

/** All that a client imports of this file, and only as a type. */
export type AppRouter = RouterOf<typeof tasks>

/** Listens on a free port of this machine. Whoever has the token may call; jobs belong to him. */
export function startServer(queue: Queue<typeof tasks>, token: string): Promise<JobsServer<AppRouter>> {
  return serve({ queue, authenticate: (given) => (given === token ? 'demonstration' : null) })
}
