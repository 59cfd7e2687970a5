// Values for those who suspend, and clients that are made at run time.
import { recordHook } from './page.tsx'
import { createJobsContext, useJob, useJobResult } from '@lovage/client/react'
import type { RouterOf } from '@lovage/server'
import { render, waitFor } from '@testing-library/react'
import { Component, type ReactNode, Suspense } from 'react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {}
  static getDerivedStateFromError = (error: Error) => ({ error })
  override render() {
    return this.state.error === undefined ? this.props.children : <p>{this.state.error.message}</p>
  }
}

test('a component suspends until its job has ended, and then has the value; another one has it at once', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const Greeting = () => <p>{useJobResult(jobs.mail.greet, id).toUpperCase()}</p>
  const page = render(
    <Suspense fallback="waiting">
      <Greeting />
    </Suspense>,
  )
  expect(page.container.textContent).toBe('waiting')
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  await waitFor(() => expect(page.container.textContent).toBe('HELLO ADA'))
  expect(render(<Greeting />).container.textContent).toBe('HELLO ADA')
  await it.abandoned()
})

test('a job without a value throws what result() throws, for an error boundary', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const job = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const Greeting = () => <p>{useJobResult(jobs.mail.greet, job)}</p>
  const page = render(
    <Boundary>
      <Suspense fallback="waiting">
        <Greeting />
      </Suspense>
    </Boundary>,
    { onCaughtError: () => {} },
  )
  await it.driver.fail(await it.driver.next(), 'no ink')
  await waitFor(() =>
    expect(page.container.textContent).toContain('failed after 1 attempt(s): Error: no ink'),
  )
})

test('a client from a provider; another user gets another one, and nothing of the first', async () => {
  await using it = await createHarness(tasks)
  const { JobsProvider, useJobsClient } = createJobsContext<RouterOf<typeof tasks>>()
  const [ada, bob] = [it.client(), it.client({ token: 'bob' })]
  const { id } = await ada.jobs.sweep.enqueue()
  const Status = () => <p>{useJob(useJobsClient().jobs.sweep, id).status}</p>
  const as = (client: typeof ada) => (
    <JobsProvider client={client}>
      <Status />
    </JobsProvider>
  )
  const page = render(as(ada))
  await waitFor(() => expect(page.container.textContent).toBe('queued'))
  page.rerender(as(bob))
  expect(page.container.textContent).toBe('pending')
  await waitFor(() => expect(page.container.textContent).toBe('error'))
  expect(() => recordHook(useJobsClient)).toThrow('<JobsProvider>')
})
