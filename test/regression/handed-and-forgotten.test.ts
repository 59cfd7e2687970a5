// A session was handed a job and made its next step before it had heard of it. Where the answer to its wait was lost then, it was
// not taken for lost, since a step had ended its being idle: nobody ever ran the job while the session lived.
import { expect } from 'vitest'
import {
  claimOne,
  ids,
  joinAll,
  LEASE_MS,
  newJobs,
  settle,
  stateOf,
  step,
  succeeded,
} from '../conformance/acts.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { replyThief } from '../redis/reply-thief.ts'
import { test } from '../redis/stage.ts'

const options = () => ({ work: true, timeoutMs: 25_000, signal: AbortSignal.timeout(25_000) })

test('a job that was handed over before a step, and whose message was lost after it, is run', async ({
  url,
  open,
  store,
}) => {
  await using thief = await replyThief(Number(new URL(url).port))
  const shaky = open({ url: thief.url })
  await joinAll(shaky, 'one')
  await step(shaky, 'one', { claim: 10, isIdle: true })
  await store.enqueue(newJobs('first')) // its message opens the line on which the other one is lost
  const { handed = [] } = await shaky.wait('one', options())
  expect(ids(handed)).toEqual(['first'])
  await settle(shaky, 'one', succeeded(handed[0]!))
  await step(shaky, 'one', { claim: 10, isIdle: true })
  await store.enqueue(newJobs('a'))
  expect(await stateOf(store, 'a')).toBe('running')

  await step(shaky, 'one')
  thief.stealNextReply()
  await expect(shaky.wait('one', options())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(thief.stolen).toBe(1)
  await expect(step(shaky, 'one')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' }) // it has to be replaced
  await shaky.join({ session: 'two', leaseMs: LEASE_MS, replaces: { session: 'one', holds: [] } })
  expect(await claimOne(shaky, 'two')).toMatchObject({ id: 'a', attempt: 1 })
})

// It could also be idle anew by that step, and hearing of the job ended that for the waiter alone: Redis went on handing jobs to it.
test('a session that heard of a job after it was idle anew is handed nothing after its next step', async ({
  open,
}) => {
  const clock = new ManualClock()
  const store = open({ clock })
  await joinAll(store, 'one')
  await step(store, 'one', { claim: 10, isIdle: true })
  await store.enqueue(newJobs('a'))
  await clock.advance(1)
  await step(store, 'one', { claim: 10, isIdle: true })
  expect(ids((await store.wait('one', options())).handed ?? [])).toEqual(['a'])
  await step(store, 'one')
  await store.enqueue(newJobs('b'))
  expect(await stateOf(store, 'b')).toBe('queued')
})
