// What leaves the server when something fails: a code, its details, and nothing that only operators should know.
import { type ErrorCode, LovageError, type Store } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { queueOver } from '@lovage/core'
import { jobsRouter, serve, TRPC_CODES } from '@lovage/server'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import { initTRPC, type TRPCError, TRPCError as TRPCFailure } from '@trpc/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('every code has its place in the table', () => {
  expect(TRPC_CODES satisfies Record<ErrorCode, string>).toMatchObject({
    INPUT_INVALID: 'BAD_REQUEST',
    CURSOR_INVALID: 'BAD_REQUEST',
    TASK_UNKNOWN: 'BAD_REQUEST',
    NOT_FOUND: 'NOT_FOUND',
    RESULT_EXPIRED: 'NOT_FOUND',
    PAYLOAD_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
    STORE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
    UNAUTHORIZED: 'UNAUTHORIZED',
    TOO_MANY_SUBSCRIPTIONS: 'TOO_MANY_REQUESTS',
    INTERNAL: 'INTERNAL_SERVER_ERROR',
  })
})

/** A user's own server, in development mode, over a store that fails. */
async function failing(fail: () => Error) {
  const store: Store = Object.assign(createMemoryStore(), { get: () => Promise.reject(fail()) })
  const t = initTRPC.create({
    transformer: superjson,
    isDev: true,
    errorFormatter: ({ shape, error }) => ({
      ...shape,
      data: { ...shape.data, flavour: 'mint', stack: error.stack },
    }),
  })
  const guarded = t.procedure.use(({ next, type }) => {
    if (type === 'mutation') throw new TRPCFailure({ code: 'PAYMENT_REQUIRED', message: 'no credit' })
    return next()
  })
  const errors: { error: TRPCError; path: string | undefined }[] = []
  const router = t.router({
    jobs: jobsRouter({ t, queue: queueOver(tasks, store), procedure: guarded, owner: 'public' }),
  })
  const server = await serve({ router, closeGraceMs: 0, onError: (event) => errors.push(event) })
  const client = createTRPCClient<typeof router>({
    links: [httpBatchLink({ url: server.url, transformer: superjson })],
  })
  return { client, errors, [Symbol.asyncDispose]: () => server.close() }
}

test("an unknown failure is neutral outside and whole inside, in the user's own error shape", async () => {
  await using it = await failing(() => new TypeError('secret of 10.0.0.7'))
  const error = await it.client.jobs.get.query({ id: 'x' }).catch((error: unknown) => error)
  expect(error).toMatchObject({
    message: 'The server failed; its log says why.',
    data: { code: 'INTERNAL_SERVER_ERROR', flavour: 'mint', path: 'jobs.get', lovage: { code: 'INTERNAL' } },
  })
  expect(JSON.stringify((error as { shape: unknown }).shape)).not.toMatch(/secret|stack/)
  expect(it.errors).toMatchObject([{ path: 'jobs.get', error: { cause: { message: 'secret of 10.0.0.7' } } }])
})

test('a store that cannot be reached is told without its address', async () => {
  await using it = await failing(
    () => new LovageError('STORE_UNAVAILABLE', { store: 'Redis at 10.0.0.7', cause: 'ECONNREFUSED' }),
  )
  const error = await it.client.jobs.get.query({ id: 'x' }).catch((error: unknown) => error)
  expect(error).toMatchObject({
    data: { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, lovage: { code: 'STORE_UNAVAILABLE' } },
  })
  expect(JSON.stringify((error as { shape: unknown }).shape)).not.toMatch(/10\.0\.0\.7|ECONNREFUSED|stack/)
  expect(it.errors[0]?.error.cause?.message).toContain('10.0.0.7')
})

test("errors of the user's own middleware pass through as they are", async () => {
  await using it = await failing(() => new Error('not reached'))
  const error = await it.client.jobs.sweep.enqueue.mutate().catch((error: unknown) => error)
  expect(error).toMatchObject({
    message: 'no credit',
    data: { code: 'PAYMENT_REQUIRED', flavour: 'mint', stack: expect.stringContaining('no credit') },
  })
  expect((error as { data: object }).data).not.toHaveProperty('lovage')
})

test('the stack of a failed job reaches no client: not in get, not in a notice, not in an error, in no frame at all', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const feed = jobs.notices()
  await feed.next()
  const job = await jobs.score.enqueue({ texts: [] })
  const following = job.notices()
  expect(await following.next()).toMatchObject({ value: { type: 'ready' } })
  await it.driver.retry(await it.driver.next(), 'at first', 0)
  await it.driver.fail(await it.driver.next(), 'at last')
  const failure = { error: { name: 'Error', message: 'at last' } }
  for (const notices of [feed, following, jobs.score.notices({ from: 'start' })]) {
    const types: string[] = []
    for await (const notice of notices) {
      types.push(notice.type)
      if (notice.type !== 'failed') continue
      expect(notice.error).toEqual(failure.error)
      break
    }
    expect(types.slice(-2)).toEqual(['retrying', 'failed'])
  }
  await expect(job.result()).rejects.toMatchObject({ code: 'JOB_FAILED', details: failure })
  expect(await job.get()).toMatchObject(failure)
  expect(await jobs.get(job.id)).toMatchObject(failure)
  expect(await it.bare().jobs.get.query({ id: job.id })).toMatchObject(failure)

  expect((await it.store.get(job.id)) as object).toMatchObject({
    error: { stack: expect.stringContaining('operators only') },
  })
  expect(it.line.heard).toContain('at last')
  expect(it.line.heard).not.toMatch(/stack|operators only/)
})
