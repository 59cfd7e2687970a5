// The `./trpc.ts` that a reader of the docs has: a tRPC instance and a procedure for those who are signed in.
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'

export const t = initTRPC.context<{ userId?: string }>().create({ transformer: superjson })

export const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.userId === undefined) throw new TRPCError({ code: 'UNAUTHORIZED' })
  return next({ ctx: { userId: ctx.userId } })
})
