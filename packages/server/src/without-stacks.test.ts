import type { Job, Notice } from '@lovage/core'
import { expect, test } from 'vitest'
import { jobWithoutStack, noticeWithoutStack } from './without-stacks.ts'

const base = { cursor: '1-0.1', jobId: 'j', task: 't', at: 1 }
const error = { name: 'Error', message: 'no', stack: 'Error: no\n at home' }
const job = {
  id: 'j',
  task: 't',
  enqueuedAt: 0,
  attempt: 1,
  state: 'failed',
  error,
  finishedAt: 1,
} satisfies Job

test('an error keeps its name and message, wherever it stands, and nothing else', () => {
  const shown: unknown[] = [
    noticeWithoutStack({ type: 'failed', ...base, attempt: 1, error }),
    noticeWithoutStack({ type: 'retrying', ...base, attempt: 1, error, runAt: 2 }),
    noticeWithoutStack({ type: 'ready', cursor: '1-0.1', job }),
    jobWithoutStack(job),
  ]
  expect(JSON.stringify(shown)).not.toContain('home')
  expect(JSON.stringify(shown).match(/"error":\{"name":"Error","message":"no"\}/g)).toHaveLength(4)
})

test('nobody is told on which machine a job runs, ran or failed', () => {
  const past = { attempt: 1, startedAt: 0, ms: 1, worker: 'home:1', error }
  const { finishedAt: _, error: __, ...living } = job
  const shown = [
    jobWithoutStack({ ...job, worker: 'home:1', history: [past] }),
    jobWithoutStack({ ...living, state: 'running', startedAt: 1, worker: 'home:1' }),
    jobWithoutStack({
      ...living,
      state: 'succeeded',
      result: 1,
      finishedAt: 1,
      worker: 'home:1',
      history: [past],
    }),
  ]
  expect(JSON.stringify(shown)).not.toContain('home:')
  expect(shown.map(({ state }) => state)).toEqual(['failed', 'running', 'succeeded'])
})

test('what has no error is given as it is', () => {
  const succeeded: Notice = { type: 'succeeded', ...base, attempt: 1, result: { stack: 'of books' } }
  expect(noticeWithoutStack(succeeded)).toBe(succeeded)
  const ready: Notice = { type: 'ready', cursor: '1-0.1' }
  expect(noticeWithoutStack(ready)).toBe(ready)
})
