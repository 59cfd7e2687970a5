import { type JobNotice, newJobId } from '@lovage/core'
import { expect, test } from 'vitest'
import { reduceJob } from './reduce.ts'

const id = newJobId(1_000)
const base = { jobId: id, task: 'score', cursor: '1-1.1', at: 2_000 }
const told = (...notices: JobNotice[]) => notices.reduce(reduceJob, undefined as never)
const failure = { name: 'Error', message: 'no ink' }

const started: JobNotice = { ...base, type: 'started', attempt: 1 }
const progress: JobNotice = { ...base, at: 3_000, type: 'progress', data: 0.5 }
const retrying: JobNotice = { ...base, type: 'retrying', attempt: 1, error: failure, runAt: 9_000 }

test('whoever speaks runs, and a word changes nothing of a job that is known to run', () => {
  const said = { ...base, attempt: 2, dropped: 0 }
  const log: JobNotice = { ...said, type: 'log', lines: [] }
  const chunk: JobNotice = { ...said, at: 5_000, type: 'chunk', text: 'Once', offset: 0 }
  expect(told(started, retrying, log)).toMatchObject({ state: 'running', attempt: 2, startedAt: 2_000 })
  const running = told(log)
  expect(reduceJob(running, chunk)).toBe(running)
})

test('each notice makes the job that the store would show, as far as notices tell', () => {
  const job = { id, task: 'score', enqueuedAt: 1_000 }
  expect(told({ ...base, type: 'queued' })).toEqual({ ...job, attempt: 0, state: 'queued' })
  expect(told(started)).toEqual({ ...job, attempt: 1, state: 'running', startedAt: 2_000 })
  const running = { ...job, attempt: 1, state: 'running', progress: 0.5 }
  expect(told(started, progress)).toEqual({ ...running, startedAt: 2_000 })
  expect(told(progress)).toEqual({ ...running, startedAt: 3_000 })
  expect(told(progress, retrying)).toEqual({ ...job, attempt: 1, state: 'retrying', runAt: 9_000 })
  expect(told(retrying, progress)).toMatchObject({ attempt: 2, startedAt: 3_000 })
  const ended = { ...job, attempt: 1, finishedAt: 2_000 }
  const succeeded: JobNotice = { ...base, type: 'succeeded', attempt: 1, result: [7] }
  expect(told(succeeded)).toEqual({ ...ended, state: 'succeeded', result: [7] })
  expect(told(progress, succeeded)).toEqual({ ...ended, state: 'succeeded', result: [7], startedAt: 3_000 })
  expect(told({ ...base, type: 'failed', attempt: 1, error: failure })).toEqual({
    ...ended,
    state: 'failed',
    error: failure,
  })
  expect(told({ ...base, type: 'cancelled', by: 'ada', reason: null })).toEqual({
    ...ended,
    attempt: 0,
    state: 'cancelled',
    by: 'ada',
    reason: null,
  })
  expect(told({ ...base, type: 'expired' })).toEqual({ ...ended, attempt: 0, state: 'expired' })
})

test('nothing comes after the end, and what was told before is not changed', () => {
  const succeeded = told({ ...base, type: 'succeeded', attempt: 1, result: 7 })
  expect(reduceJob(succeeded, progress)).toBe(succeeded)
  const running = Object.freeze(told(started))
  expect(reduceJob(running, progress)).not.toBe(running)
})
