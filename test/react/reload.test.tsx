// What outlives a page: the server's rendering before it, and its storage after it.
import { recordHook } from './page.tsx'
import { anotherTabWrote } from './dom.ts'
import { savedJob, useJob } from '@lovage/client/react'
import { act, waitFor } from '@testing-library/react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

const scoring = savedJob('scores')
const sweeping = savedJob('sweep')

/** The places from which the server was asked to follow one job. */
function watchPlaces({ engine }: Harness<typeof tasks>): (string | undefined)[] {
  const places: (string | undefined)[] = []
  const follow = engine.followInBatches.bind(engine)
  engine.followInBatches = (id, options) => {
    places.push(options.from)
    return follow(id, options)
  }
  return places
}

test('a server renders the job it knows; the page takes that over without a flicker, and goes on live', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const claimed = await it.driver.next()
  await it.driver.report(claimed, { done: 1, total: 2 })
  const initial = await jobs.score.get(id)
  const shown: string[] = []
  const Page = ({ job }: { job?: typeof initial }) => {
    const { status, progress } = useJob(jobs.score, id, { initial: job, saved: scoring })
    const text = `${status} ${progress?.done ?? '-'}`
    shown.push(text)
    return <p>{text}</p>
  }
  expect(renderToString(<Page />)).toBe('<p>pending -</p>')
  const html = renderToString(<Page job={initial} />)
  expect(html).toBe('<p>running 1</p>')
  expect(it.followers()).toBe(0)

  const container = document.body.appendChild(document.createElement('main'))
  container.innerHTML = html
  shown.length = 0
  const complaints: unknown[] = []
  const root = await act(async () =>
    hydrateRoot(container, <Page job={initial} />, { onRecoverableError: (error) => complaints.push(error) }),
  )
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(container.textContent).toBe('succeeded 1'))
  expect([...new Set(shown)]).toEqual(['running 1', 'succeeded 1'])
  expect(complaints).toEqual([])
  await act(async () => root.unmount())
  container.remove()
})

test('a job that had ended when the server rendered it is not followed at all', async () => {
  await using it = await createHarness(tasks)
  const places = watchPlaces(it)
  const { jobs } = it.client()
  const { id } = await jobs.mail.greet.enqueue({ name: 'Ada' })
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  const initial = await jobs.mail.greet.get(id)
  const other = await jobs.mail.greet.enqueue({ name: 'Bob' })
  const ended = recordHook(() => useJob(jobs.mail.greet, id, { initial }))
  expect(ended.result.current).toMatchObject({ status: 'succeeded', result: 'hello Ada' })
  const live = recordHook(() => useJob(jobs.mail.greet, other, { initial }))
  expect(live.result.current.status).toBe('pending')
  await waitFor(() => expect(live.result.current.status).toBe('queued'))
  expect(places).toEqual([undefined])
})

test('a reload shows at once what was last known, and goes on at the cursor; nothing is fetched anew', async () => {
  await using it = await createHarness(tasks)
  const places = watchPlaces(it)
  const before = it.client()
  const { id } = await before.jobs.score.enqueue({ texts: [] })
  const claimed = await it.driver.next()
  const page = recordHook(() => useJob(before.jobs.score, id, { saved: scoring }))
  await waitFor(() => expect(page.result.current.status).toBe('running'))
  await it.driver.report(claimed, { done: 1, total: 3 })
  await waitFor(() => expect(stored()).toContain(String.raw`\"done\":1`))
  page.unmount()
  await before.close()

  await it.driver.report(claimed, { done: 2, total: 3 }) // while nobody looks
  const after = it.client()
  const again = recordHook(() => useJob(after.jobs.score, null, { saved: scoring }))
  expect(again.seen[0]).toMatchObject({ id, status: 'running', progress: { done: 1, total: 3 } })
  await waitFor(() => expect(again.result.current.progress).toEqual({ done: 2, total: 3 }))
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(again.result.current.status).toBe('succeeded'))
  expect(places).toEqual([undefined, expect.stringMatching(/^\d+-/)])
  await waitFor(() => expect(stored()).toBe(JSON.stringify({ id })))

  // An ended job takes no room but its id; the server says how it ended.
  again.unmount()
  const later = it.client()
  const third = recordHook(() => useJob(later.jobs.score, null, { saved: scoring }))
  await waitFor(() => expect(third.result.current).toMatchObject({ status: 'succeeded', result: [] }))
  act(() => scoring.forget())
  await waitFor(() => expect(third.result.current).toMatchObject({ id: null, status: 'idle' }))
  expect(stored()).toBeNull()
})

test('a page that was rendered without a job takes up the remembered one after hydration', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.sweep.enqueue()
  const Page = () => <p>{useJob(jobs.sweep, null, { saved: sweeping }).status}</p>
  const html = renderToString(<Page />)
  expect(html).toBe('<p>idle</p>')
  localStorage.setItem('lovage.sweep', JSON.stringify({ id }))
  const container = document.body.appendChild(document.createElement('main'))
  container.innerHTML = html
  const complaints: unknown[] = []
  const onRecoverableError = (error: unknown) => complaints.push(error)
  const root = await act(async () => hydrateRoot(container, <Page />, { onRecoverableError }))
  await waitFor(() => expect(container.textContent).toBe('queued'))
  expect(complaints).toEqual([])
  await act(async () => root.unmount())
  container.remove()
})

test('another tab follows the job that this one enqueued', async () => {
  await using it = await createHarness(tasks)
  const [here, there] = [it.client(), it.client()]
  const other = recordHook(() => useJob(there.jobs.sweep, null, { saved: sweeping }))
  expect(other.result.current.status).toBe('idle')
  const { id } = await here.jobs.sweep.enqueue()
  localStorage.setItem('lovage.sweep', JSON.stringify({ id }))
  act(anotherTabWrote)
  await waitFor(() => expect(other.result.current).toMatchObject({ id, status: 'queued' }))
})

test('what is in storage may be anything, and storage may be forbidden', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.sweep.enqueue()
  for (const rubbish of ['{', 'null', '[]', '7', '{"id":7}']) {
    localStorage.setItem('lovage.sweep', rubbish)
    const { result, unmount } = recordHook(() => useJob(jobs.sweep, null, { saved: sweeping }))
    expect(result.current.status).toBe('idle')
    unmount()
  }
  for (const known of ['7', '{"json":"{"}', '{"json":"null"}']) {
    localStorage.setItem('lovage.sweep', `{"id":"${id}","known":${known}}`)
    const { result, unmount } = recordHook(() => useJob(jobs.sweep, null, { saved: sweeping }))
    await waitFor(() => expect(result.current.status).toBe('queued'))
    unmount()
  }
  const forbid = (): never => {
    throw new Error('SecurityError')
  }
  const saved = savedJob('sweep', { getItem: forbid, setItem: forbid, removeItem: forbid })
  const { result } = recordHook(() => useJob(jobs.sweep, id, { saved }))
  await waitFor(() => expect(result.current.status).toBe('queued'))
})

test('a job that is no longer there is forgotten', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  localStorage.setItem('lovage.sweep', JSON.stringify({ id: '01930000-0000-7000-8000-000000000000' }))
  const { result } = recordHook(() => useJob(jobs.sweep, null, { saved: sweeping }))
  await waitFor(() => expect(stored('sweep')).toBeNull())
  await waitFor(() => expect(result.current.status).toBe('idle'))
})

const stored = (key = 'scores'): string | null => localStorage.getItem(`lovage.${key}`)
