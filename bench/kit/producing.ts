/** How a producer enqueues, whoever's queue it is. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Producing } from '../peers/peer.ts'
import { exactly, Purse, warmUp } from './budget.ts'
import { Counter } from './counting.ts'
import { type How, type Input, inputOf, type Producer } from './roles.ts'

const CALLERS = 100
const BULK = 1_000
/** What has not come by then is late: it counts as this. */
const LATE_MS = 1_000

export function producer(queue: Producing): Producer {
  return {
    async enqueue({ how, budget, isWarm = false, bytes, queues }) {
      const input = inputOf(bytes)
      if (isWarm) await ways[how](queue, input, new Purse(warmUp(budget)), queues)
      const counter = new Counter()
      const span = counter.span({ from: 0, to: 1 })
      const purse = new Purse(budget)
      await ways[how](queue, input, purse, queues)
      counter.hit()
      return { ...(await span), jobs: purse.taken }
    },

    async latency({ warm, budget, perSecond }) {
      const { call } = queue
      if (call === undefined) throw new Error('has no way to wait for a result')
      const input = inputOf()
      const timed = async (): Promise<number> => {
        const from = performance.now()
        return (await inTime(call(input))) ? performance.now() - from : LATE_MS
      }
      if (perSecond !== undefined) {
        await paced(warm, perSecond, timed)
        return paced(budget.jobs, perSecond, timed)
      }
      for (let n = 0; n < warm; n++) await timed()
      const ms: number[] = []
      const purse = new Purse(budget)
      while (purse.take() > 0) ms.push(await timed())
      return ms
    },

    async schedule({ jobs, at, overMs }) {
      const input = inputOf()
      let next = 0
      await callers(new Purse(exactly(jobs)), () => {
        const dueAt = at + Math.floor((next++ * overMs) / jobs)
        return queue.add({ ...input, dueAt }, { dueAt })
      })
    },
  }
}

type Way = (queue: Producing, input: Input, purse: Purse, queues?: number) => Promise<void>

const ways: Record<How, Way> = {
  async one(queue, input, purse) {
    while (purse.take() > 0) await queue.add(input)
  },
  callers(queue, input, purse, queues) {
    let next = 0
    return callers(purse, () => queue.add(input, queues === undefined ? {} : { queue: next++ % queues }))
  },
  async bulk(queue, input, purse) {
    for (let count = purse.take(BULK); count > 0; count = purse.take(BULK)) await queue.addMany(input, count)
  },
}

async function callers(purse: Purse, call: () => Promise<unknown>): Promise<void> {
  const caller = async (): Promise<void> => {
    while (purse.take() > 0) await call()
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
}

/** As many calls as are due, whether or not earlier ones have come back. */
async function paced(jobs: number, perSecond: number, call: () => Promise<number>): Promise<number[]> {
  const calls: Promise<number>[] = []
  const from = performance.now()
  while (calls.length < jobs) {
    const due = Math.min(jobs, 1 + Math.floor(((performance.now() - from) * perSecond) / 1_000))
    while (calls.length < due) calls.push(call())
    await pause(1)
  }
  return Promise.all(calls)
}

function inTime(result: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => resolve(false), LATE_MS)
    result.then(() => {
      clearTimeout(late)
      resolve(true)
    }, reject)
  })
}
