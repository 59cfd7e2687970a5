// The two clients of the page, for one signed-in user: ours for jobs, tRPC's own for the application's procedures.
import { createJobsClient } from '@lovage/client'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import superjson from 'superjson'
import type { AppRouter } from '../server/router.ts'

export type Client = ReturnType<typeof createClient>

const url = '/trpc'

export function createClient(user: string) {
  const { jobs, connection, close } = createJobsClient<AppRouter>({ url, auth: () => user })
  const headers = { authorization: `Bearer ${user}` }
  const trpc = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url, transformer: superjson, headers })],
  })
  return { jobs, connection, close, trpc }
}
