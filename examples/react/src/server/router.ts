// The application's own router, with the jobs router in it, behind the application's own idea of who is signed in.
import type { Queue } from '@lovage/core'
import { jobsRouter } from '@lovage/server'
import { initTRPC, TRPCError } from '@trpc/server'
import { readAddresses } from 'lovage-example-sentiment/corpus'
import superjson from 'superjson'
import type { tasks } from './tasks.ts'

/** Here a token is its owner's name. Yours would be verified. */
const users: ReadonlySet<string> = new Set(['ada', 'grace'])

export interface Context {
  token: string | null
}

const t = initTRPC.context<Context>().create({ transformer: superjson })

const signedIn = t.procedure.use(({ ctx: { token }, next }) => {
  if (token === null || !users.has(token)) {
    throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Please sign in.' })
  }
  return next({ ctx: { user: token } })
})

/** What can be picked on the page: every address, without its text. */
const catalogue = readAddresses().map(({ president, year }, address) => ({ address, president, year }))

export const createAppRouter = (queue: Queue<typeof tasks>) =>
  t.router({
    jobs: jobsRouter({ t, queue, procedure: signedIn, owner: ({ ctx }) => ctx.user }),
    addresses: signedIn.query(() => catalogue),
  })

/** All that the page imports of the server, and only as a type. */
export type AppRouter = ReturnType<typeof createAppRouter>
