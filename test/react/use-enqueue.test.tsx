// One wish is one job: double clicks, lost answers and repeats; and the job is there before the server says so.
import { recordHook } from './page.tsx'
import { useEnqueue, useJob } from '@lovage/client/react'
import { act, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'
import { ManualClock } from '../kit/manual-clock.ts'

/** The platform's fetch; while `loses`, requests arrive and their answers do not. */
function lossy(): { fetch: typeof fetch; loses: boolean } {
  const line = {
    loses: false,
    fetch: async (...args: Parameters<typeof fetch>) => {
      const answer = await fetch(...args)
      if (line.loses) throw new TypeError('the connection was reset')
      return answer
    },
  }
  return line
}

/** The platform's fetch, which sends nothing before it is let go. */
function held(): { fetch: typeof fetch; letGo: () => void } {
  let letGo!: () => void
  const gone = new Promise<void>((resolve) => (letGo = resolve))
  return { fetch: (...args) => gone.then(() => fetch(...args)), letGo }
}

test('a double click in a page makes one job, before and after the answer; other inputs make others', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  function Page() {
    const { enqueue, id, isPending } = useEnqueue(jobs.mail.greet)
    const { status } = useJob(jobs.mail.greet, id)
    return (
      <>
        <button onClick={() => void enqueue({ name: 'Ada' })}>Ada</button>
        <button onClick={() => void enqueue({ name: 'Bob' })}>Bob</button>
        <output>{isPending ? 'pending' : status}</output>
      </>
    )
  }
  render(<Page />)
  const click = (name: string) => fireEvent.click(screen.getByText(name))
  const said = () => document.querySelector('output')?.textContent
  click('Ada')
  click('Ada')
  expect(said()).toBe('pending')
  await waitFor(() => expect(said()).toBe('queued'))
  click('Bob')
  await waitFor(() => expect(said()).toBe('queued'))
  expect(await it.queue.counts()).toMatchObject({ queued: 2 })
})

test('the second of two clicks counts as the first for half a second, and then as a new wish', async () => {
  await using it = await createHarness(tasks)
  const clock = new ManualClock(Date.now())
  const { jobs } = it.client({ clock })
  const { result } = recordHook(() => useEnqueue(jobs.sweep))
  const first = await act(() => result.current.enqueue())
  await clock.advance(400)
  expect(await act(() => result.current.enqueue())).toBe(first)
  expect(await act(() => result.current.enqueue(undefined, { attempts: 2 }))).not.toBe(first)
  await clock.advance(500)
  const later = await act(() => result.current.enqueue(undefined, { attempts: 2 }))
  expect(result.current.job).toBe(later)
  expect(await it.queue.counts()).toMatchObject({ queued: 3 })
})

test('the job has its id at once, and who follows it waits for the server instead of being told that it is unknown', async () => {
  await using it = await createHarness(tasks)
  const { fetch, letGo } = held()
  const { jobs } = it.client({ fetch })
  const { result, seen } = recordHook(() => {
    const enqueueing = useEnqueue(jobs.score)
    return { ...enqueueing, view: useJob(jobs.score, enqueueing.id) }
  })
  expect(result.current).toMatchObject({ id: null, job: null, isPending: false, view: { status: 'idle' } })
  expect(result.current.retry).toBeUndefined()
  let handle: Promise<{ id: string }> | undefined
  act(() => void (handle = result.current.enqueue({ texts: ['great'] })))
  const { id } = result.current
  expect(result.current).toMatchObject({ job: null, isPending: true, view: { id, status: 'pending' } })
  // By the time that two feeds in a row have answered, the server has answered whatever was asked before them.
  for (const feed of [jobs.notices(), jobs.notices()]) expect((await feed.next()).value?.type).toBe('ready')
  expect(result.current).toMatchObject({ isPending: true, view: { id, status: 'pending' } })
  letGo()
  expect((await handle)?.id).toBe(id)
  await waitFor(() => expect(result.current.view.status).toBe('queued'))
  expect(result.current).toMatchObject({ id, isPending: false, job: { id, task: 'score' } })
  expect(seen.map(({ view }) => view.status)).not.toContain('error')

  act(() => result.current.reset())
  expect(result.current).toMatchObject({ id: null, job: null, view: { status: 'idle' } })
  expect(await jobs.score.get(id as string)).toMatchObject({ state: 'queued' })
})

test('an answer that was lost: the error is shown, and the repeat is the same job', async () => {
  await using it = await createHarness(tasks)
  const line = lossy()
  const { jobs } = it.client({ fetch: line.fetch })
  const { result } = recordHook(() => useEnqueue(jobs.mail.greet))
  line.loses = true
  act(() => void result.current.enqueue({ name: 'Ada' })) // nobody catches: the page is told by `error`
  await waitFor(() => expect(result.current.error).toMatchObject({ code: 'DISCONNECTED' }))
  expect(result.current).toMatchObject({ id: null, isPending: false })
  expect(await it.queue.counts()).toMatchObject({ queued: 1 })
  line.loses = false
  const job = await act(async () => await result.current.retry?.())
  expect(result.current).toMatchObject({ error: undefined, job: { id: job?.id } })
  expect(await act(() => result.current.enqueue({ name: 'Ada' }))).toMatchObject({ task: 'mail.greet' })
  expect(await it.queue.counts()).toMatchObject({ queued: 2 })
})

test('a repeat by hand, of an input that was refused by the line, is the same job too', async () => {
  await using it = await createHarness(tasks)
  const line = lossy()
  const { jobs } = it.client({ fetch: line.fetch })
  const { result } = recordHook(() => useEnqueue(jobs.mail.greet))
  line.loses = true
  const lost = act(() => result.current.enqueue({ name: 'Ada' }))
  await expect(lost).rejects.toMatchObject({ code: 'DISCONNECTED' })
  line.loses = false
  await act(() => result.current.enqueue({ name: 'Ada' }))
  expect(await it.queue.counts()).toMatchObject({ queued: 1 })
})

test('retry of a job that failed is a new job with the same input, however often it is clicked', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { result } = recordHook(() => {
    const enqueueing = useEnqueue(jobs.mail.greet)
    return { ...enqueueing, view: useJob(jobs.mail.greet, enqueueing.id) }
  })
  const first = await act(() => result.current.enqueue({ name: 'Ada' }))
  await it.driver.fail(await it.driver.next(), 'the printer is on fire')
  await waitFor(() => expect(result.current.view.status).toBe('failed'))
  const again = await act(() => Promise.all([result.current.retry?.(), result.current.retry?.()]))
  expect(again[0]).toBe(again[1])
  expect(again[0]?.id).not.toBe(first.id)
  const claimed = await it.driver.next()
  expect(claimed.input.json).toBe('{"name":"Ada"}')
  await it.driver.succeed(claimed, 'hello Ada')
  await waitFor(() => expect(result.current.view.result).toBe('hello Ada'))
})

test('an input that the schema refuses, or that cannot be sent, is an error with its code, and no job', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { result } = recordHook(() => useEnqueue(jobs.mail.send))
  act(() => void result.current.enqueue({ to: 'nobody' }))
  await waitFor(() => expect(result.current.error).toMatchObject({ code: 'INPUT_INVALID' }))
  act(() => void result.current.enqueue({ to: (() => 'a@b.c') as never }))
  await waitFor(() => expect(result.current.error).toMatchObject({ code: 'NOT_SERIALIZABLE' }))
  expect(await it.queue.counts()).toMatchObject({ queued: 0 })
})
