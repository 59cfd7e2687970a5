/** The client's types come from the type of the router alone; what is wrong does not compile. */
import { createJobsClient, type JobsClient } from '@lovage/client'
import type { CancelOutcome, Cursor, Failure, Job, JobHandle, Queue } from '@lovage/core'
import { jobsRouter, type RouterOf, type Ticket } from '@lovage/server'
import { createTRPCClient, type TRPCClientError } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { expectTypeOf } from 'vitest'
import type { tasks } from '../kit/contract.ts'

declare const queue: Queue<typeof tasks>
const t = initTRPC.context<{ userId: string }>().create({ transformer: superjson })
const appRouter = t.router({
  jobs: jobsRouter({ t, queue, procedure: t.procedure, owner: ({ ctx }) => ctx.userId }),
  admin: {
    work: jobsRouter({ t, queue, procedure: t.procedure, owner: 'public' }),
    ping: t.procedure.query(() => 'pong'),
  },
  hello: t.procedure.query(() => 'hello'),
})
type AppRouter = typeof appRouter

type Label = 'positive' | 'negative'
type Scores = { text: string; label: Label }[]
const client = createJobsClient<AppRouter>({ url: '/trpc', auth: async () => 'token' })
const { jobs } = client

export async function calls(): Promise<void> {
  const job = await jobs.score.enqueue(
    { texts: ['a'], at: new Date() },
    { delay: '10s', attempts: 2, timeLimit: 1_000 },
  )
  expectTypeOf(job.task).toEqualTypeOf<'score'>()
  expectTypeOf(await job.result({ timeout: '1m' })).toEqualTypeOf<Scores>()
  expectTypeOf(await jobs.score.result(job.id)).toEqualTypeOf<Scores>()
  expectTypeOf(await job.cancel('why')).toEqualTypeOf<CancelOutcome>()
  expectTypeOf(job.toJSON()).toEqualTypeOf<{ id: string; task: 'score'; cursor: Cursor }>()
  expectTypeOf(await jobs.score.enqueueMany([{ texts: [] }])).toExtend<{ id: string }[]>()
  expectTypeOf(await (await jobs.mail.send.enqueue({ to: 'a@b.c' })).result()).toEqualTypeOf<
    Map<string, Date>
  >()
  expectTypeOf(await (await jobs.sweep.enqueue()).result()).toEqualTypeOf<undefined>()
  expectTypeOf(await (await jobs.mail.greet.enqueue()).result()).toEqualTypeOf<string>()
  expectTypeOf(await (await client.admin.work.mail.greet.enqueue({})).result()).toEqualTypeOf<string>()

  // @ts-expect-error texts are strings
  await jobs.score.enqueue({ texts: [1] })
  // @ts-expect-error the input is not optional
  await jobs.score.enqueue()
  // @ts-expect-error it takes nothing
  await jobs.sweep.enqueue({ all: true })
  // @ts-expect-error there is no such task
  await jobs.scroe.enqueue({ texts: [] })
  // @ts-expect-error nor is there one of this name
  await jobs.send.enqueue({ to: 'a@b.c' })
  // @ts-expect-error a duration has a unit
  await jobs.sweep.enqueue(undefined, { delay: 'soon' })
  // @ts-expect-error owners are given by the server
  await jobs.sweep.enqueue(undefined, { owner: 'bob' })
  // @ts-expect-error many jobs cannot have one id
  await jobs.sweep.enqueueMany([undefined], { id: 'x' })
  // @ts-expect-error procedures without jobs are no business of this client
  void client.hello
  // @ts-expect-error nor those beside a jobs router
  void client.admin.ping
  // @ts-expect-error a handle is no promise: it is followed, or asked for its result
  job.then(() => {})
}

export async function notices(): Promise<void> {
  const job = await jobs.score.enqueue({ texts: [] })
  for await (const notice of job) {
    expectTypeOf(notice.cursor).toEqualTypeOf<Cursor>()
    if (notice.type === 'progress') expectTypeOf(notice.data).toEqualTypeOf<{ done: number; total: number }>()
    else if (notice.type === 'succeeded') expectTypeOf(notice.result).toEqualTypeOf<Scores>()
    else if (notice.type === 'failed') expectTypeOf(notice.error).toEqualTypeOf<Failure>()
    else if (notice.type === 'gap') expectTypeOf(notice.missed).toEqualTypeOf<number>()
    // @ts-expect-error there is no such notice
    if (notice.type === 'done') return
    // @ts-expect-error only a notice that succeeded has a result
    void notice.result
  }
  for await (const notice of jobs.notices({
    tasks: ['send-mail', 'mail.greet'],
    types: ['succeeded'],
    from: 'start',
  })) {
    if (notice.type !== 'succeeded') continue
    if (notice.task === 'score') expectTypeOf(notice.result).toEqualTypeOf<Scores>()
    if (notice.task === 'send-mail') expectTypeOf(notice.result).toEqualTypeOf<Map<string, Date>>()
    if (notice.task === 'sweep') expectTypeOf(notice.result).toEqualTypeOf<undefined>()
    // @ts-expect-error there is no such task
    if (notice.task === 'scroe') return
  }
  // @ts-expect-error the wire name counts, not the key
  jobs.notices({ tasks: ['mail.send'] })
  // @ts-expect-error the feed of one task has no tasks to choose from
  jobs.score.notices({ tasks: ['score'] })
}

export async function jobsAcrossTasks(): Promise<void> {
  const job = await jobs.get('id')
  expectTypeOf(job.task).toEqualTypeOf<'score' | 'sweep' | 'send-mail' | 'mail.greet'>()
  if (job.task === 'score' && job.state === 'succeeded') expectTypeOf(job.result).toEqualTypeOf<Scores>()
  if (job.state === 'running') expectTypeOf(job.startedAt).toEqualTypeOf<number>()
  // @ts-expect-error a job that waits has no result
  if (job.state === 'queued') void job.result
  expectTypeOf(await jobs.score.get('id')).toExtend<Job>()
  expectTypeOf(await jobs.attach({ id: 'x', task: 'score' }).result()).toEqualTypeOf<Scores>()
  expectTypeOf(jobs.attach({ id: 'x', task: 'send-mail', cursor: '' })).toExtend<JobHandle>()
  // @ts-expect-error a handle knows what its job gives
  jobs.attach({ id: 'x', task: 'scroe' })
}

export function controls(): void {
  expectTypeOf(client.close).toEqualTypeOf<() => Promise<void>>()
  expectTypeOf(client.connection.state).toEqualTypeOf<
    'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed'
  >()
  // What `serve({ queue })` serves has a name, for where the server itself is out of reach.
  expectTypeOf<JobsClient<RouterOf<typeof tasks>>['jobs']['sweep']['enqueue']>().toEqualTypeOf<
    (typeof jobs)['sweep']['enqueue']
  >()
  const plain = initTRPC.create()
  const plainRouter = plain.router({
    jobs: jobsRouter({ t: plain, queue, procedure: plain.procedure, owner: 'public' }),
  })
  // @ts-expect-error without a transformer on the server the two would not understand each other
  createJobsClient<typeof plainRouter>({ url: '/trpc' })
  void plainRouter
}

export async function bare(): Promise<void> {
  const trpc = createTRPCClient<AppRouter>({ links: [] })
  const ticket = await trpc.jobs.score.enqueue.mutate({ input: { texts: [] }, delay: '1s' })
  expectTypeOf(ticket).toExtend<Ticket>()
  expectTypeOf(jobs.attach(ticket).task).toEqualTypeOf<'score'>()
  await trpc.jobs.sweep.enqueue.mutate()
  for await (const { id, data } of trpc.jobs.score.notices.subscribe({
    id: ticket.id,
    from: ticket.cursor,
  })) {
    expectTypeOf(id).toEqualTypeOf<Cursor>()
    if (data.type === 'progress') expectTypeOf(data.data.done).toEqualTypeOf<number>()
  }
  trpc.jobs.notices.subscribe(
    { tasks: ['score'] },
    {
      onData: ({ data }) =>
        void (
          data.type === 'succeeded' &&
          data.task === 'score' &&
          expectTypeOf(data.result).toEqualTypeOf<Scores>()
        ),
      onError: (error: TRPCClientError<{ errorShape: never; transformer: true }> | { data: unknown }) =>
        void error,
    },
  )
  const [error] = [await trpc.jobs.get.query({ id: 'x' }).catch((error: unknown) => error)]
  void error
  // @ts-expect-error an input is required
  await trpc.jobs.score.enqueue.mutate({})
  // @ts-expect-error a misspelt option
  await trpc.jobs.sweep.enqueue.mutate({ delya: '1s' })
  // @ts-expect-error no such task
  trpc.jobs.notices.subscribe({ tasks: ['scroe'] })
}
