// Nobody sees, follows or cancels a job that is not his; and what is not his does not exist.
import { newJobId } from '@lovage/core'
import { jobsRouter, serve } from '@lovage/server'
import { initTRPC, TRPCError } from '@trpc/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

const input = { texts: ['mine'] }

test("another's job is NOT_FOUND to get, cancel and follow, in the words for a job that never was", async () => {
  await using it = await createHarness(tasks)
  const ada = it.client({ token: 'ada' }).jobs
  const bob = it.client({ token: 'bob' }).jobs
  const { id } = await ada.score.enqueue(input)
  const unknown = newJobId()

  for (const jobs of [bob, bob.score]) {
    const attempts = (asked: string) => [
      jobs.get(asked),
      jobs.cancel(asked, 'I am not ada'),
      bob.score.result(asked),
      bob.attach({ id: asked, task: 'score' }).notices().next(),
    ]
    const answers = await Promise.allSettled(attempts(id))
    const answersToUnknown = await Promise.allSettled(attempts(unknown))
    const plain = (results: PromiseSettledResult<unknown>[], asked: string) =>
      results.map((result) => {
        if (result.status === 'fulfilled') throw new Error(`answered with ${JSON.stringify(result.value)}`)
        const { code, message } = result.reason as { code: string; message: string }
        return { code, message: message.replace(asked, 'ID') }
      })
    expect(plain(answers, id)).toEqual(
      Array.from({ length: 4 }, () => ({ code: 'NOT_FOUND', message: 'There is no job ID.' })),
    )
    expect(plain(answers, id)).toEqual(plain(answersToUnknown, unknown))
  }
  expect(await ada.get(id)).toMatchObject({ state: 'queued' })
})

test('a feed carries the jobs of its owner alone, live and from history, on one task and across all', async () => {
  await using it = await createHarness(tasks)
  const names = ['ada', 'bob'] as const
  const seen: Record<string, string[]> = {}
  const enqueued: Record<string, string[]> = {}
  const feeds = names.flatMap((token) => {
    const { jobs } = it.client({ token })
    return [jobs.notices(), jobs.score.notices()].map((feed, index) => ({
      feed,
      token,
      name: `${token} ${index}`,
    }))
  })
  await Promise.all(feeds.map(({ feed }) => feed.next()))

  for (const token of ['ada', 'bob', 'bob', 'ada', 'ada']) {
    const { id } = await it.client({ token }).jobs.score.enqueue(input)
    ;(enqueued[token] ??= []).push(id)
    await it.driver.succeed(await it.driver.next(), [])
  }
  const history = names.map((token) => ({
    feed: it.client({ token }).jobs.notices({ from: 'start' }),
    token,
    name: `${token} history`,
  }))

  for (const { feed, token, name } of [...feeds, ...history]) {
    const ids: string[] = []
    for await (const notice of feed) {
      if ('jobId' in notice) ids.push(notice.jobId)
      if (ids.length === enqueued[token]?.length) break
    }
    seen[name] = ids
  }
  for (const { token, name } of [...feeds, ...history]) expect(seen[name], name).toEqual(enqueued[token])
})

test('a cancel is recorded with the owner who asked; where everything is public, with nobody', async () => {
  await using it = await createHarness(tasks)
  const job = await it.client({ token: 'ada' }).jobs.sweep.enqueue()
  await job.cancel('no need')
  await expect(job.result()).rejects.toMatchObject({
    code: 'JOB_CANCELLED',
    details: { by: 'ada', reason: 'no need' },
  })

  await using open = await createHarness(tasks, { isPublic: true })
  const mine = await open.client({ token: 'ada' }).jobs.sweep.enqueue()
  const found = open.client({ token: 'bob' }).jobs.attach(mine.toJSON())
  expect(await found.cancel()).toEqual({ outcome: 'cancelled' })
  await expect(mine.result()).rejects.toMatchObject({ details: { by: null, reason: null } })
})

test('an owner that is no text lets nobody in, and one that throws says why', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.create({ transformer: superjson })
  const owned = (owner: () => string) =>
    t.router({ jobs: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner }) })
  const { id } = await it.queue.sweep.enqueue()
  for (const nobody of ['', undefined, null, 7]) {
    const { jobs } = owned(() => nobody as string).createCaller({})
    await expect(jobs.get({ id })).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    await expect(jobs.sweep.enqueue()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  }
  const refused = owned(() => {
    throw new TRPCError({ code: 'FORBIDDEN', message: 'not on Sundays' })
  })
  await expect(refused.createCaller({}).jobs.get({ id })).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: 'not on Sundays',
  })
})

test('serve refuses to start without knowing who may call', async () => {
  await using it = await createHarness(tasks)
  // @ts-expect-error either authenticate or owner: 'public' is required
  await expect(serve({ queue: it.queue })).rejects.toThrow(/authenticate/)
})
