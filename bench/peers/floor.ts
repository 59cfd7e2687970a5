/**
 * The floor: the least that raw ioredis must send and raw scripts must do so that a job waits, is run, and leaves its
 * result and its notice behind. Nothing is validated, leased, fenced, counted or retried; a worker that dies takes its
 * jobs with it.
 */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Input } from '../kit/roles.ts'
import type { Peer } from './peer.ts'

const STEP_MAX = 100
const BLOCK_S = 5

/** Settles what has ended, and takes as many as there is room for. `ARGV`: the room, then id and result of each. */
const STEP = `
  for n = 2, #ARGV, 2 do
    redis.call('SET', 'r:' .. ARGV[n], ARGV[n + 1], 'EX', 86400)
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', ARGV[n], 'result', ARGV[n + 1])
  end
  if ARGV[1] == '0' then return {} end
  return redis.call('LPOP', KEYS[1], ARGV[1]) or {}`

const encode = (id: string, input: Input): string => JSON.stringify([id, input])

export const peer: Peer = {
  producer({ url }) {
    const redis = new Redis(url)
    let tick: { jobs: string[]; sent: Promise<unknown> } | undefined
    /** The calls of one turn of the event loop leave together. */
    const push = (job: string): Promise<unknown> => {
      if (tick === undefined) {
        const jobs: string[] = []
        const sent = new Promise((resolve, reject) => {
          process.nextTick(() => {
            tick = undefined
            redis.rpush('wait', ...jobs).then(resolve, reject)
          })
        })
        tick = { jobs, sent }
      }
      tick.jobs.push(job)
      return tick.sent
    }
    const waiting = new Map<string, (result: unknown) => void>()
    let following: Promise<void> | undefined
    return Promise.resolve({
      add: (input) => push(encode(randomUUID(), input)),
      addMany: (input, count) =>
        redis.rpush('wait', ...Array.from({ length: count }, () => encode(randomUUID(), input))),
      async call(input) {
        await (following ??= follow(url, (id, result) => waiting.get(id)?.(JSON.parse(result))))
        const id = randomUUID()
        return new Promise((resolve, reject) => {
          waiting.set(id, (result) => {
            waiting.delete(id)
            resolve(result)
          })
          push(encode(id, input)).catch(reject)
        })
      },
    })
  },

  async worker({ url }, { concurrency, handle, completed }) {
    const redis = new Redis(url)
    const blocking = new Redis(url)
    const sha = (await redis.script('LOAD', STEP)) as string
    const ended: string[] = []
    let free = concurrency
    let isBusy = false
    const run = async (job: string): Promise<void> => {
      const [id, input] = JSON.parse(job) as [string, Input]
      ended.push(id, JSON.stringify(await handle(input)))
      free += 1
      process.nextTick(() => void work())
    }
    const start = async (jobs: readonly string[]): Promise<void> => {
      free -= jobs.length
      for (const job of jobs) void run(job)
      await Promise.resolve() // what returns at once has returned
    }
    const work = async (): Promise<void> => {
      if (isBusy) return
      isBusy = true
      for (;;) {
        const settled = ended.splice(0, 2 * STEP_MAX)
        const room = Math.min(free, STEP_MAX)
        const jobs = (await redis.evalsha(sha, 2, 'wait', 'outcomes', room, ...settled)) as string[]
        for (let n = 0; n < settled.length; n += 2) completed()
        await start(jobs)
        if (ended.length > 0) continue
        if (free < concurrency) break // whoever ends calls again
        const popped = await blocking.blpop('wait', BLOCK_S)
        if (popped !== null) await start([popped[1]])
      }
      isBusy = false
    }
    void work()
  },

  async listener({ url }, heard) {
    await follow(url, heard)
  },
}

/** Reads the stream from its end on; resolves when it does. */
async function follow(url: string, heard: (id: string, result: string) => void): Promise<void> {
  const redis = new Redis(url)
  const last = await redis.xrevrange('outcomes', '+', '-', 'COUNT', 1)
  let place = last[0]?.[0] ?? '0-0'
  const read = async (): Promise<void> => {
    for (;;) {
      const reply = await redis.xread('COUNT', 1_000, 'BLOCK', BLOCK_S * 1_000, 'STREAMS', 'outcomes', place)
      for (const [id, fields] of reply?.[0]?.[1] ?? []) {
        place = id
        heard(fields[1] as string, fields[3] as string)
      }
    }
  }
  void read()
}
