/** What a user's own `t`, and a bare tRPC client, see of a jobs router. */
import { defineTasks, type Job, type Queue, task } from '@lovage/core'
import { type inferRouterInputs, type inferRouterOutputs, initTRPC } from '@trpc/server'
import { expectTypeOf } from 'vitest'
import { jobsRouter } from './jobs-router.ts'

const tasks = defineTasks({
  ping: task(),
  mail: { send: task({ name: 'send-mail' }) },
})

declare const queue: Queue<typeof tasks>
const t = initTRPC.context<{ user: { id: string } | null }>().create()
const signedIn = t.procedure.use(({ next }) => next({ ctx: { userId: 'u' } }))

const appRouter = t.router({
  jobs: jobsRouter({
    t,
    queue,
    procedure: signedIn,
    owner: ({ ctx }) => {
      expectTypeOf(ctx).toEqualTypeOf<{ user: { id: string } | null; userId: string }>()
      return ctx.userId
    },
  }),
  deeper: { down: jobsRouter({ t, queue, procedure: t.procedure, owner: 'public' }) },
})

type Inputs = inferRouterInputs<typeof appRouter>
type Outputs = inferRouterOutputs<typeof appRouter>
expectTypeOf<Outputs['deeper']['down']['ping']['get']['task']>().toEqualTypeOf<'ping'>()
expectTypeOf<Outputs['jobs']['mail']['send']['enqueue']['task']>().toEqualTypeOf<'send-mail'>()
expectTypeOf<Outputs['jobs']['get']['task']>().toEqualTypeOf<'ping' | 'send-mail'>()
expectTypeOf<undefined>().toExtend<Inputs['jobs']['ping']['enqueue']>()
expectTypeOf<Outputs['jobs']['ping']['get']['state']>().toEqualTypeOf<Job['state']>()
// @ts-expect-error an owner must be chosen
jobsRouter({ t, queue, procedure: t.procedure })
// @ts-expect-error the context of this procedure knows no user id
jobsRouter({ t, queue, procedure: t.procedure, owner: ({ ctx }) => ctx.userId })
// @ts-expect-error there is one word for everybody, and this is none
jobsRouter({ t, queue, procedure: t.procedure, owner: 'everybody' })
