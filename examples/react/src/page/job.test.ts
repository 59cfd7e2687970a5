import { newJobId } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { isLive, type JobNotice, newJob, reduce, refreshed } from './job.ts'

const id = newJobId()
const base = { jobId: id, task: 'scoreTexts', cursor: '1-0.1', at: 1 } as const
const line = { text: 'a', score: 0.9 }
const result = { title: 'Letters', sentences: 4, positive: 3, brightest: line, darkest: line, first: [line] }

/** A job after these notices. */
const after = (...notices: readonly JobNotice[]) => notices.reduce(reduce, newJob(id, 'scoreTexts'))

describe('a job', () => {
  test('is named by its first report, where this tab did not enqueue it', () => {
    const job = after(
      { ...base, type: 'started', attempt: 1 },
      { ...base, type: 'progress', data: { title: 'Letters', done: 1, total: 4 } },
    )
    expect(job).toMatchObject({ title: 'Letters', state: 'running', done: 1, total: 4 })
  })

  test('is full and has its result when it succeeded', () => {
    const job = after({ ...base, type: 'succeeded', attempt: 1, result })
    expect(job).toMatchObject({ state: 'succeeded', done: 4, total: 4, result })
  })

  test('says why it failed, and why it is tried again until it runs again', () => {
    const error = { name: 'Error', message: 'no ink' }
    const retrying: JobNotice = { ...base, type: 'retrying', attempt: 1, error, runAt: 2 }
    expect(after(retrying)).toMatchObject({ state: 'retrying', message: 'no ink' })
    expect(after(retrying, { ...base, type: 'started', attempt: 2 }).message).toBeUndefined()
    expect(after({ ...base, type: 'failed', attempt: 1, error })).toMatchObject({ message: 'no ink' })
  })

  test('that has ended is not begun again by what comes late', () => {
    const job = after({ ...base, type: 'cancelled', by: 'ada', reason: null }, { ...base, type: 'queued' })
    expect(isLive(job)).toBe(false)
    expect(reduce(job, { ...base, type: 'started', attempt: 1 })).toBe(job)
  })

  test('whose notices were missed is as the server says, and keeps its name', () => {
    const job = newJob(id, 'scoreTexts', 'Letters')
    const known = { id, task: 'scoreTexts', enqueuedAt: 1, attempt: 1 } as const
    const progress = { title: 'Letters', done: 2, total: 4 }
    expect(refreshed(job, { ...known, state: 'running', startedAt: 2, progress })).toMatchObject({ done: 2 })
    expect(refreshed(job, { ...known, state: 'queued' })).toMatchObject({ state: 'queued', title: 'Letters' })
    expect(refreshed(job, { ...known, state: 'succeeded', finishedAt: 3, result }).result).toBe(result)
  })
})
