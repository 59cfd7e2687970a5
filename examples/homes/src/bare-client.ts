// tRPC's own client, without ours: calls over HTTP, notices as Server-Sent Events. Types come from the router alone.
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client'
import { EventSource } from 'eventsource'
import superjson from 'superjson'
import type { AppRouter } from './router.ts'

export const createBareClient = (url: string, token: string) =>
  createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        // Browsers have an EventSource of their own; Node 20 has none.
        true: httpSubscriptionLink({ url, transformer: superjson, EventSource, connectionParams: { token } }),
        false: httpBatchLink({
          url,
          transformer: superjson,
          headers: { authorization: `Bearer ${token}` },
        }),
      }),
    ],
  })
