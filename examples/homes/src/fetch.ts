// A fetch handler, as Next.js (`app/api/trpc/[trpc]/route.ts`), Hono, Bun, Deno and the edge have them: no websocket,
// so notices travel as Server-Sent Events. In Next.js the last line would be `export { handler as GET, handler as POST }`.
import type { Queue } from '@lovage/core'
import { limitSubscriptions } from '@lovage/server'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import type { TRPCRequestInfo } from '@trpc/server/http'
import { contextOf, createAppRouter } from './router.ts'
import type { tasks } from './tasks.ts'

/** @param endpoint  The path before the procedures' names, such as `/api/trpc`. */
export function createFetchHandler(queue: Queue<typeof tasks>, endpoint: string) {
  const router = createAppRouter(queue)
  const createContext = ({ req, info }: { req: Request; info: TRPCRequestInfo }) =>
    contextOf(req.headers.get('authorization'), info)

  return (req: Request): Promise<Response> =>
    fetchRequestHandler({ endpoint, req, router, createContext: limitSubscriptions(createContext) })
}
