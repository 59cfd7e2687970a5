// Rights that are taken away while somebody listens.
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { createJobsClient } from '@lovage/client'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'

describe.each(transports)('by %s', (_, transport) => {
  test('a session that is ended hears nothing more, its calls are refused, and others go on', async () => {
    const ended = new Set<string>()
    await using it = await createHarness(tasks)
    const t = initTRPC.context<{ session: string }>().create({ transformer: superjson })
    const router = t.router({
      jobs: jobsRouter({
        t,
        queue: it.queue,
        procedure: t.procedure,
        owner: () => 'ada',
        revoked: ({ ctx }) => ended.has(ctx.session),
        revokedEvery: 0,
      }),
    })
    await using server = await serve({
      router,
      closeGraceMs: 0,
      createContext: ({ req, info }) => ({
        session: info.connectionParams?.['token'] ?? req.headers.authorization?.slice(7) ?? '',
      }),
    })
    const client = (session: string) =>
      createJobsClient<typeof router>({ url: server.url, ...transport, auth: () => session, random: () => 0 })
    await using phone = client('phone')
    await using laptop = client('laptop')
    const feeds = [phone.jobs.notices(), laptop.jobs.notices()] as const
    for (const feed of feeds) await feed.next()
    const job = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
    const following = phone.jobs.attach({ id: job.id, task: 'sweep' }).notices()
    await following.next()

    ended.add('phone')
    await it.driver.succeed(await it.driver.next(), undefined)
    for (const loop of [feeds[0], following]) {
      await expect(loop.next()).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        details: { message: 'The right to listen was taken away.' },
      })
    }
    expect((await feeds[1].next()).value).toMatchObject({ type: 'succeeded' })
    await expect(phone.jobs.notices().next()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  })

  test('with serve, a caller says himself whether he was revoked: calls, new loops and living ones are refused', async () => {
    let isRevoked = false
    await using it = await createHarness(tasks, {
      authenticate: (token) => token && { owner: token, revoked: async () => isRevoked },
    })
    const { jobs } = it.client(transport)
    const job = await jobs.sweep.enqueue()
    await jobs.notices().next()
    isRevoked = true
    const refused = { code: 'UNAUTHORIZED' }
    await expect(jobs.sweep.enqueue()).rejects.toMatchObject(refused)
    await expect(jobs.get(job.id)).rejects.toMatchObject(refused)
    await expect(jobs.notices().next()).rejects.toMatchObject(refused)
  })

  test('one who cannot be asked lets nobody listen, and is asked again', async () => {
    let failures = 3
    await using it = await createHarness(tasks, {
      onError: () => {},
      authenticate: (token) =>
        token && {
          owner: token,
          revoked: () => {
            if (failures-- > 0) throw new Error('the directory is down')
            return false
          },
        },
    })
    const { jobs } = it.client(transport)
    expect((await jobs.notices().next()).value?.type).toBe('ready')
    expect(failures).toBe(-1)
  })
})
