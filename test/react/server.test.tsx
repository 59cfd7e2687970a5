// Pages that a server renders: streamed with their fallbacks, hydrated without a complaint, and live from there on.
import './page.tsx'
import { useEnqueue, useJob, useJobResult, useJobs, useNotices } from '@lovage/client/react'
import { act, waitFor } from '@testing-library/react'
import { Suspense } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToReadableStream } from 'react-dom/server.browser'
import { expect, test, vi } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

/** What a browser gets to show. */
async function streamed(page: React.ReactElement): Promise<{ html: string; errors: string[] }> {
  const errors: string[] = []
  const onError = (error: unknown): void => void errors.push((error as Error).message)
  const html = await new Response(await renderToReadableStream(page, { onError })).text()
  return { html, errors }
}

async function hydrated(html: string, page: React.ReactElement) {
  const container = document.body.appendChild(document.createElement('main'))
  container.innerHTML = html
  const complaints: string[] = []
  const root = await act(async () =>
    hydrateRoot(container, page, {
      onRecoverableError: (error) => complaints.push((error as Error).message),
    }),
  )
  const remove = async (): Promise<void> => {
    await act(async () => root.unmount())
    container.remove()
  }
  return { container, complaints, remove }
}

test('a result that is not there yet: the server streams the fallback at once, and the page shows the value', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const Greeting = () => <b>{useJobResult(jobs.mail.greet, id)}</b>
  const Page = () => (
    <>
      <i>{useJob(jobs.mail.greet, id).status}</i>
      <Suspense fallback={<u>waiting</u>}>
        <Greeting />
      </Suspense>
    </>
  )
  const { html, errors } = await streamed(<Page />) // resolves though the job has not ended
  expect(html).toContain('<i>pending</i>')
  expect(html).toContain('<u>waiting</u>')
  expect(errors).toMatchObject([expect.stringContaining('getServerSnapshot')])
  expect(it.followers()).toBe(0)

  const warned = vi.spyOn(console, 'error')
  const page = await hydrated(html, <Page />)
  expect(page.container.textContent).toContain('waiting')
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  await waitFor(() => expect(page.container.textContent).toBe('succeededhello Ada'))
  expect(page.complaints).toMatchObject([expect.stringMatching(/server|Switched to client rendering/)])
  expect(warned).not.toHaveBeenCalled() // by React, of a component that is told something while another one renders
  await page.remove()
  await it.abandoned()
})

test('lists, notices and forms render empty on a server, follow nothing there, and fill after hydration', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const Page = () => {
    const list = useJobs(jobs.sweep)
    const { notices } = useNotices(jobs.sweep, { from: 'start' })
    const { isPending, retry } = useEnqueue(jobs.sweep)
    return (
      <p>{`${list.jobs.length} ${notices.length} ${isPending} ${retry === undefined} ${list.connection}`}</p>
    )
  }
  const { html, errors } = await streamed(<Page />)
  expect(html).toBe('<p>0 0 false true idle</p>')
  expect([errors, it.followers()]).toEqual([[], 0])
  await jobs.sweep.enqueue()
  await it.driver.succeed(await it.driver.next(), undefined)
  const page = await hydrated(html, <Page />)
  await waitFor(() => expect(page.container.textContent).toBe('1 1 false true connected'))
  expect(page.complaints).toEqual([])
  await page.remove()
})

test('a job within a boundary that hydrates late is not shown as it was, but as it is', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const claimed = await it.driver.next()
  await it.driver.report(claimed, { done: 1, total: 2 })
  const initial = await jobs.score.get(id)
  const Job = () => {
    const { status, progress } = useJob(jobs.score, id, { initial })
    return <p>{`${status} ${progress?.done}`}</p>
  }
  const Page = () => (
    <Suspense fallback="waiting">
      <Job />
    </Suspense>
  )
  const { html, errors } = await streamed(<Page />)
  expect(html).toContain('<p>running 1</p>')
  await it.driver.report(claimed, { done: 2, total: 2 }) // between the server's rendering and the page's
  const page = await hydrated(html, <Page />)
  await waitFor(() => expect(page.container.textContent).toBe('running 2'))
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(page.container.textContent).toBe('succeeded 2'))
  expect([errors, page.complaints]).toEqual([[], []])
  await page.remove()
})
