// The operator router: all that inspect shows, for whom the user's procedure lets in, and nothing of it for others.
import { jobsRouter, operatorRouter, serve } from '@lovage/server'
import { createTRPCClient, httpLink } from '@trpc/client'
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import type { Inspection } from '@lovage/core'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

interface Context {
  role: string | undefined
}

async function served() {
  const it = await createHarness(tasks)
  const t = initTRPC.context<Context>().create({ transformer: superjson })
  const admin = t.procedure.use(({ ctx, next }) => {
    if (ctx.role !== 'admin') throw new TRPCError({ code: 'FORBIDDEN', message: 'For operators only.' })
    return next()
  })
  const router = t.router({
    jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: 'public' }),
    operator: operatorRouter({ t, queue: it.queue, procedure: admin }),
  })
  const server = await serve({
    router,
    createContext: ({ req }) => ({ role: req.headers.authorization }),
    onError: () => {},
    closeGraceMs: 0,
  })
  onTestFinished(async () => {
    await server.close()
    await it[Symbol.asyncDispose]()
  })
  const clientOf = (role: string) =>
    createTRPCClient<typeof router>({
      links: [httpLink({ url: server.url, headers: { authorization: role }, transformer: superjson })],
    })
  return { it, clientOf, t, router }
}

test('an operator sees the jobs of all owners, and who runs them', async () => {
  const { it, clientOf } = await served()
  const { id } = await it.queue.score.enqueue({ texts: [] }, { owner: 'ada' })
  const [job] = await it.driver.claim(1, ['score'])
  await it.driver.report(job!, { done: 1, total: 2 })
  const seen = await clientOf('admin').operator.inspect.query()
  expectTypeOf(seen).toEqualTypeOf<Inspection>()
  expect(seen.counts).toMatchObject({ running: 1, workers: 1 })
  expect(seen.workers).toMatchObject([{ running: 1 }])
  expect(seen.running).toMatchObject([
    { id, task: 'score', owner: 'ada', attempt: 1, progress: { done: 1, total: 2 } },
  ])
  expect(seen.running[0]!.session).toBe(seen.workers[0]!.session)
  expect(await clientOf('admin').operator.inspect.query({ running: 0 })).toMatchObject({ running: [] })
})

test("nobody else gets past the operator's procedure, and a jobs router has no way there", async () => {
  const { clientOf, router } = await served()
  await expect(clientOf('guest').operator.inspect.query()).rejects.toMatchObject({
    data: { code: 'FORBIDDEN' },
  })
  const paths = Object.keys(router._def.procedures)
  expect(paths.filter((path) => path.includes('inspect'))).toEqual(['operator.inspect'])
})

test('a number of jobs that cannot be listed, and an option that is none, are refused in words', async () => {
  const { clientOf } = await served()
  for (const running of [-1, 0.5, 1_001, 'all' as unknown as number]) {
    await expect(clientOf('admin').operator.inspect.query({ running })).rejects.toMatchObject({
      data: { code: 'BAD_REQUEST', lovage: { code: 'OPTION_INVALID', details: { option: 'running' } } },
    })
  }
  await expect(clientOf('admin').operator.inspect.query({ limit: 1 } as never)).rejects.toMatchObject({
    data: { lovage: { details: { option: 'limit', expected: 'one of running' } } },
  })
})

test('there is no operator router without a procedure', async () => {
  const { it, t } = await served()
  // @ts-expect-error the compiler says so as well
  expect(() => operatorRouter({ t, queue: it.queue })).toThrow('needs a `procedure`')
})
