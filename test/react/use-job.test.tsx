// One job in components: from its id to its result, each once and in order, over a real websocket, in StrictMode.
import { recordHook } from './page.tsx'
import { useJob } from '@lovage/client/react'
import { newJobId } from '@lovage/core'
import { render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

/** How often the server was asked to follow one job. */
function countFollows({ engine }: Harness<typeof tasks>): () => number {
  let follows = 0
  const follow = engine.followInBatches.bind(engine)
  engine.followInBatches = (...args) => {
    follows += 1
    return follow(...args)
  }
  return () => follows
}

const scores = [{ text: 'great', label: 'positive' as const }]

test('a job from queued over progress to its result, over one subscription', async () => {
  await using it = await createHarness(tasks)
  const follows = countFollows(it)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: ['great'] })
  const { result, seen } = recordHook(() => useJob(jobs.score, id))
  expect(seen[0]).toMatchObject({ id, status: 'pending', connection: 'connected' })
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const claimed = await it.driver.next()
  await it.driver.report(claimed, { done: 1, total: 2 })
  await waitFor(() => expect(result.current.progress).toEqual({ done: 1, total: 2 }))
  expect(result.current).toMatchObject({ status: 'running', state: 'running', connection: 'connected' })
  await it.driver.succeed(claimed, scores)
  await waitFor(() => expect(result.current.status).toBe('succeeded'))
  expect(result.current).toMatchObject({
    result: scores,
    progress: { done: 1, total: 2 },
    job: { id, task: 'score', attempt: 1, state: 'succeeded' },
    error: undefined,
  })
  expect([...new Set(seen.map(({ status }) => status))]).toEqual([
    'pending',
    'queued',
    'running',
    'succeeded',
  ])
  expect(follows()).toBe(1)
})

test('a thousand reports that come at once are all reduced, in far fewer renders', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result, seen } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const claimed = await it.driver.next()
  for (let done = 1; done <= 1_000; done++) await it.driver.report(claimed, { done, total: 1_000 })
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(result.current.status).toBe('succeeded'))
  expect(result.current.progress).toEqual({ done: 1_000, total: 1_000 })
  const shown = seen.flatMap(({ progress }) => (progress === undefined ? [] : [progress.done]))
  expect(shown).toEqual(shown.toSorted((a, b) => a - b))
  expect(seen.length).toBeLessThan(500)
})

test('who looks at the same job shares its subscription; it ends when the last one has gone', async () => {
  await using it = await createHarness(tasks)
  const follows = countFollows(it)
  const { jobs } = it.client()
  const job = await jobs.score.enqueue({ texts: [] })
  const Status = ({ which }: { which: typeof job | string }) => <i>{useJob(jobs.score, which).status}</i>
  const page = render(
    <>
      <Status which={job.id} />
      <Status which={job} />
      <Status which={job.id} />
    </>,
  )
  await waitFor(() => expect(page.container.textContent).toBe('queuedqueuedqueued'))
  expect([it.followers(), follows()]).toEqual([1, 1])
  page.rerender(<Status which={job} />)
  await it.driver.report(await it.driver.next(), { done: 1, total: 2 })
  await waitFor(() => expect(page.container.textContent).toBe('running'))
  expect([it.followers(), follows()]).toEqual([1, 1])
  page.unmount()
  await it.abandoned()
})

test('the next page, which shows the same job, has it at once and over the same subscription', async () => {
  await using it = await createHarness(tasks)
  const follows = countFollows(it)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const before = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(before.result.current.status).toBe('queued'))
  before.unmount()
  let renders = 0
  const after = recordHook(() => {
    renders += 1
    return useJob(jobs.score, id)
  })
  expect(after.seen.map(({ status }) => status)).not.toContain('pending')
  expect(renders).toBeGreaterThanOrEqual(2) // StrictMode, on which all of this counts
  await it.driver.succeed(await it.driver.next(), scores)
  await waitFor(() => expect(after.result.current.result).toEqual(scores))
  expect(follows()).toBe(1)
})

test('nothing to follow is idle; another id is another job, and shows nothing of the one before', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const first = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const second = await jobs.mail.greet.enqueue({ name: 'Bob' })
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  const nobody: { id: string | null } = { id: null }
  const { result, rerender, seen } = recordHook(
    ({ id }: typeof nobody) => useJob(jobs.mail.greet, id),
    nobody,
  )
  expect(result.current).toMatchObject({ id: null, status: 'idle', job: undefined })
  await expect(result.current.cancel()).rejects.toThrow('There is no job to cancel.')
  rerender({ id: first.id })
  await waitFor(() => expect(result.current.result).toBe('hello Ada'))
  rerender({ id: second.id })
  await waitFor(() => expect(result.current.status).toBe('queued'))
  rerender({ id: null })
  expect(result.current.status).toBe('idle')
  for (const { id, result: value } of seen) expect(value === undefined || id === first.id).toBe(true)
})

test('an attempt that failed is shown until the next one reports; the failure of the job stays', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const first = await it.driver.next()
  await it.driver.report(first, { done: 1, total: 2 })
  await waitFor(() => expect(result.current.progress?.done).toBe(1))
  await it.driver.retry(first, 'the model was busy', 0)
  await waitFor(() => expect(result.current.status).toBe('retrying'))
  expect(result.current.error).toMatchObject({ message: 'the model was busy' })
  const second = await it.driver.next()
  await it.driver.report(second, { done: 2, total: 2 })
  await waitFor(() => expect(result.current.status).toBe('running'))
  expect(result.current).toMatchObject({ job: { attempt: 2 }, progress: { done: 2 }, error: undefined })
  await it.driver.fail(second, 'the model is gone')
  await waitFor(() => expect(result.current.status).toBe('failed'))
  expect(result.current).toMatchObject({ error: { name: 'Error', message: 'the model is gone' } })
})

test('cancel ends the job, and says why to whoever looks', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.sweep.enqueue()
  const { result } = recordHook(() => useJob(jobs.sweep, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  expect(await result.current.cancel('not needed')).toEqual({ outcome: 'cancelled' })
  await waitFor(() => expect(result.current.status).toBe('cancelled'))
  expect(result.current.job).toMatchObject({ by: 'ada', reason: 'not needed' })
})

test('a job of any task, from the jobs of all', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.mail.greet.enqueue({ name: 'Ada' })
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  const { result } = recordHook(() => useJob(jobs, id))
  await waitFor(() => expect(result.current.status).toBe('succeeded'))
  expect(result.current).toMatchObject({ job: { task: 'mail.greet' }, result: 'hello Ada' })
})

test('a cable that is pulled is seen, and nothing is lost', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result, seen } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const claimed = await it.driver.next()
  it.line.cut()
  await it.driver.report(claimed, { done: 1, total: 2 })
  await it.driver.succeed(claimed, scores)
  await waitFor(() => expect(result.current).toMatchObject({ status: 'succeeded', connection: 'connected' }))
  expect(result.current).toMatchObject({ progress: { done: 1, total: 2 }, result: scores })
  expect(seen.map(({ connection }) => connection)).toContain('reconnecting')
})

test('an unknown job is an error with its code; after a token has run out, resume goes on where it was', async () => {
  await using it = await createHarness(tasks)
  let token = 'ada'
  const { jobs } = it.client({ auth: () => token })
  const unknownId = newJobId()
  const unknown = recordHook(() => useJob(jobs.score, unknownId))
  await waitFor(() => expect(unknown.result.current.status).toBe('error'))
  expect(unknown.result.current).toMatchObject({ error: { code: 'NOT_FOUND' }, state: undefined })
  unknown.unmount()

  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  token = ''
  it.line.cut()
  await waitFor(() => expect(result.current.status).toBe('error'))
  expect(result.current).toMatchObject({ error: { code: 'UNAUTHORIZED' }, state: 'queued', job: { id } })
  token = 'ada'
  result.current.resume()
  await waitFor(() => expect(result.current).toMatchObject({ status: 'queued', connection: 'connected' }))
  await it.driver.succeed(await it.driver.next(), scores)
  await waitFor(() => expect(result.current.result).toEqual(scores))
})

test('what is no call of a client is refused with a sentence', () => {
  const stranger = { get: () => Promise.reject(new Error('never called')) }
  expect(() => recordHook(() => useJob(stranger, null))).toThrow('createJobsClient')
})
