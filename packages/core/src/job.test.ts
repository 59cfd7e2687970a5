import { expect, test } from 'vitest'
import { isFinal, type JobState } from './job.ts'
import { isTerminal, JOB_NOTICE_TYPES } from './notice.ts'

test('a job that ends is in a final state, and its last notice is of that name', () => {
  const states: Record<JobState, boolean> = {
    scheduled: false,
    waiting: false,
    queued: false,
    running: false,
    retrying: false,
    succeeded: true,
    failed: true,
    cancelled: true,
    expired: true,
  }
  for (const [state, final] of Object.entries(states)) {
    expect([state, isFinal(state as JobState)]).toEqual([state, final])
    expect([state, isTerminal({ type: state })]).toEqual([state, final])
  }
  expect(JOB_NOTICE_TYPES.filter((type) => isTerminal({ type }))).toEqual(
    Object.keys(states).filter((state) => states[state as JobState]),
  )
})

test('the notices of the feed itself are never the last of a job', () => {
  expect(['ready', 'gap', 'progress'].map((type) => isTerminal({ type }))).toEqual([false, false, false])
})
