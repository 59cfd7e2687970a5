// A server that is full (`maxmemory` with noeviction) takes no new work, and lets what it has come to its end: that is
// what makes room again.
import { isLovageError, type NewJob, newJobId, type Store } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'
import { expect, test as base } from 'vitest'
import { withRedis } from './stage.ts'

const job = (): NewJob => ({
  id: newJobId(),
  task: 'send',
  owner: null,
  input: { json: '1' },
  options: {},
  delayMs: 0,
  announce: false,
})

/** Five jobs, of which three run, and a group; then `fill` takes all room, and `empty` gives it back. */
const test = base.extend<{
  full: { store: Store; claimed: Awaited<ReturnType<Store['step']>>['claimed']; admin: Redis }
}>({
  full: async ({}, use) => {
    await withRedis(['--maxmemory-policy', 'noeviction'], async ({ url }) => {
      const store = createRedisStore({ url, onWarning: () => {} })
      const admin = new Redis(url)
      await store.enqueue(Array.from({ length: 5 }, job))
      await store.join({ session: 's', leaseMs: 60_000 })
      const { claimed } = await store.step({ session: 's', settle: [], claim: 3, queues: ['default'] })
      await admin.config('SET', 'maxmemory', '1kb')
      await use({ store, claimed, admin })
      admin.disconnect()
      await store.close()
    })
  },
})

const held = ({
  id,
  claimedAt,
  task,
  owner,
  attempt,
}: {
  id: string
  claimedAt: number
  task: string
  owner: string | null
  attempt: number
}) => ({ id, claimedAt, task, owner, attempt })
const step = (store: Store, settle: Parameters<Store['step']>[0]['settle'], claim = 0) =>
  store.step({ session: 's', settle, claim, queues: ['default'] })

test('new jobs are refused with an error that says why, until there is room', async ({
  full: { store, admin },
}) => {
  const error = await store.enqueue([job()]).catch((thrown: unknown) => thrown)
  expect(isLovageError(error, 'STORE_UNAVAILABLE')).toBe(true)
  expect(String(error)).toMatch(
    /^LovageError: Redis at 127\.0\.0\.1:\d+ refuses this: OOM command not allowed when used memory > 'maxmemory'\.$/,
  )
  const several = [job(), job(), job()].map((one) => ({ ...one, isNew: true }))
  await expect(store.enqueue(several)).rejects.toMatchObject({
    message: expect.stringContaining('refuses this: OOM'),
  })
  await admin.config('SET', 'maxmemory', '0')
  expect(await store.counts()).toMatchObject({ queued: 2 })
  expect(await store.enqueue([job()])).toMatchObject([{ outcome: 'enqueued' }])
  expect(await store.enqueue(several)).toMatchObject(several.map(({ id }) => ({ outcome: 'enqueued', id })))
  expect(await store.counts()).toMatchObject({ queued: 6 })
})

test('what runs is settled, and what waits is claimed', async ({ full: { store, claimed } }) => {
  const [one, two, three] = claimed.map(held)
  const error = { name: 'Error', message: 'not this time' }
  const reply = await step(store, [
    { ...one!, to: 'succeeded', result: { json: '1' }, ttlMs: 60_000 },
    { ...two!, to: 'failed', error, ttlMs: 60_000 },
    { ...three!, to: 'retrying', error, delayMs: 60_000 },
  ])
  expect(reply.lost).toEqual([])
  expect(await store.get(one!.id)).toMatchObject({ state: 'succeeded' })
  expect(await store.get(two!.id)).toMatchObject({ state: 'failed' })
  expect(await store.get(three!.id)).toMatchObject({ state: 'retrying' })
  expect((await step(store, [], 2)).claimed).toHaveLength(2)
})

test('leases are renewed, sessions come and go, and progress is told', async ({
  full: { store, claimed },
}) => {
  expect(await store.extend('s', 60_000)).toEqual({ alive: true, reaped: 0 })
  expect(await store.progress('s', [{ ...held(claimed[0]!), data: { json: '1' } }])).toEqual({ lost: [] })
  const holds = claimed.map(({ id, claimedAt }) => ({ id, claimedAt }))
  expect(await store.join({ session: 'next', leaseMs: 60_000, replaces: { session: 's', holds } })).toEqual({
    lost: [],
  })
  expect(await store.leave('next')).toEqual({ returned: 3 })
})

test('what waits and what runs can be cancelled', async ({ full: { store, claimed } }) => {
  for (const { id } of claimed)
    expect(await store.cancel({ id, by: null, reason: null, ttlMs: 60_000 })).toMatchObject({
      outcome: 'cancelled',
    })
})

test('consumers are given what there is, and ack it', async ({ full: { store, claimed, admin } }) => {
  const group = { name: 'books', owner: null }
  const rules = { tasks: null, types: null, ackWaitMs: 60_000, maxDeliveries: 5 }
  expect(await store.consumers.open({ ...group, rules, from: '0-0.0', maxGroups: 1 })).toBe('opened')
  await step(store, [{ ...held(claimed[0]!), to: 'succeeded', result: { json: '1' }, ttlMs: 60_000 }])
  const reply = await store.consumers.pull({ ...group, member: 'm', window: 10, resume: false })
  expect(reply?.delivered).toHaveLength(1)
  const [{ notice, deliveries }] = reply!.delivered as [NonNullable<typeof reply>['delivered'][number]]
  const id = notice.cursor.split('.')[0]!
  expect(await store.consumers.ack(group, [{ member: 'm', id, deliveries }])).toEqual([true])
  expect(await admin.config('GET', 'maxmemory')).toEqual(['maxmemory', '1024'])
})
