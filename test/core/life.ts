/** What the tests of the whole life of a job share: a queue of tasks with rules, on the store in memory. */
import { type Claimed, defineTasks, queueOver, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { z } from 'zod'
import { ManualClock } from '../kit/manual-clock.ts'
import { Driver } from './driver.ts'

const text = z.object({ text: z.string() })

const tasks = defineTasks({
  plain: task({ input: z.number(), output: z.number() }),
  mail: task({ input: z.string(), queue: 'mail', priority: 10, expiresIn: '1h', tags: ['mail'] }),
  scoped: task({
    input: z.object({ tenant: z.string() }),
    key: ({ tenant }) => tenant,
    perKey: { concurrency: 1 },
  }),
  ordered: task({
    input: z.object({ account: z.string(), n: z.number() }),
    key: ({ account }) => account,
    ordered: true,
  }),
  retrain: task({ singleton: 'reject', rememberLast: true }),
  refresh: task({ input: z.string(), key: (id) => id, singleton: 'return' }),
  preview: task({ input: z.string(), singleton: 'replace' }),
  index: task({ input: text, debounce: { delay: '5s', maxWait: '12s' } }),
  ping: task({ throttle: '10s' }),
  dropped: task({ output: z.string(), resultTtl: false }),
  split: task({ input: z.string(), output: z.array(z.string()) }),
  count: task({ input: z.array(z.string()), output: z.number() }),
  sum: task({ input: z.array(z.number()), output: z.number() }),
  report: task({ input: z.number(), output: z.string() }),
})

export async function setUp() {
  const clock = new ManualClock(Date.now())
  const store = createMemoryStore({ clock })
  const queue = queueOver(tasks, store, { clock, random: () => 0.5 })
  return { clock, store, queue, driver: await Driver.start(store) }
}

/** The error that a promise rejects with. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('nothing was thrown')
    },
    (error: unknown) => error,
  )

export const ids = (jobs: readonly Claimed[]): string[] => jobs.map(({ id }) => id)
