// The reply is lost, so the caller cannot know whether it happened.
import { START, type Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  announcedJobs,
  claim,
  claimOne,
  feedAfter,
  freshJobs,
  ids,
  joinAll,
  LEASE_MS,
  newJobs,
  report,
  settle,
  stateOf,
  succeeded,
  told,
} from '../conformance/acts.ts'
import { type ReplyThief, replyThief } from './reply-thief.ts'
import { test as base } from './stage.ts'

const test = base.extend<{ thief: ReplyThief; shaky: Store }>({
  thief: async ({ url }, use) => {
    await using thief = await replyThief(Number(new URL(url).port))
    await use(thief)
  },
  /** The same queue over a line that can break. */
  shaky: async ({ open, thief }, use) => use(open({ url: thief.url })),
})

describe('a step whose reply was lost', () => {
  test('is not sent again, and joining anew loses and doubles nothing', async ({ shaky, store, thief }) => {
    await joinAll(shaky, 'before')
    await store.enqueue(newJobs('a', 'b', 'c', 'd'))
    const [a, b] = await claim(shaky, 'before', 2)

    thief.stealNextReply()
    const lostStep = shaky.step({
      session: 'before',
      settle: [succeeded(a!, 'first')],
      claim: 1,
      queues: ['default'],
    })
    await expect(lostStep).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(thief.stolen).toBe(1)
    expect(await stateOf(store, 'a')).toBe('succeeded')
    expect(await stateOf(store, 'c')).toBe('running') // claimed, and nobody knows

    const joined = await shaky.join({
      session: 'after',
      leaseMs: LEASE_MS,
      replaces: { session: 'before', holds: [a!, b!] },
    })
    expect(joined).toEqual({ lost: ['a'] })
    expect(await shaky.step({ session: 'before', settle: [], claim: 9, queues: ['default'] })).toMatchObject({
      alive: false,
      claimed: [],
    })

    const reply = await shaky.step({
      session: 'after',
      settle: [succeeded(b!)],
      claim: 9,
      queues: ['default'],
    })
    expect(reply.lost).toEqual([])
    expect(reply.claimed.map(({ id, attempt }) => `${id} ${attempt}`)).toEqual(['c 1', 'd 1'])
    await settle(shaky, 'after', ...reply.claimed.map((job) => succeeded(job)))
    expect(told(await feedAfter(store))).toEqual(['succeeded a', 'succeeded b', 'succeeded c', 'succeeded d'])
    expect(await store.counts()).toMatchObject({ queued: 0, running: 0 })
  })

  test('may as well have never arrived: then the job is settled by the new session', async ({
    shaky,
    store,
  }) => {
    await joinAll(shaky, 'before')
    await store.enqueue(newJobs('a'))
    const a = await claimOne(shaky, 'before')
    expect(
      await shaky.join({
        session: 'after',
        leaseMs: LEASE_MS,
        replaces: { session: 'before', holds: [a] },
      }),
    ).toEqual({ lost: [] })
    expect((await settle(shaky, 'after', succeeded(a))).lost).toEqual([])
    expect(told(await feedAfter(store))).toEqual(['succeeded a'])
  })
})

describe('a call that is as good twice is sent again', () => {
  test('enqueue: the job is in line once', async ({ shaky, store, thief }) => {
    await shaky.tail()
    thief.stealNextReply()
    await shaky.enqueue(announcedJobs('a', 'b'))
    expect(thief.stolen).toBe(1)
    await joinAll(store, 's')
    expect(ids(await claim(store, 's'))).toEqual(['a', 'b'])
    expect(told(await feedAfter(store))).toEqual(['queued a', 'queued b'])
  })

  test('enqueue of new jobs: each is in line once, and what has ended meanwhile stays so', async ({
    shaky,
    store,
    thief,
  }) => {
    await shaky.tail()
    thief.stealNextReply()
    const enqueuing = shaky.enqueue(freshJobs('a', 'b'))
    await joinAll(store, 's')
    await store.wait('s', { work: true, timeoutMs: 10_000, signal: new AbortController().signal })
    const claimed = await claim(store, 's')
    await settle(store, 's', succeeded(claimed[0]!))
    await enqueuing
    expect(thief.stolen).toBe(1)
    expect(ids([...claimed, ...(await claim(store, 's'))])).toEqual(['a', 'b'])
    expect(await stateOf(store, 'a')).toBe('succeeded')
    expect(await store.counts()).toMatchObject({ queued: 0, running: 1 })
  })

  test('join: what the new session took over stays its own', async ({ shaky, store, thief }) => {
    await joinAll(shaky, 'before')
    await store.enqueue(newJobs('a'))
    const a = await claimOne(shaky, 'before')
    thief.stealNextReply()
    const replaces = { session: 'before', holds: [a] }
    expect(await shaky.join({ session: 'after', leaseMs: LEASE_MS, replaces })).toEqual({ lost: [] })
    expect(thief.stolen).toBe(1)
    expect((await settle(shaky, 'after', succeeded(a))).lost).toEqual([])
  })

  test('reading is repeated without a word', async ({ shaky, store, thief }) => {
    await store.enqueue(newJobs('a'))
    await shaky.tail()
    for (const read of [
      () => shaky.get('a'),
      () => shaky.counts(),
      () => shaky.range(START, 1),
      () => shaky.tail(),
    ]) {
      thief.stealNextReply()
      await read()
    }
    expect(thief.stolen).toBe(4)
  })
})

test('a report whose reply was lost is not written twice', async ({ shaky, store, thief }) => {
  await joinAll(shaky, 's')
  await store.enqueue(newJobs('a'))
  const a = await claimOne(shaky, 's')
  await shaky.progress('s', [report(a, 1)])
  thief.stealNextReply()
  await expect(shaky.progress('s', [report(a, 2)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect((await feedAfter(store)).map(({ data }) => data?.json)).toEqual(['1', '2'])
})
