// What older code does with what newer code wrote: never lose it, never choke on it, say so.
import { START } from '@lovage/core'
import { expect } from 'vitest'
import { cancelOf, claim, ids, joinAll, newJob, newJobs, stateOf, step } from '../conformance/acts.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { test } from './stage.ts'

const NEWER = '[2,{"task":"score","owner":null},{"of":"b"}]'
const unsupported = { code: 'VERSION_UNSUPPORTED', details: { seen: 2, known: 1 } }

test('a worker puts off a job of a newer version, says so, and takes the others', async ({
  open,
  redis,
  key,
}) => {
  const warnings: string[] = []
  const clock = new ManualClock()
  const store = open({ clock, onWarning: (message) => warnings.push(message) })
  await joinAll(store, 'old')
  await store.enqueue(newJobs('a', 'b', 'c'))
  await redis.hset(key('jobs'), 'b', NEWER)

  const reply = await step(store, 'old', { claim: 2 })
  expect(ids(reply.claimed)).toEqual(['a'])
  expect(reply.nextDueMs).toBe(30_000)
  expect(warnings).toEqual([expect.stringContaining('1 job(s) were written by a newer version')])
  expect(ids(await claim(store, 'old'))).toEqual(['c'])
  expect(await redis.hget(key('jobs'), 'b')).toBe(NEWER)

  await clock.advance(30_000)
  await redis.hset(key('jobs'), 'b', '[1,"score",null,0,{"of":"b"}]') // by now the worker was updated
  expect(await claim(store, 'old')).toMatchObject([{ id: 'b', attempt: 1, input: { json: '{"of":"b"}' } }])
})

test('get and cancel of a job of a newer version say what is wrong and change nothing', async ({
  store,
  redis,
  key,
}) => {
  await store.enqueue(newJobs('b'))
  await redis.hset(key('jobs'), 'b', NEWER)
  await expect(store.get('b')).rejects.toMatchObject(unsupported)
  await expect(store.cancel(cancelOf('b'))).rejects.toMatchObject(unsupported)
  expect(await redis.hget(key('jobs'), 'b')).toBe(NEWER)
  expect(await store.counts()).toMatchObject({ queued: 1 })
})

test('an outcome and a notice of a newer version are not read as something else', async ({
  store,
  redis,
  key,
}) => {
  await redis.set(
    key('r:a'),
    '{"status":"SUCCESS","result":1,"task":"score","v":2,"date_done":"2026-11-21T00:00:00.000Z"}',
  )
  await expect(store.get('a')).rejects.toMatchObject(unsupported)
  await redis.xadd(key('outcomes'), '*', 'task_id', 'a', 'status', 'SUCCESS', 'seq', '1', 'v', '2')
  await expect(store.range(START, 1)).rejects.toMatchObject(unsupported)
})

test('a damaged record stops nobody: its job stays in hand, and the others run', async ({
  open,
  redis,
  key,
}) => {
  const warnings: string[] = []
  const store = open({ onWarning: (message) => warnings.push(message) })
  await joinAll(store, 's')
  await store.enqueue([newJob('a'), newJob('b')])
  await redis.hset(key('jobs'), 'a', '[1,')
  expect(ids(await claim(store, 's'))).toEqual(['b'])
  expect(warnings).toEqual([expect.stringContaining('The record of job a was not written by Lovage')])
  expect(await store.counts()).toMatchObject({ running: 2 })
  expect(await store.cancel(cancelOf('a'))).toMatchObject({ outcome: 'cancelled' })
  expect(await stateOf(store, 'a')).toBe('cancelled')
})
