// TanStack Query on the router as it is, with tRPC's own package; and the query cache kept live.
import './page.tsx'
import { syncJob } from '@lovage/client/tanstack'
import type { RouterOf } from '@lovage/server'
import {
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { act, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { createTRPCContext, useSubscription } from '@trpc/tanstack-react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

const { TRPCProvider, useTRPC } = createTRPCContext<RouterOf<typeof tasks>>()

function provide(it: Harness<typeof tasks>) {
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  it.cleanUp(() => queryClient.clear())
  const trpcClient = it.bare()
  return ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  )
}

const said = (): string | null | undefined => document.querySelector('output')?.textContent

test('mutation, query and subscription options of @trpc/tanstack-react-query, with the types of the task', async () => {
  await using it = await createHarness(tasks)
  const told: string[] = []
  function Page() {
    const trpc = useTRPC()
    const enqueue = useMutation(trpc.jobs.score.enqueue.mutationOptions())
    const id = enqueue.data?.id ?? ''
    const job = useQuery(trpc.jobs.score.get.queryOptions({ id }, { enabled: id !== '' }))
    const { data: event, status } = useSubscription(
      trpc.jobs.score.notices.subscriptionOptions(undefined, {
        onData: ({ data: notice }) => {
          told.push(notice.type)
          if (notice.type === 'succeeded') void job.refetch()
        },
      }),
    )
    const result = job.data?.state === 'succeeded' ? job.data.result[0]?.label : undefined
    return (
      <>
        <button onClick={() => enqueue.mutate({ input: { texts: ['great'] } })}>Score</button>
        <output>{[status, event?.data.type, job.data?.state, result].join(' ')}</output>
      </>
    )
  }
  render(<Page />, { wrapper: provide(it) })
  await waitFor(() => expect(said()).toContain('pending ready'))
  fireEvent.click(screen.getByText('Score'))
  await waitFor(() => expect(said()).toContain('queued'))
  const claimed = await it.driver.next()
  await it.driver.report(claimed, { done: 1, total: 1 })
  await it.driver.succeed(claimed, [{ text: 'great', label: 'positive' }])
  await waitFor(() => expect(said()).toBe('pending succeeded succeeded positive'))
  expect(new Set(told)).toEqual(new Set(['ready', 'progress', 'succeeded']))
})

test('syncJob keeps the cached job live: one fetch, and then notices only', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const handle = await jobs.score.enqueue({ texts: ['great'] })
  let ended: Promise<void> | undefined
  function Page() {
    const trpc = useTRPC()
    const cache = useQueryClient()
    const [options] = useState(() =>
      trpc.jobs.score.get.queryOptions({ id: handle.id }, { staleTime: Infinity }),
    )
    useEffect(() => {
      const stop = new AbortController()
      ended = syncJob(cache, options.queryKey, handle, { signal: stop.signal })
      return () => stop.abort()
    }, [cache, options])
    const { data: job } = useQuery(options)
    const progress = job?.state === 'running' ? job.progress?.done : undefined
    return <output>{[job?.state, progress].join(' ')}</output>
  }
  render(<Page />, { wrapper: provide(it) })
  await waitFor(() => expect(said()).toBe('queued '))
  const claimed = await it.driver.next()
  await it.driver.report(claimed, { done: 1, total: 2 })
  await waitFor(() => expect(said()).toBe('running 1'))
  await it.driver.report(claimed, { done: 2, total: 2 })
  await waitFor(() => expect(said()).toBe('running 2'))
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(said()).toBe('succeeded '))
  await act(async () => await ended)
})

test('what a slow fetch brings, older than the notices, does not win', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const handle = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const older = await handle.get()
  const queryClient = new QueryClient()
  const queryKey = ['job', handle.id]
  const { promise, resolve } = withResolver<typeof older>()
  const fetched = queryClient.fetchQuery({ queryKey, queryFn: () => promise })
  const refused = expect(fetched).rejects.toThrow('CancelledError')
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  await syncJob(queryClient, queryKey, handle)
  resolve(older)
  await refused
  expect(queryClient.getQueryData(queryKey)).toMatchObject({ state: 'succeeded', result: 'hello Ada' })
  queryClient.clear()
})

function withResolver<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((settle) => (resolve = settle))
  return { promise, resolve }
}
