// The application's own router, with the jobs router in it, behind the application's own idea of who is signed in.
import type { Queue } from '@lovage/core'
import { jobsRouter } from '@lovage/server'
import { initTRPC, TRPCError } from '@trpc/server'
import { readAddresses } from 'lovage-example-sentiment/corpus'
import superjson from 'superjson'
import { z } from 'zod'
import type { tasks } from './tasks.ts'
import { issueToken, sessionOf } from './tokens.ts'

export interface Context {
  token: string | null
}

const t = initTRPC.context<Context>().create({ transformer: superjson })

const signedIn = t.procedure.use(({ ctx: { token }, next }) => {
  const session = sessionOf(token)
  if (session === null) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Please sign in.' })
  return next({ ctx: { session } })
})

/** What can be picked on the page: every address, without its text. */
const catalogue = readAddresses().map(({ president, year }, address) => ({ address, president, year }))

export const createAppRouter = (queue: Queue<typeof tasks>) =>
  t.router({
    jobs: jobsRouter({
      t,
      queue,
      procedure: signedIn,
      owner: ({ ctx }) => ctx.session.user,
      expires: ({ ctx }) => ctx.session.expiresAt, // who listens for days has to show a new token now and then
    }),
    addresses: signedIn.query(() => catalogue),
    /** Here nobody has a password. */
    signIn: t.procedure
      .input(z.object({ user: z.enum(['ada', 'grace']) }))
      .mutation(({ input }) => issueToken(input.user)),
  })

/** All that the page imports of the server, and only as a type. */
export type AppRouter = ReturnType<typeof createAppRouter>
