// The users of docs/operations.md, as they are printed there: each does all that its part does, and no more.
import { chain, chord, defineTasks, isLovageError, newJobId, type Store, task } from '@lovage/core'
import { createQueue, createRedisStore, diagnose, openStore, type RedisStoreOptions } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { startRedis } from '../../scripts/redis.mjs'
import { cancelOf, newJob } from '../conformance/acts.ts'
import { admit, refusals, type Role, urlAs, users } from './users.ts'

const server = await startRedis()
const root = new Redis(server.url)
await admit(root)
afterAll(async () => {
  root.disconnect()
  await server.stop()
})

const urlOf = (role: Role): string => urlAs(role, server.url)
const as = (role: Role): RedisStoreOptions => ({ url: urlOf(role), onWarning: () => {} })

const tasks = defineTasks({
  double: task({
    input: z.number(),
    output: z.number(),
    progress: z.number(),
    notices: ['queued', 'started'],
  }),
  add: task({ input: z.array(z.number()), output: z.number() }),
  fail: task({ retry: { attempts: 1 } }),
  flaky: task({ retry: { attempts: 2, backoff: { type: 'fixed', delay: '1ms', jitter: false } } }),
  slow: task({ schedule: { cron: '0 3 * * *' } }),
  large: task({ output: z.string() }),
  once: task({
    input: z.string(),
    key: (input) => input,
    singleton: 'reject',
    rememberLast: true,
    priority: 5,
    tags: ['t'],
  }),
  turns: task({ input: z.string(), key: (input) => input, ordered: true, concurrency: 1 }),
  soon: task({ debounce: '10ms' }),
  rare: task({ throttle: '1s', rateLimit: { limit: 100, per: '1s' } }),
})

const queueOf = (role: Role) => {
  const queue = createQueue({ tasks, redis: as(role), onWarning: () => {} })
  onTestFinished(() => queue.close())
  return queue
}

const storeOf = (role: Role): Store => {
  const store = createRedisStore(as(role))
  onTestFinished(() => store.close())
  return store
}

beforeEach(async () => {
  await root.flushall()
  await root.call('ACL', 'LOG', 'RESET')
})

test('there is a user for each part', () => {
  const names = users.map(({ name }) => name)
  expect(names).toEqual(['lovage-api', 'lovage-worker', 'lovage-consumer', 'lovage-operator'])
})

test.for(['api', 'worker', 'consumer', 'operator'] as const)(
  '%s may be the first to come to a partitioned queue, and comes to one that is there',
  async (role) => {
    for (const _ of ['first', 'again']) {
      const store = openStore({ redis: as(role), partitions: 2 })
      onTestFinished(() => store.close())
      for (let n = 0; n < 8; n++) expect(await store.get(newJobId())).toBeNull()
    }
    expect(await refusals(root)).toEqual([])
  },
)

test('API, worker, consumer and operator do all that they do, and none is refused anything', async () => {
  const api = queueOf('api')
  const consumer = queueOf('consumer')
  const operator = queueOf('operator')
  let start = (): void => {}
  const started = new Promise<void>((resolve) => (start = resolve))
  let flaws = 1
  const worker = createWorker({
    tasks,
    redis: as('worker'),
    logLevel: 'silent',
    lease: '3s', // it is renewed, and others are looked for, while this goes on
    grace: '50ms',
    handlers: {
      double(n, { progress, log, chunk }) {
        progress(n)
        log('doubling')
        chunk('…')
        return n * 2
      },
      add: (numbers) => numbers.reduce((sum, n) => sum + n, 0),
      fail() {
        throw new Error('no')
      },
      flaky() {
        if (flaws-- > 0) throw new Error('once')
      },
      slow: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          start()
          signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
      large: () => 'x'.repeat(10_000),
      once() {},
      turns() {},
      soon() {},
      rare() {},
    },
  })
  onTestFinished(() => worker.stop({ timeout: 0 }))
  await worker.start()

  const consumed: string[] = []
  const consuming = (async () => {
    for await (const notice of consumer.consume('mailer', { types: ['succeeded', 'failed'] })) {
      if (notice.type === 'gap') continue
      consumed.push(notice.type)
      if (consumed.length % 5 !== 1) await notice.ack() // some are released, or die
    }
  })().catch((error: unknown) => error)
  const feed = consumer.notices()[Symbol.asyncIterator]()
  await feed.next()

  // The API.
  const job = await api.double.enqueue(2, { tags: ['t'], metadata: { of: 'ada' } })
  const following = job[Symbol.asyncIterator]()
  await following.next()
  expect(await job.result()).toBe(4)
  expect((await feed.next()).value).toMatchObject({ jobId: job.id })
  expect((await consumer.double.get(job.id)).state).toBe('succeeded')
  const many = await api.double.enqueueMany([1, 2, 3])
  expect(await many[2]?.result()).toBe(6)
  expect(await (await api.large.enqueue()).result()).toHaveLength(10_000)
  await (await api.flaky.enqueue()).result()
  const later = await api.double.enqueue(1, { delay: '1h', expiresIn: '2h', priority: 3 })
  expect((await api.get(later.id)).state).toBe('scheduled')
  await api.double.enqueue(1, { idempotencyKey: 'key' })
  await (await api.double.enqueue(1, { idempotencyKey: 'key' })).result()
  const once = await api.once.enqueue('a')
  await once.result()
  expect((await api.once.last())?.id).toBe(once.id)
  for (const key of ['a', 'a', 'b']) await api.turns.enqueue(key)
  await api.soon.enqueue()
  await (await api.soon.enqueue()).result()
  await api.rare.enqueue()
  await (await api.rare.enqueue()).result()
  expect(await (await api.enqueueFlow(chain(api.double.call(1), api.double.step()))).result()).toBe(4)
  const sum = chord([api.double.call(1), api.double.call(2)], api.add.step())
  expect(await (await api.enqueueFlow(sum)).result()).toBe(6)
  const durable = await api.double.enqueue(1, { durability: 'replicated' }).catch((error: unknown) => error)
  expect(isLovageError(durable, 'NOT_REPLICATED')).toBe(true)
  const slow = await api.slow.enqueue()
  await started
  expect(await slow.cancel('enough')).toEqual({ outcome: 'cancelled' })
  await (await api.fail.enqueue()).result().catch(() => {})
  const discarded = await api.fail.enqueue()
  await discarded.result().catch(() => {})
  await api.failed.discard(discarded.id)
  const [first] = (await api.failed.list()).jobs
  await (await api.failed.retry(first?.id as string)).result().catch(() => {})
  expect((await api.list({ tag: 't' })).jobs.length).toBeGreaterThan(0)
  expect((await api.list({ state: 'scheduled' })).jobs.length).toBe(1)
  await api.cancelMany({ state: 'scheduled' })
  await api.counts()
  for await (const notice of api.consume('here', { from: 'start', ackWait: '1s' })) {
    if (notice.type !== 'gap') await notice.ack()
    break
  }
  await api.deadNotices('here')
  expect(await api.deleteGroup('here')).toBe(true)

  // The operator.
  const inspection = await operator.inspect({ running: 5 })
  expect(inspection.counts.running).toBe(0)
  await operator.pause({ task: 'double' })
  expect(await operator.paused()).toEqual([{ task: 'double' }])
  const held = await operator.double.enqueue(5)
  await operator.resume({ task: 'double' })
  expect(await held.result()).toBe(10)
  await operator.limit({ queue: 'default' }, { concurrency: 5 })
  await operator.limit({ queue: 'default' }, null)
  await operator.schedules.add('nightly', operator.double.call(1), { cron: '0 4 * * *' })
  expect((await operator.schedules.list()).map(({ name }) => name)).toContain('nightly')
  await (await operator.schedules.trigger('nightly')).result()
  await operator.schedules.remove('nightly')
  await operator.failed.retryAll()
  await operator.failed.discardAll()
  await operator.purge({ task: 'double' })
  expect((await operator.groups()).map(({ name }) => name)).toEqual(['mailer'])
  await operator.deadNotices('mailer')
  expect((await diagnose(as('operator'))).find(({ check }) => check === 'role')?.seen).toBe('primary')

  await expect.poll(() => consumed.length).toBeGreaterThan(10)
  await operator.deleteGroup('mailer')
  expect(await consuming).toMatchObject({ code: 'GROUP_DELETED' })
  await worker.stop()
  expect(await refusals(root)).toEqual([])
})

/** What a server says, to a command and to a script. */
const REFUSED = /NOPERM|The user executing the script can't|ACL failure in script/

const dangerous = [
  ['flushall'],
  ['keys', '*'],
  ['config', 'set', 'save', ''],
  ['acl', 'list'],
  ['shutdown', 'nosave'],
  ['replicaof', 'no', 'one'],
  ['monitor'],
  ['client', 'list'],
  ['script', 'flush'],
  ['get', '{other:default}:tail'],
  ['hset', '{other:default}:jobs', 'a', 'b'],
  ['eval', "return redis.call('GET', '{other:default}:tail')", '0'],
]

describe.for(['api', 'worker', 'consumer', 'operator'] as const)('%s', (role) => {
  test('may nothing that is dangerous, and not see another namespace', async () => {
    const redis = new Redis(urlOf(role))
    for (const [name = '', ...args] of dangerous)
      await expect(redis.call(name, ...args), name).rejects.toThrow(REFUSED)
    redis.disconnect()
  })
})

const acts: Record<string, (store: Store) => Promise<unknown>> = {
  'enqueue a job': (store) => store.enqueue([newJob('a')]),
  'cancel a job': (store) => store.cancel(cancelOf('waiting')),
  work: (store) => store.join({ session: 's', leaseMs: 1_000 }),
  'set a limit': (store) => store.limit([{ of: 'queue', name: 'default', limit: { concurrency: 1 } }]),
  pause: (store) => store.pause({ queue: 'default' }),
  'add a schedule': (store) =>
    store.putSchedule({ name: 'x', job: newJob(''), spec: '{}', source: 'user', nextAt: 1 }),
  'open a group': (store) =>
    store.consumers.open({
      name: 'g',
      owner: null,
      rules: { tasks: null, types: null, ackWaitMs: 1_000, maxDeliveries: 5 },
      from: null,
      maxGroups: 10,
    }),
}

test.for<[Role, string]>([
  ['api', 'work'],
  ['api', 'set a limit'],
  ['api', 'pause'],
  ['api', 'add a schedule'],
  ['worker', 'pause'],
  ['worker', 'open a group'],
  ['consumer', 'enqueue a job'],
  ['consumer', 'cancel a job'],
  ['consumer', 'work'],
  ['consumer', 'set a limit'],
  ['consumer', 'pause'],
  ['consumer', 'add a schedule'],
  ['operator', 'work'],
])('%s may not %s, and leaves nothing half done', async ([role, act]) => {
  await storeOf('operator').enqueue([newJob('waiting')])
  const before = await everything()
  const error = await acts[act]?.(storeOf(role)).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(REFUSED) })
  expect(await everything()).toEqual(before)
})

async function everything(): Promise<Record<string, unknown>> {
  const keys = (await root.keys('*')).toSorted()
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, (await root.dumpBuffer(key))?.toString('base64')])),
  )
}
