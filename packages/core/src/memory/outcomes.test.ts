import { expect, test } from 'vitest'
import type { Outcome } from '../store.ts'
import { Outcomes } from './outcomes.ts'

const outcome = (id: string, finishedAt: number): Outcome => ({
  state: 'succeeded',
  id,
  task: 'score',
  owner: null,
  attempt: 1,
  finishedAt,
})

test('outcomes past their time are dropped, also those that nobody asks for', () => {
  const outcomes = new Outcomes()
  let mostHeld = 0
  for (let ms = 0; ms < 200_000; ms++) {
    outcomes.put(outcome(`job-${ms}`, ms), 3_000)
    mostHeld = Math.max(mostHeld, outcomes.size)
  }
  expect(mostHeld).toBeLessThanOrEqual(2 * 3_000)
  expect(outcomes.get('job-197001', 200_000)).toMatchObject({ id: 'job-197001' })
  expect(outcomes.get('job-197000', 200_000)).toBeNull()
})

test('a long-lived outcome survives the sweeps of short-lived ones', () => {
  const outcomes = new Outcomes()
  outcomes.put(outcome('long', 0), 1_000_000)
  for (let ms = 0; ms < 20_000; ms++) outcomes.put(outcome(`job-${ms}`, ms), 10)
  expect(outcomes.get('long', 20_000)).toMatchObject({ id: 'long' })
  expect(outcomes.size).toBeLessThanOrEqual(1_000)
})
