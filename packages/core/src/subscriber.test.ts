import { expect, test } from 'vitest'
import { START } from './cursor.ts'
import type { StoredNotice } from './store.ts'
import { Subscriber } from './subscriber.ts'

const record = (seq: number): StoredNotice => ({
  cursor: `${seq}-0.${seq}`,
  type: 'succeeded',
  jobId: `job-${seq}`,
  task: 'send',
  owner: null,
  at: seq,
})

function afterSilence(count: number): Subscriber {
  const subscriber = new Subscriber({}, { isSlow: () => false }, () => {})
  subscriber.begin(START)
  for (let seq = 1; seq <= count; seq++) subscriber.push(record(seq))
  return subscriber
}

test('a loop that has not come for a while finds what came meanwhile', async () => {
  expect(await afterSilence(1_000).next()).toHaveLength(1_000)
})

test('beyond a thousand records nothing is kept for it, and it is told to read history again', async () => {
  expect(await afterSilence(1_001).next()).toBeNull()
})
