// The two clients of the page, for one signed-in user: ours for jobs, tRPC's own for the application's procedures.
import { createJobsClient } from '@lovage/client'
import { createTRPCClient, httpBatchLink, TRPCClientError } from '@trpc/client'
import superjson from 'superjson'
import type { AppRouter } from '../server/router.ts'

export type Client = ReturnType<typeof createClient>

const url = '/trpc'

export function createClient(user: string) {
  const auth = createAuth(user)
  const { jobs, connection, close } = createJobsClient<AppRouter>({ url, auth })
  const headers = async () => ({ authorization: `Bearer ${await auth()}` })
  const trpc = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url, transformer: superjson, headers })],
  })
  return { jobs, connection, close, trpc }
}

/** Of a token's life; the rest is for calls that are under way when it ends. */
const goodShare = 0.8

/** Answers a token for as long as it is good, and then another one: what `auth` is asked for each time. */
function createAuth(user: string): () => Promise<string | null> {
  const trpc = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url, transformer: superjson })] })
  let token: string | null = null
  let goodUntil = 0
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    try {
      const answer = await trpc.signIn.mutate({ user: user as 'ada' | 'grace' })
      token = answer.token
      goodUntil = Date.now() + answer.lifeMs * goodShare
    } catch (error) {
      if (error instanceof TRPCClientError && error.data !== undefined) token = null // refused, and not just offline
    } finally {
      asking = undefined
    }
  }

  return async () => {
    if (Date.now() >= goodUntil) await (asking ??= ask())
    return token
  }
}
