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

test('what has no error is given as it is', () => {
  const succeeded: Notice = { type: 'succeeded', ...base, attempt: 1, result: { stack: 'of books' } }
  expect(noticeWithoutStack(succeeded)).toBe(succeeded)
  const ready: Notice = { type: 'ready', cursor: '1-0.1' }
  expect(noticeWithoutStack(ready)).toBe(ready)
})
