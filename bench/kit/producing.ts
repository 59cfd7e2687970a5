/** How a producer enqueues, whoever's queue it is. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Producing } from '../peers/peer.ts'
import { Counter } from './counting.ts'
import { type How, type Input, inputOf, type Producer } from './roles.ts'

const CALLERS = 100
const BULK = 1_000
/** What has not come by then is late: it counts as this. */
const LATE_MS = 1_000

export function producer(queue: Producing): Producer {
  return {
    async enqueue({ how, jobs, warm = 0, bytes, queues }) {
      const input = inputOf(bytes)
      await ways[how](queue, input, warm, queues)
      const counter = new Counter()
      const span = counter.span({ from: 0, to: 1 })
      await ways[how](queue, input, jobs, queues)
      counter.hit()
      return { ...(await span), jobs }
    },

    async latency({ warm, jobs, perSecond }) {
      const { call } = queue
      if (call === undefined) throw new Error('has no way to wait for a result')
      const input = inputOf()
      const timed = async (): Promise<number> => {
        const from = performance.now()
        return (await inTime(call(input))) ? performance.now() - from : LATE_MS
      }
      for (let n = 0; n < warm; n++) await timed()
      const ms: number[] = []
      if (perSecond === undefined) for (let n = 0; n < jobs; n++) ms.push(await timed())
      else ms.push(...(await paced(jobs, perSecond, timed)))
      return ms
    },

    async schedule({ jobs, at, overMs }) {
      const input = inputOf()
      let next = 0
      await callers(jobs, () => {
        const dueAt = at + Math.floor((next++ * overMs) / jobs)
        return queue.add({ ...input, dueAt }, { delayMs: Math.max(0, dueAt - Date.now()) })
      })
    },
  }
}

type Way = (queue: Producing, input: Input, jobs: number, queues?: number) => Promise<void>

const ways: Record<How, Way> = {
  async one(queue, input, jobs) {
    for (let n = 0; n < jobs; n++) await queue.add(input)
  },
  callers(queue, input, jobs, queues) {
    let next = 0
    return callers(jobs, () => queue.add(input, queues === undefined ? {} : { queue: next++ % queues }))
  },
  async bulk(queue, input, jobs) {
    for (let left = jobs; left > 0; left -= BULK) await queue.addMany(input, Math.min(left, BULK))
  },
}

async function callers(jobs: number, call: () => Promise<unknown>): Promise<void> {
  let left = jobs
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call()
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
