// Lists and notices of many jobs: live, bounded, each notice once.
import { recordHook } from './page.tsx'
import { useConnection, useJobs, useNotices } from '@lovage/client/react'
import { defineTasks, queueOver, task } from '@lovage/core'
import { serve } from '@lovage/server'
import { act, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

test('every notice is told once and in order, also in StrictMode and through a pulled cable; the newest are kept', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const told: number[] = []
  const { result, rerender, unmount, seen } = recordHook(() =>
    useNotices(jobs.score, {
      types: ['progress'],
      limit: 3,
      onNotice: (notice) => void (notice.type === 'progress' && told.push(notice.data.done)),
    }),
  )
  expect(seen[0]).toMatchObject({ notices: [], isLive: false, connection: 'idle' })
  await waitFor(() => expect(result.current).toMatchObject({ isLive: true, connection: 'connected' }))
  await jobs.score.enqueue({ texts: [] })
  const claimed = await it.driver.next()
  for (let done = 1; done <= 5; done++) await it.driver.report(claimed, { done, total: 9 })
  await waitFor(() => expect(told).toHaveLength(5))
  it.line.cut()
  rerender()
  for (let done = 6; done <= 9; done++) await it.driver.report(claimed, { done, total: 9 })
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]))
  await waitFor(() =>
    expect(result.current.notices).toMatchObject([9, 8, 7].map((done) => ({ data: { done } }))),
  )
  expect(result.current.cursor).toBe(result.current.notices[0]?.cursor)
  expect(it.followers()).toBe(1)
  unmount()
  await it.abandoned()
})

test('from a cursor, notices go on where they were: none twice, none missing', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const first = recordHook(() => useNotices(jobs))
  await waitFor(() => expect(first.result.current.isLive).toBe(true))
  const ids = (await jobs.sweep.enqueueMany([undefined, undefined, undefined])).map(({ id }) => id)
  const [one, two, three] = await it.driver.claim(3)
  await it.driver.succeed(one!, undefined)
  await waitFor(() => expect(first.result.current.notices).toHaveLength(1))
  const { cursor } = first.result.current
  first.unmount()
  await it.driver.succeed(two!, undefined)
  await it.driver.succeed(three!, undefined)
  const second = recordHook(() => useNotices(jobs, { from: cursor! }))
  await waitFor(() => expect(second.result.current.notices).toHaveLength(2))
  expect(second.result.current.notices.map(({ jobId }) => jobId)).toEqual([ids[2], ids[1]])
})

test('after another filter, and after the end, nobody is told what he did not ask for; nothing is told twice', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const told: string[] = []
  const both = recordHook(() => useNotices(jobs))
  const one = recordHook(
    ({ task }: { task: 'sweep' | 'mail.greet' }) =>
      useNotices(jobs, { tasks: [task], onNotice: (notice) => void told.push(notice.task) }),
    { task: 'sweep' },
  )
  await waitFor(() => expect(both.result.current.isLive && one.result.current.isLive).toBe(true))
  const end = async (...names: ('sweep' | 'greet')[]) => {
    for (const name of names) {
      await (name === 'sweep' ? jobs.sweep.enqueue() : jobs.mail.greet.enqueue())
      await it.driver.succeed(await it.driver.next(), name === 'sweep' ? undefined : 'hello')
    }
  }
  one.rerender({ task: 'mail.greet' })
  await waitFor(() => expect(one.result.current.isLive).toBe(true))
  await end('sweep', 'greet')
  await waitFor(() => expect(told).toEqual(['mail.greet']))
  await waitFor(() => expect(both.result.current.notices).toHaveLength(2))
  one.unmount()
  await end('greet', 'sweep')
  await waitFor(() => expect(both.result.current.notices).toHaveLength(4))
  expect(told).toEqual(['mail.greet'])
})

test('a listener that throws does not end the feed; the feed of a stranger is silent', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const thrown: unknown[] = []
  const uncaught = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error))
  it.cleanUp(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of uncaught) process.on('uncaughtException', listener)
  })
  const angry = recordHook(() =>
    useNotices(jobs, {
      onNotice: () => {
        throw new Error('a bug of the page')
      },
    }),
  )
  const bob = it.client({ token: 'bob' })
  const stranger = recordHook(() => useNotices(bob.jobs))
  await waitFor(() => expect(angry.result.current.isLive && stranger.result.current.isLive).toBe(true))
  await jobs.sweep.enqueueMany([undefined, undefined])
  for (const claimed of await it.driver.claim(2)) await it.driver.succeed(claimed, undefined)
  await waitFor(() => expect(angry.result.current.notices).toHaveLength(2))
  await waitFor(() => expect(thrown).toMatchObject([{ message: 'a bug of the page' }, {}]))
  expect(stranger.result.current.notices).toEqual([])
})

test('a feed that is refused says why, and resumes', async () => {
  await using it = await createHarness(tasks)
  let token = ''
  const { jobs } = it.client({ auth: () => token })
  const { result } = recordHook(() => useNotices(jobs))
  await waitFor(() => expect(result.current.error).toMatchObject({ code: 'UNAUTHORIZED' }))
  token = 'ada'
  act(() => result.current.resume())
  await waitFor(() => expect(result.current).toMatchObject({ isLive: true, error: undefined }))
})

/** Tasks that also say when a job is enqueued and when it starts. */
const talkative = defineTasks({
  resize: task({
    input: z.object({ image: z.string() }),
    output: z.string(),
    progress: z.number(),
    notices: ['queued', 'started'],
  }),
  sweep: task(),
})

test('a list begins with what the feed has kept, newest first, a page at a time, and is live', async () => {
  await using it = await createHarness(talkative)
  const { jobs } = it.client()
  const images = Array.from({ length: 7 }, (_, at) => ({ image: `${at}.png` }))
  const handles = await jobs.resize.enqueueMany(images)
  await jobs.sweep.enqueue()
  const { result } = recordHook(() => ({
    ...useJobs(jobs, { tasks: ['resize'], limit: 3 }),
    line: useConnection(jobs),
  }))
  await waitFor(() => expect(result.current.isLive).toBe(true))
  const newest = handles.map(({ id }) => id).toReversed()
  expect(result.current.jobs.map(({ id }) => id)).toEqual(newest.slice(0, 3))
  expect(result.current).toMatchObject({ hasMore: true, isLive: true, missed: 0, line: 'connected' })
  await act(() => result.current.more())
  await act(() => result.current.more())
  expect(result.current.jobs.map(({ id }) => id)).toEqual(newest)
  expect(result.current.hasMore).toBe(false)

  const untouched = result.current.jobs.slice(0, 6)
  const [claimed] = await it.driver.claim(1, ['resize'])
  await it.driver.report(claimed!, 0.5)
  await waitFor(() =>
    expect(result.current.jobs[6]).toMatchObject({ state: 'running', progress: 0.5, attempt: 1 }),
  )
  await it.driver.succeed(claimed!, 'small.png')
  await waitFor(() =>
    expect(result.current.jobs[6]).toMatchObject({ state: 'succeeded', result: 'small.png' }),
  )
  for (const [at, job] of untouched.entries()) expect(result.current.jobs[at]).toBe(job)
  const { id } = await jobs.resize.enqueue({ image: 'new.png' })
  await waitFor(() => expect(result.current.jobs[0]).toMatchObject({ id, state: 'queued' }))
})

test('a list begins with what is there, though the feed never spoke of it, and reads on a page at a time', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const waiting = await jobs.sweep.enqueueMany(Array.from({ length: 230 }, () => undefined))
  await jobs.mail.greet.enqueue({ name: 'Ada' })
  const { result } = recordHook(() => useJobs(jobs.sweep, { limit: 80 }))
  await waitFor(() => expect(result.current.jobs).toHaveLength(80))
  expect(result.current).toMatchObject({ hasMore: true, isLive: true })
  const counts = [80]
  while (result.current.hasMore) {
    await act(() => result.current.more())
    counts.push(result.current.jobs.length)
  }
  const newest = waiting.map(({ id }) => id).toReversed()
  expect(result.current.jobs.map(({ id }) => id)).toEqual(newest)
  expect(counts).toEqual([80, 160, 230])

  const [claimed] = await it.driver.claim(1, ['sweep'])
  await it.driver.succeed(claimed!, undefined)
  await waitFor(() => expect(result.current.jobs.at(-1)).toMatchObject({ state: 'succeeded' }))
  expect(result.current.jobs).toHaveLength(230)
})

test('a list of some tasks begins with the jobs of these, and with nobody else’s', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const mine = [await jobs.sweep.enqueue(), await jobs.mail.greet.enqueue({ name: 'Ada' })]
  await jobs.score.enqueue({ texts: [] })
  await it.client({ token: 'bob' }).jobs.sweep.enqueue()
  const some = recordHook(() => useJobs(jobs, { tasks: ['sweep', 'mail.greet'] }))
  const none = recordHook(() => useJobs(jobs, { list: null }))
  await waitFor(() => expect(some.result.current.isLive && none.result.current.isLive).toBe(true))
  expect(some.result.current.jobs.map(({ id }) => id)).toEqual(mine.map(({ id }) => id).toReversed())
  expect(some.result.current.hasMore).toBe(false)
  expect(none.result.current.jobs).toEqual([])
})

test('a page that could not be listed is asked for again; nobody has to catch that', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const ids = (await jobs.sweep.enqueueMany([undefined, undefined])).map(({ id }) => id)
  let asked = 0
  const list = async ({ after = '0' }: { after?: string }) => {
    asked += 1
    if (asked === 2) throw new Error('not now')
    return { jobs: [await jobs.sweep.get(ids[Number(after)] as string)], next: after === '0' ? '1' : null }
  }
  const { result } = recordHook(() => useJobs(jobs, { list }))
  await waitFor(() => expect(result.current.jobs).toHaveLength(1))
  await act(() => expect(result.current.more()).rejects.toThrow('not now'))
  expect(result.current).toMatchObject({ hasMore: true, error: undefined })
  act(() => void result.current.more())
  await waitFor(() => expect(result.current.jobs).toHaveLength(2))
  expect(result.current.hasMore).toBe(false)
})

test('a list that is given a listing has what the feed is silent about, at the start and after a gap', async () => {
  await using it = await createHarness(talkative, { streamMaxLen: 5 })
  const { jobs } = it.client()
  const waiting = await jobs.sweep.enqueue() // without a word on the feed
  const known = [waiting.id]
  const list = async () => ({
    jobs: await Promise.all(known.map((id) => jobs.sweep.get(id))),
  })
  const { result } = recordHook(() => useJobs(jobs, { list }))
  const listed = (): string[] => result.current.jobs.map(({ id, state }) => `${id} ${state}`)
  await waitFor(() => expect(listed()).toEqual([`${waiting.id} queued`]))
  const claimed = await it.driver.next()
  await it.driver.succeed(claimed, undefined)
  await waitFor(() => expect(listed()).toEqual([`${waiting.id} succeeded`]))

  await it.server.close()
  const later = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
  known.push(later.id)
  await it.queue.resize.enqueueMany(Array.from({ length: 9 }, () => ({ image: 'a.png' })))
  await restart(it)
  await waitFor(() => expect(result.current.missed).toBeGreaterThan(0))
  await waitFor(() => expect(listed()).toEqual([`${later.id} queued`, `${waiting.id} succeeded`]))
})

/** Another process, which knows no more of the feed than the store does. */
async function restart(it: Harness<typeof talkative>): Promise<void> {
  const server = await serve({
    queue: queueOver(talkative, it.store),
    authenticate: (token) => token,
    port: it.server.port,
    closeGraceMs: 0,
  })
  it.cleanUp(() => server.close())
}

test('after a gap the jobs of a list are as they are, and those that are no longer kept are gone', async () => {
  await using it = await createHarness(talkative, { streamMaxLen: 5 })
  const { jobs } = it.client()
  const images = Array.from({ length: 4 }, (_, at) => ({ image: `${at}.png` }))
  const ids = (await jobs.resize.enqueueMany(images)).map(({ id }) => id)
  const [one, two, three] = await it.driver.claim(3)
  await it.driver.succeed(one!, 'first.png')
  const { result } = recordHook(() => useJobs(jobs.resize))
  const listed = (): string[] => result.current.jobs.map(({ id, state }) => `${ids.indexOf(id)} ${state}`)
  await waitFor(() => expect(result.current.isLive).toBe(true))
  await it.driver.report(two!, 0.5)
  await waitFor(() => expect(listed()).toContain('1 running'))
  const { missed } = result.current

  await it.server.close()
  await it.driver.succeed(two!, 'second.png')
  await it.driver.succeed(three!, 'third.png', 0) // of which nothing is kept
  const last = await it.driver.next()
  for (let share = 0; share < 8; share++) await it.driver.report(last, share)
  await restart(it)
  await waitFor(() => expect(result.current.missed).toBeGreaterThan(missed))
  await waitFor(() => expect(listed()).toEqual(['3 running', '1 succeeded', '0 succeeded']))
})

test('a list is bounded, tells what was trimmed, and takes five hundred jobs in a few renders', async () => {
  await using it = await createHarness(talkative, { streamMaxLen: 700 })
  const { jobs } = it.client()
  const handles = await jobs.resize.enqueueMany(Array.from({ length: 500 }, () => ({ image: 'a.png' })))
  for (let claimed = await it.driver.claim(100); claimed.length > 0; claimed = await it.driver.claim(100))
    for (const job of claimed) await it.driver.succeed(job, 'b.png')
  const { result, seen } = recordHook(() => useJobs(jobs.resize, { limit: 1_000, keep: 100 }))
  await waitFor(() => expect(result.current).toMatchObject({ isLive: true, missed: 300 }))
  expect(result.current.jobs).toHaveLength(100)
  expect(result.current.jobs.map(({ id }) => id)).toEqual(
    handles
      .slice(-100)
      .map(({ id }) => id)
      .toReversed(),
  )
  expect(new Set(result.current.jobs.map(({ state }) => state))).toEqual(new Set(['succeeded']))
  expect(seen.length).toBeLessThan(100)
})
