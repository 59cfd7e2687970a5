// What a job says, in components: live, for those who come later, after a reload, and no more than a page can hold.
import { recordHook } from './page.tsx'
import { savedJob, useJob, useJobs } from '@lovage/client/react'
import type { Claimed } from '@lovage/core'
import { waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

type It = Harness<typeof tasks>

const shown = (logs: readonly { attempt: number; n: number; message: string }[]): string[] =>
  logs.map(({ attempt, n, message }) => `${attempt}.${n} ${message}`)

/** Says these texts one after the other, a notice each. */
async function speak({ driver }: It, job: Claimed, texts: readonly string[], from = 0): Promise<void> {
  let offset = from
  for (const text of texts) {
    await driver.say(job, offset, { text })
    offset += text.length
  }
}

test('lines and text grow while the job runs; who comes later has the same', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result, seen } = recordHook(() => useJob(jobs.score, id))
  expect(result.current).toMatchObject({ logs: [], text: '' })
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const claimed = await it.driver.next()
  await it.driver.say(claimed, 1, { line: 'reading' })
  await waitFor(() => expect(shown(result.current.logs)).toEqual(['1.1 reading']))
  expect(result.current).toMatchObject({ status: 'running', job: { attempt: 1 } })
  it.line.cut()
  await speak(it, claimed, ['Once ', 'upon ', 'a time'])
  await it.driver.say(claimed, 2, { line: 'done' })
  await waitFor(() => expect(result.current.text).toBe('Once upon a time'))
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(result.current.status).toBe('succeeded'))
  expect(shown(result.current.logs)).toEqual(['1.1 reading', '1.2 done'])
  for (const { text } of seen) expect('Once upon a time').toContain(text)

  const other = it.client()
  const late = recordHook(() => useJob(other.jobs.score, id))
  await waitFor(() => expect(late.result.current.status).toBe('succeeded'))
  expect(late.result.current).toMatchObject({ text: 'Once upon a time', logs: result.current.logs })
})

test('another attempt begins its text anew, and its lines come after those of the first', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const first = await it.driver.next()
  await it.driver.say(first, 1, { line: 'trying' })
  await speak(it, first, ['Once'])
  await it.driver.retry(first, 'the model was busy', 0)
  await waitFor(() => expect(result.current.status).toBe('retrying'))
  expect(result.current).toMatchObject({ text: 'Once', error: { message: 'the model was busy' } })
  const second = await it.driver.next()
  await it.driver.say(second, 1, { line: 'trying again' })
  await speak(it, second, ['Twice'])
  await waitFor(() => expect(result.current.text).toBe('Twice'))
  expect(result.current).toMatchObject({ status: 'running', job: { attempt: 2 }, error: undefined })
  expect(shown(result.current.logs)).toEqual(['1.1 trying', '2.1 trying again'])

  // Who looks now gets the words of both attempts, and the job as it is: not as it was when those words were said.
  const other = it.client()
  const late = recordHook(() => useJob(other.jobs.score, id))
  await waitFor(() => expect(late.result.current.text).toBe('Twice'))
  await waitFor(() => expect(late.result.current).toMatchObject({ status: 'running', job: { attempt: 2 } }))
  expect(shown(late.result.current.logs)).toEqual(['1.1 trying', '2.1 trying again'])
})

test('after a reload all that was said is there again, none of it twice, and none of it was in the storage', async () => {
  await using it = await createHarness(tasks)
  const saved = savedJob('speech')
  const before = it.client()
  const { id } = await before.jobs.score.enqueue({ texts: [] })
  const claimed = await it.driver.next()
  const page = recordHook(() => useJob(before.jobs.score, id, { saved }))
  await it.driver.say(claimed, 1, { line: 'reading' })
  await speak(it, claimed, ['Once '])
  await it.driver.report(claimed, { done: 1, total: 2 })
  await waitFor(() => expect(localStorage.getItem('lovage.speech')).toContain(String.raw`\"done\":1`))
  expect(localStorage.getItem('lovage.speech')).not.toContain('Once')
  page.unmount()
  await before.close()
  await speak(it, claimed, ['upon'], 5) // while nobody looks

  const after = it.client()
  const again = recordHook(() => useJob(after.jobs.score, null, { saved }))
  expect(again.seen[0]).toMatchObject({ id, status: 'running', progress: { done: 1, total: 2 } })
  await waitFor(() => expect(again.result.current.text).toBe('Once upon'))
  expect(shown(again.result.current.logs)).toEqual(['1.1 reading'])
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(again.result.current.status).toBe('succeeded'))
})

test('a page holds the newest thousand lines and hundred thousand characters', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const { id } = await jobs.score.enqueue({ texts: [] })
  const { result } = recordHook(() => useJob(jobs.score, id))
  await waitFor(() => expect(result.current.status).toBe('queued'))
  const claimed = await it.driver.next()
  for (let n = 1; n <= 1_100; n++) await it.driver.say(claimed, n, { line: `line ${n}` })
  await speak(
    it,
    claimed,
    Array.from({ length: 11 }, (_, n) => `${n}`.padEnd(10_000, '.')),
  )
  await it.driver.succeed(claimed, [])
  await waitFor(() => expect(result.current.status).toBe('succeeded'))
  expect(result.current.logs).toHaveLength(1_000)
  expect(result.current.logs[0]?.message).toBe('line 101')
  expect(result.current.text).toHaveLength(100_000)
  expect(result.current.text.startsWith('1.')).toBe(true)
})

test('a list of jobs is not sent what they say', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const asked: unknown[] = []
  const feed = it.engine.feedInBatches.bind(it.engine)
  it.engine.feedInBatches = (options) => {
    asked.push(options.logs)
    return feed(options)
  }
  const { result } = recordHook(() => useJobs(jobs.score))
  await waitFor(() => expect(result.current.isLive).toBe(true))
  expect(new Set(asked)).toEqual(new Set([false]))
})
