// The step that settles one job has a short way. Whether it leads through or steps aside, what comes of it is what comes
// of the whole step: each case is played twice, with a feed so short that there is no short way, and compared.
import type { Claimed, NewJob, Settlement, StepReply, StepRequest, Store, StoredSchedule } from '@lovage/core'
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import {
  cancelOf,
  claim,
  claimOne,
  encoded,
  failed,
  inLane,
  joinAll,
  LEASE_MS,
  newJob,
  newJobs,
  report,
  retrying,
  settle,
  step,
  succeeded,
} from '../conformance/acts.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { handedTo } from './idle-session.ts'

interface Scene {
  store: Store
  clock: ManualClock
}

/** Sets the scene, and says what is asked of the step beside what all ask. */
type Setting = (scene: Scene) => Promise<Partial<StepRequest>>

let server: PrivateRedis
let redis: Redis
beforeAll(async () => {
  server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
  redis = new Redis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

/** All that there is, without what the server's own clock made. */
async function dump(): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const key of (await redis.keys('*')).toSorted()) {
    const kept = (await redis.pttl(key)) > 0 ? ' for a time' : ''
    all[key + kept] = JSON.parse(
      JSON.stringify(await valueOf(key)).replaceAll(/\d{13}-\d+/g, 'ID'),
    ) as unknown
  }
  return all
}

async function valueOf(key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key)
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'hash':
      return Object.entries(await redis.hgetall(key)).toSorted(([a], [b]) => (a < b ? -1 : 1))
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES')
    case 'set':
      return (await redis.smembers(key)).toSorted()
    default:
      return redis.xrange(key, '-', '+')
  }
}

/** The whole step asks for the lease, the short way does not. */
async function questions(): Promise<number> {
  const [, calls = '0'] = /^cmdstat_zscore:calls=(\d+)/m.exec(await redis.info('commandstats')) ?? []
  return Number(calls)
}

async function play(
  set: Setting,
  options: RedisStoreOptions,
): Promise<{ reply: StepReply; isShort: boolean; all: Record<string, unknown> }> {
  await redis.config('SET', 'maxmemory', '0')
  await redis.flushall()
  const clock = new ManualClock()
  const store = createRedisStore({ url: server.url, clock, onWarning: () => {}, ...options })
  try {
    await joinAll(store, 's')
    const request = await set({ store, clock })
    const before = await questions()
    const reply = await step(store, 's', { claim: 5, isIdle: true, ...request })
    const isShort = (await questions()) === before
    return { reply, isShort, all: await dump() }
  } finally {
    await store.close()
  }
}

/** What both ways came to. */
async function compare(set: Setting, options: RedisStoreOptions = {}) {
  const short = await play(set, { streamMaxLen: 10_000, ...options })
  const whole = await play(set, { streamMaxLen: 9_999, ...options })
  expect(whole.isShort).toBe(false)
  expect(short.reply).toEqual(whole.reply)
  return { isShort: short.isShort, short: short.all, whole: whole.all }
}

/** One job that is held, and what else there is. */
const holding =
  (
    more: (scene: Scene, held: Claimed) => Promise<unknown> = async () => {},
    job: Partial<NewJob> = {},
  ): Setting =>
  async (scene) => {
    await scene.store.enqueue([newJob('a', job)])
    const held = await claimOne(scene.store, 's')
    await more(scene, held)
    return { settle: [succeeded(held)] }
  }

/** How that one is settled, or what else is asked. */
const asking =
  (request: (held: Claimed) => Partial<StepRequest>): Setting =>
  async ({ store }) => {
    await store.enqueue(newJobs('a'))
    return request(await claimOne(store, 's'))
  }

async function handedOne(store: Store, id: string): Promise<Claimed> {
  await store.enqueue(newJobs(id))
  const [held] = await handedTo(store, 's')
  return held!
}

const every = (clock: ManualClock, everyMs: number): StoredSchedule => ({
  ...{ name: 'tick', spec: '{}', source: 'code', nextAt: clock.now() + everyMs },
  job: { task: 'score', owner: null, options: {}, input: encoded(1) },
})

/** So many notices. */
async function ninetyNine(store: Store): Promise<void> {
  await store.enqueue(Array.from({ length: 99 }, (_, n) => newJob(`b${n}`)))
  await settle(store, 's', ...(await claim(store, 's')).map((held) => succeeded(held)))
}

const rich = (held: Claimed & { trace?: string }): Settlement =>
  ({ ...succeeded(held), result: { json: 'null', meta: '{"values":["undefined"]}' } }) as Settlement

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('leads through', () => {
  const CASES: Record<string, Setting> = {
    'for one plain success': holding(),
    'without an owner': holding(undefined, { owner: null }),
    'with words whose letters are not of one byte': holding(undefined, { task: 'prüfen', owner: '"ä"' }),
    'with a trace': asking((held) => ({ settle: [succeeded({ ...held, trace: TRACE })] })),
    'with a result as long as notices hold': asking((held) => ({
      settle: [succeeded(held, 'x'.repeat(4_094))],
    })),
    'with what is shown of its options': asking((held) => ({
      settle: [succeeded({ ...held, options: { attempts: 3, tags: ['red'] } })],
    })),
    'with a rich result': asking((held) => ({ settle: [rich(held)] })),
    'with a rich result, an owner and a trace': asking((held) => ({
      settle: [rich({ ...held, trace: TRACE })],
    })),
    'without an outcome that is kept': asking((held) => ({ settle: [succeeded(held, 1, 0)] })),
    'to a session that runs more': asking((held) => ({ settle: [succeeded(held)], isIdle: false })),
    'in another queue': async ({ store }) => {
      await store.enqueue([newJob('a', { options: { queue: 'mail' } })])
      await store.enqueue(newJobs('b')) // which is no matter of this queue
      const { claimed } = await step(store, 's', { claim: 1, queues: ['mail'] })
      return { settle: [succeeded(claimed[0]!)], queues: ['mail'], isIdle: false }
    },
    'for one that was handed over': async ({ store }) => {
      // All in one millisecond, which says nothing of what came first.
      await step(store, 's', { claim: 1, isIdle: true })
      await settle(store, 's', succeeded(await handedOne(store, 'b'))) // the session is offered no more
      await step(store, 's', { claim: 1, isIdle: true })
      const before = await handedOne(store, 'c')
      await step(store, 's', { claim: 1, isIdle: true, settle: [succeeded(before)] })
      return { settle: [succeeded(await handedOne(store, 'a'))] }
    },
    'after a report': holding(({ store }, held) => store.progress('s', [report(held, 1)])),
    'while another one is delayed': holding(({ store }) => store.enqueue([newJob('b', { delayMs: 5_000 })])),
    'while a schedule goes on': holding(({ store, clock }) => store.putSchedule(every(clock, 5_000))),
    'while another one is delayed and a schedule goes on before': holding(async ({ store, clock }) => {
      await store.enqueue([newJob('b', { delayMs: 10_000 })])
      await store.putSchedule(every(clock, 5_000))
    }),
    'while another one is delayed and a schedule goes on after': holding(async ({ store, clock }) => {
      await store.enqueue([newJob('b', { delayMs: 1_000 })])
      await store.putSchedule(every(clock, 5_000))
    }),
    'while another one has failed once': holding(async ({ store }) => {
      await store.enqueue(newJobs('b'))
      await settle(store, 's', retrying(await claimOne(store, 's'), 60_000))
    }),
    'in a second other than this process thinks': holding(async ({ clock }) => {
      const { now } = clock
      let calls = 0
      clock.now = () => now.call(clock) - (calls++ === 0 ? 1_000 : 0) // it is asked first for what this process thinks
    }),
    'on a server that is full': holding(() => redis.config('SET', 'maxmemory', '1kb')),
    'at every hundredth notice': holding(({ store }) => ninetyNine(store)),
  }
  test.for(Object.entries(CASES))('%s', async ([, set]) => {
    const { isShort, short, whole } = await compare(set)
    expect(isShort).toBe(true)
    expect(short).toEqual(whole)
  })

  describe('and trims the feed once in a hundred notices', () => {
    const OUTCOMES = '{lovage:default}:outcomes'
    /** Older records than any other, and the hundredth of a hundred comes next. */
    const long = holding(async ({ store }) => {
      const add = "for n = 1, 10400 do redis.call('XADD', KEYS[1], '1-' .. n, 'of', 'others') end"
      await redis.eval(add, 1, OUTCOMES)
      await ninetyNine(store)
    })

    test('to its length', async () => {
      const { isShort, short, whole } = await compare(long)
      expect(isShort).toBe(true)
      expect(short).toEqual(whole)
      expect((short[OUTCOMES] as unknown[]).length).toBeLessThan(10_200)
    })

    test.for([
      ['as far as groups have read', '1-10300 1 50000'],
      ['but for no more than groups may hold', '1-10300 1 5000'],
    ] as const)('%s', async ([, held]) => {
      const { isShort, short, whole } = await compare(async (scene) => {
        const request = await long(scene)
        await redis.set(
          '{lovage:default}:tail',
          (await redis.get('{lovage:default}:tail'))!.replace('.99', '.20099'),
        )
        await redis.set('{lovage:default}:held', held)
        return request
      })
      expect(isShort).toBe(true)
      expect(short).toEqual(whole)
      expect((short[OUTCOMES] as unknown[]).length).toBeLessThan(held.endsWith('50000') ? 600 : 5_200)
    })
  })

  test('and lets go of outcomes above their number', async () => {
    const set = holding(async ({ store }) => {
      await store.enqueue(newJobs('b', 'c'))
      for (const held of await claim(store, 's')) await settle(store, 's', succeeded(held))
    })
    const { isShort, short, whole } = await compare(set, { results: { max: 2 } })
    expect(isShort).toBe(true)
    expect(short).toEqual(whole)
    expect(short['{lovage:default}:results']).toEqual(['c', 'a'])
  })

  test('and counts none of them where their number has no bound', async () => {
    const { isShort, short, whole } = await compare(holding(), { results: { max: Infinity } })
    expect(isShort).toBe(true)
    expect(short).toEqual(whole)
  })

  test('and looks for those whose time is over once in ten', async () => {
    const set = holding(async ({ store }) => {
      const others = Array.from({ length: 99 }, (_, n) => newJob(`b${n}`))
      await store.enqueue([...others, newJob('c')])
      const held = await claim(store, 's')
      // The tenth notice is not the tenth outcome: each is looked at in its own time.
      await settle(
        store,
        's',
        ...held.slice(0, 99).map((one, n) => succeeded(one, 1, n < 50 ? 1 : undefined)),
      )
      await settle(store, 's', retrying(held[99]!, 60_000))
      await vi.waitFor(async () => expect(await redis.keys('*:r:b*')).toHaveLength(49))
    })
    const { isShort, short, whole } = await compare(set)
    expect(isShort).toBe(true)
    expect(short).toEqual(whole)
    expect(short['{lovage:default}:results']).toHaveLength(100 - 21)
  })

  test.for<[string, Setting]>([
    ['paused', holding(({ store }) => store.pause({ queue: 'default' }))],
    [
      'limited',
      holding(({ store }) => store.limit([{ of: 'task', name: 'other', limit: { concurrency: 1 } }])),
    ],
  ])('while something is %s, and offers the session for later', async ([, set]) => {
    const { isShort, short, whole } = await compare(set)
    expect(isShort).toBe(true)
    const { '{lovage:default}:idle:1': offered, ...rest } = short
    expect(rest).toEqual(whole)
    expect(offered).toHaveLength(1)
  })
})

describe('steps aside', () => {
  const CASES: Record<string, Setting> = {
    'where another one waits': holding(({ store }) => store.enqueue(newJobs('b'))),
    'where one has been cancelled that waited': holding(async ({ store }) => {
      await store.enqueue(newJobs('b'))
      await store.cancel(cancelOf('b'))
    }),
    'where an urgent one waits': holding(({ store }) =>
      store.enqueue([newJob('b', { options: { priority: 1 } })]),
    ),
    'where one waits in a lane': holding(({ store }) => store.enqueue(inLane('x', 'b'))),
    'where one is due': holding(async ({ store, clock }) => {
      await store.enqueue([newJob('b', { delayMs: 1_000 })])
      await clock.advance(1_000)
    }),
    'where a schedule has come to its moment': holding(async ({ store, clock }) => {
      await store.putSchedule(every(clock, 1_000))
      await clock.advance(1_000)
    }),
    'where another one will expire': holding(({ store }) =>
      store.enqueue([newJob('b', { delayMs: 90_000, expiresMs: 1_000 })]),
    ),
    'where it stands at a gate': async ({ store }) => {
      await store.limit([{ of: 'task', name: 'score', limit: { concurrency: 1 } }])
      await store.enqueue(newJobs('a'))
      return { settle: [succeeded(await claimOne(store, 's'))] }
    },
    'where something ends with it': holding(undefined, {
      unique: [{ type: 'alone', name: 'one', onBusy: 'reject' }],
    }),
    'where another one runs that takes something with it': holding(async ({ store }) => {
      await store.enqueue([newJob('b', { unique: [{ type: 'alone', name: 'one', onBusy: 'reject' }] })])
      await claimOne(store, 's')
    }),
    'where it has been cancelled': holding(({ store }) => store.cancel(cancelOf('a'))),
    'where the session has been reaped': holding(async ({ store, clock }) => {
      await clock.advance(LEASE_MS)
      await joinAll(store, 'other')
      await store.extend('other', LEASE_MS)
    }),
    'for a second attempt': async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await settle(store, 's', retrying(await claimOne(store, 's'), 0))
      return { settle: [succeeded(await claimOne(store, 's'))] }
    },
    'for a failure': asking((held) => ({ settle: [failed(held)] })),
    'for a retry': asking((held) => ({ settle: [retrying(held)] })),
    'for a result that is too long for a notice': asking((held) => ({
      settle: [succeeded(held, 'x'.repeat(4_095))],
    })),
    'for one whose letters make it too long': asking((held) => ({
      settle: [succeeded(held, 'ä'.repeat(2_048))],
    })),
    'for a report beside it': asking((held) => ({
      settle: [{ ...succeeded(held), progress: { json: '1' } }],
    })),
    'for one that is settled twice': asking((held) => ({ settle: [succeeded(held), succeeded(held)] })),
    'to release another one': asking((held) => ({ settle: [succeeded(held)], release: ['b'] })),
    'to ask about a hold': asking((held) => ({
      settle: [succeeded(held)],
      verify: [{ id: 'b', claimedAt: 1 }],
    })),
    'to tell of starts': asking((held) => ({ settle: [succeeded(held)], announce: new Set(['score']) })),
    'where nothing may be claimed': asking((held) => ({ settle: [succeeded(held)], claim: 0 })),
    'for several queues': asking((held) => ({ settle: [succeeded(held)], queues: ['default', 'mail'] })),
  }
  test.for(Object.entries(CASES))('%s', async ([, set]) => {
    const { isShort, short, whole } = await compare(set)
    expect(isShort).toBe(false)
    expect(short).toEqual(whole)
  })

  test('for a session that has been offered, which is taken back', async () => {
    const { short, whole } = await compare(
      holding(({ store }) => step(store, 's', { claim: 1, isIdle: true })),
    )
    expect(short).toEqual(whole)
    expect(short['{lovage:default}:idle:1']).toHaveLength(1)
  })
})

test('a step that Redis refuses has written nothing', async () => {
  const clock = new ManualClock()
  await redis.flushall()
  const store = createRedisStore({ url: server.url, clock, onWarning: () => {} })
  await joinAll(store, 's')
  await store.enqueue(newJobs('a'))
  const held = await claimOne(store, 's')
  const before = await dump()
  await expect(step(store, 's', { claim: 1, settle: [succeeded(held, 1, 1e300)] })).rejects.toThrow(
    'out of range',
  )
  expect(await dump()).toEqual(before)
  await store.close()
})
