// A job that failed, run again from the page that shows it.
import { recordHook } from './page.tsx'
import { savedJob, useJob } from '@lovage/client/react'
import { newJobId } from '@lovage/core'
import { act, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('a job that failed is run again with its input, and followed from then on; a double click makes one job', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.mail.greet.enqueue({ name: 'Ada' })
  const { result } = recordHook(() => useJob(jobs.mail.greet, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  expect(result.current.retry).toBeUndefined()
  await it.driver.fail(await it.driver.next(), 'no ink')
  await waitFor(() => expect(result.current.status).toBe('failed'))
  const retry = result.current.retry as () => Promise<{ id: string }>
  const [one, two] = await act(() => Promise.all([retry(), retry()]))
  expect(one).toEqual(two)
  await waitFor(() => expect(result.current).toMatchObject({ id: one.id, status: 'queued' }))
  expect(result.current.retry).toBeUndefined()
  const [again, ...more] = await it.driver.claim(5)
  expect([again?.id, more, again?.input.json]).toEqual([one.id, [], '{"name":"Ada"}'])

  // And once more.
  await it.driver.fail(again!, 'still no ink')
  await waitFor(() =>
    expect(result.current).toMatchObject({ status: 'failed', error: { message: 'still no ink' } }),
  )
  await act(async () => void (await result.current.retry?.()))
  await it.driver.succeed(await it.driver.next(), 'hello Ada')
  await waitFor(() => expect(result.current).toMatchObject({ status: 'succeeded', result: 'hello Ada' }))
})

test('an answer that is lost does no harm: the next click is the same new job', async () => {
  await using it = await createHarness(tasks)
  let isDown = false
  const { jobs } = it.client({
    fetch: async (...args) => {
      const answer = await fetch(...args)
      if (isDown) throw new TypeError('fetch failed')
      return answer
    },
  })
  const { id } = await jobs.sweep.enqueue()
  const { result } = recordHook(() => useJob(jobs, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  await it.driver.fail(await it.driver.next(), 'no broom')
  await waitFor(() => expect(result.current.status).toBe('failed'))
  isDown = true
  await expect(result.current.retry?.()).rejects.toMatchObject({ code: 'DISCONNECTED' })
  isDown = false
  expect(result.current).toMatchObject({ id, status: 'failed' })
  const next = await act(async () => await result.current.retry?.())
  await waitFor(() => expect(result.current).toMatchObject({ id: next?.id, status: 'queued' }))
  expect(await it.driver.claim(5)).toHaveLength(1)
})

test('the new job is the one that is remembered, here and in another tab', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const saved = savedJob('retried')
  const { id } = await jobs.sweep.enqueue()
  const page = recordHook(() => useJob(jobs.sweep, id, { saved }))
  await waitFor(() => expect(page.result.current.status).toBe('queued'))
  await it.driver.fail(await it.driver.next(), 'no broom')
  await waitFor(() => expect(page.result.current.status).toBe('failed'))
  const next = await act(async () => await page.result.current.retry?.())
  await waitFor(() => expect(page.result.current.id).toBe(next?.id))
  await waitFor(() => expect(saved.id()).toBe(next?.id))
  page.unmount()
  const later = recordHook(() => useJob(jobs.sweep, null, { saved }))
  await waitFor(() => expect(later.result.current).toMatchObject({ id: next?.id, status: 'queued' }))
})

test('what cannot be run again says so, and nobody runs a stranger’s job', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const { id } = await jobs.sweep.enqueue.mutate()
  await expect(jobs.sweep.retry.mutate({ id })).rejects.toMatchObject({
    data: { lovage: { code: 'NOT_FOUND' } },
  })
  await it.driver.fail(await it.driver.next(), 'no broom')
  const bob = it.bare('bob').jobs
  await expect(bob.sweep.retry.mutate({ id })).rejects.toMatchObject({
    data: { lovage: { code: 'NOT_FOUND' } },
  })
  await expect(jobs.score.retry.mutate({ id })).rejects.toMatchObject({
    data: { lovage: { code: 'NOT_FOUND' } },
  })
  await expect(jobs.sweep.retry.mutate({ id, newId: 'mine' })).rejects.toMatchObject({
    data: { lovage: { code: 'OPTION_INVALID', details: { option: 'newId' } } },
  })
  const strangers = await bob.sweep.enqueue.mutate()
  await expect(jobs.sweep.retry.mutate({ id, newId: strangers.id })).rejects.toMatchObject({
    data: { lovage: { code: 'NOT_FOUND' } },
  })
  const newId = newJobId()
  expect(await jobs.retry.mutate({ id, newId })).toMatchObject({ id: newId, task: 'sweep' })
})
