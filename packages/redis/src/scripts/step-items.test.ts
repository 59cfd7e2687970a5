// How settlements become arguments of the step: in runs, each under one head.
import type { Settlement } from '@lovage/core'
import { expect, test } from 'vitest'
import { HEAD, stepItems } from './step-items.ts'

const succeeded = (id: string, more: Partial<Settlement> = {}): Settlement =>
  ({
    ...{ id, claimedAt: 1_000, task: 'score', owner: null, attempt: 1, to: 'succeeded' },
    ...{ result: { json: `"${id}"` }, ttlMs: 60_000 },
    ...more,
  }) as Settlement

const retried = (id: string): Settlement => ({
  ...{ id, claimedAt: 1_000, task: 'score', owner: null, attempt: 1 },
  ...{ to: 'retrying', error: { name: 'Error', message: 'no' }, delayMs: 10 },
})

/** The runs as `to: ids`, read as the script reads them. */
function runsOf(settle: Settlement[]): string[] {
  const { settleSize, items } = stepItems({ session: 's', queues: ['default'], settle, claim: 0 })
  const runs: string[] = []
  for (let at = 1; at <= settleSize;) {
    const [count, to] = items.slice(at) as [number, string]
    const end = at + HEAD + 2 * count
    const ids = items.slice(at + HEAD, end).filter((_, n) => n % 2 === 0)
    runs.push(`${to}: ${ids.join(' ')}`)
    at = end
  }
  return runs
}

test('successes in a row that differ in job and result alone share one head', () => {
  expect(runsOf([succeeded('a'), succeeded('b'), succeeded('c')])).toEqual(['succeeded: a b c'])
})

test.each([
  ['moment of the claim', { claimedAt: 1_001 }],
  ['task', { task: 'other' }],
  ['owner', { owner: 'ada' }],
  ['attempt', { attempt: 2 }],
  ['lifetime of the result', { ttlMs: 1 }],
  ['trace', { trace: '00-1-2-01' }],
  ['set of options', { options: { priority: 1 } }],
])('another %s needs a head of its own', (_what, more) => {
  expect(runsOf([succeeded('a'), succeeded('b', more), succeeded('c', more)])).toEqual([
    'succeeded: a',
    'succeeded: b c',
  ])
})

test('the order stays, and a last report comes before its outcome', () => {
  const reported = succeeded('b', { progress: { json: '1' } })
  expect(runsOf([succeeded('a'), reported, succeeded('c'), retried('d'), retried('e')])).toEqual([
    'succeeded: a',
    'report: b',
    'succeeded: b c',
    'retrying: d',
    'retrying: e',
  ])
})
