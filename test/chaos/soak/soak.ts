/** `npm run chaos -- --soak --jobs 5000000`: millions of jobs of every kind, while what they stand on is weighed. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isLovageError } from '@lovage/core'
import { createQueue } from '@lovage/server'
import { Redis } from 'ioredis'
import { chanceOf } from '../../kit/chance.ts'
import { keysByName, leftovers } from '../director/leftovers.ts'
import type { StartRedis } from '../director/redis.ts'
import { Growth } from './growth.ts'
import { Hand } from './hands.ts'
import { kindOf } from './mix.ts'
import { FAILED, RESULTS, STREAM_MAX_LEN, tasks } from './tasks.ts'

export interface SoakOptions {
  jobs: number
  /** It ends after so long, however many there were. */
  limitMs: number
  seed: number
  startRedis: StartRedis
  say: (line: string) => void
}

/** Jobs that may be under way at once: what waits is not what is weighed. */
const OPEN_MAX = 4_000
const CALLS = 8 // at once
const SAMPLES = 80 // in all, and more where it takes long
const SAMPLED_EVERY_MS = 30_000
const RECYCLED_EVERY = 2 // samples
const LOOK_MS = 100
/** Longer than any result, window or start is kept. */
const OVER_MS = 90_000

/** On a machine that is busy elsewhere Redis may not answer in time; what was enqueued all the same is one job more. */
async function surely<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isLovageError(error, 'STORE_UNAVAILABLE')) throw error
    }
  }
}

/** @returns what was wrong, in sentences */
export async function soak({ jobs, limitMs, seed, startRedis, say }: SoakOptions): Promise<string[]> {
  const server = await startRedis()
  const admin = new Redis(server.url)
  const namespace = `soak-${randomUUID()}`
  const redis = { url: server.url, streamMaxLen: STREAM_MAX_LEN, failed: FAILED, results: RESULTS }
  const queue = createQueue({ tasks, redis, namespace, onWarning: () => {} })
  const open = (role: string, name: string, apiUrl = ''): Promise<Hand> =>
    Hand.enter(join(import.meta.dirname, `${role}.js`), { redisUrl: server.url, namespace, apiUrl, name })
  const { below } = chanceOf(seed)
  const growth = new Growth()
  const wrong: string[] = []
  const startedAt = performance.now()
  let enqueued = 0
  let underWay = 0
  let sampledAt = 0
  const isOver = (): boolean => enqueued >= jobs || performance.now() - startedAt > limitMs

  const staying = await open('worker', 'worker')
  const api = await open('api', 'api')
  const guests = await open('guests', 'guests', `http://127.0.0.1:${api.said['port']}/trpc`)
  let passing = await open('worker', 'passing-0')
  let recycled = 0

  async function weigh(): Promise<void> {
    for (const hand of [staying, api, guests]) {
      const { heapBytes, rssBytes, resources, leaks } = await hand.weigh()
      growth.add(`${hand.name} heap`, enqueued, heapBytes)
      growth.add(`${hand.name} resident`, enqueued, rssBytes)
      growth.add(
        `${hand.name} sockets`,
        enqueued,
        (resources['TCPSocketWrap'] ?? 0) + (resources['TCPWRAP'] ?? 0),
      )
      if (leaks > 0) wrong.push(`${hand.name} was warned of a leak of listeners`)
    }
    const info = await admin.info()
    const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
    growth.add('Redis memory', enqueued, field('used_memory'))
    growth.add('Redis connections', enqueued, field('connected_clients'))
    growth.add('Redis keys', enqueued, await admin.dbsize())
    say(
      `${enqueued} jobs, ${Math.round((1_000 * enqueued) / (performance.now() - startedAt))}/s; ${growth.now}`,
    )
  }

  async function call(): Promise<void> {
    while (!isOver()) {
      const kind = kindOf(below(1_000_000))
      const n = enqueued
      enqueued += kind.count
      await surely(() => kind.enqueue(queue, n))
      while (underWay > OPEN_MAX) await pause(LOOK_MS)
    }
  }

  async function look(): Promise<void> {
    const { queued, waiting, scheduled, retrying, running } = await surely(() => queue.counts())
    underWay = queued + waiting + scheduled + retrying + running
  }

  async function watch(): Promise<void> {
    for (let n = 0; !isOver();) {
      await pause(LOOK_MS)
      await look()
      const isDue = enqueued * SAMPLES >= n * jobs || performance.now() - sampledAt > SAMPLED_EVERY_MS
      if (!isDue) continue
      await weigh()
      sampledAt = performance.now()
      n += 1
      if (n % RECYCLED_EVERY > 0) continue
      const next = await open('worker', `passing-${++recycled}`)
      await passing.leave()
      passing = next
    }
  }

  await Promise.all([...Array.from({ length: CALLS }, call), watch()])
  say(`all ${enqueued} are enqueued; waiting for their ends`)
  await guests.leave()
  await queue.schedules.remove('tick')
  while (underWay > 0) await pause(LOOK_MS).then(look)
  for (const hand of [passing, staying, api]) await hand.leave()
  await queue.close()
  say(`waiting ${OVER_MS / 1_000} s for what has an end`)
  await pause(OVER_MS)
  const keys = await keysByName(admin, namespace)
  for (const key of await leftovers(admin, [`${namespace}:default`])) wrong.push(`left over: ${key}`)
  admin.disconnect()
  await server.stop()

  say(`${recycled} workers recycled, ${guests.said['visits']} visits of guests`)
  for (const { line, grows } of growth.lines()) {
    say(line)
    if (grows) wrong.push(`grows: ${line}`)
  }
  say(`keys at the end: ${[...keys].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}`)
  return wrong
}
