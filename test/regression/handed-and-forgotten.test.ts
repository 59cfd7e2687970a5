// A session was handed a job and made its next step before it had heard of it. Where the answer to its wait was lost then, it was
// not taken for lost, since a step had ended its being idle: nobody ever ran the job while the session lived.
import { expect } from 'vitest'
import { ids, newJobs, settle, stateOf, step, succeeded } from '../conformance/acts.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { expectReplaced, handedTo, idle, waitOptions } from '../redis/idle-session.ts'
import { replyThief } from '../redis/reply-thief.ts'
import { test } from '../redis/stage.ts'

test('a job that was handed over before a step, and whose message was lost after it, is run', async ({
  url,
  open,
  store,
}) => {
  await using thief = await replyThief(Number(new URL(url).port))
  const shaky = open({ url: thief.url })
  await idle(shaky, 'one')
  await store.enqueue(newJobs('first')) // its message opens the line on which the other one is lost
  const handed = await handedTo(shaky, 'one')
  expect(ids(handed)).toEqual(['first'])
  await settle(shaky, 'one', succeeded(handed[0]!))
  await step(shaky, 'one', { claim: 10, isIdle: true })
  await store.enqueue(newJobs('a'))
  expect(await stateOf(store, 'a')).toBe('running')

  await step(shaky, 'one')
  thief.stealNextReply()
  await expect(shaky.wait('one', waitOptions())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(thief.stolen).toBe(1)
  await expectReplaced(shaky, 'a')
})

// It could also be idle anew by that step, and hearing of the job ended that for the waiter alone: Redis went on handing jobs to it.
test('a session that heard of a job after it was idle anew is handed nothing after its next step', async ({
  open,
}) => {
  const clock = new ManualClock()
  const store = open({ clock })
  await idle(store, 'one')
  await store.enqueue(newJobs('a'))
  await clock.advance(1)
  await step(store, 'one', { claim: 10, isIdle: true })
  expect(ids(await handedTo(store, 'one'))).toEqual(['a'])
  await step(store, 'one')
  await store.enqueue(newJobs('b'))
  expect(await stateOf(store, 'b')).toBe('queued')
})
