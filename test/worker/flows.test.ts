/** Flows run by real workers, with values that are more than JSON. */
import { chain, chord, defineTasks, group, keep, task } from '@lovage/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { gate } from './harness.ts'
import { life } from './life.ts'

const tasks = defineTasks({
  day: task({ input: z.number(), output: z.date() }),
  days: task({ input: z.array(z.date()), output: z.map(z.string(), z.date()) }),
  keys: task({ input: z.map(z.string(), z.date()), output: z.array(z.string()) }),
  flaky: task({
    input: z.number(),
    output: z.number(),
    retry: { attempts: 2, backoff: { type: 'fixed', delay: 1 } },
  }),
  total: task({
    input: z.array(z.union([z.number(), z.object({ ok: z.boolean() }).loose()])),
    output: z.string(),
  }),
})

const handlers = {
  day: (n: number) => new Date(Date.UTC(2026, 0, n)),
  days: (dates: Date[]) => new Map(dates.map((date) => [date.toISOString().slice(0, 10), date])),
  keys: (map: Map<string, Date>) => [...map.keys()],
  flaky: (n: number) => n,
  total: (list: unknown[]) => JSON.stringify(list),
}

test('dates and maps go from job to job as what they are', async () => {
  const t = life(tasks)
  await t.start(handlers)
  const members = [1, 2, 3].map((n) => t.queue.day.call(n))
  const job = await t.queue.enqueueFlow(chain(chord(members, t.queue.days.step()), t.queue.keys.step()))
  expect(await job.result()).toEqual(['2026-01-01', '2026-01-02', '2026-01-03'])
  expect(await (await t.queue.enqueueFlow(group([t.queue.day.call(1)]))).result()).toEqual([
    new Date(Date.UTC(2026, 0, 1)),
  ])
})

test('a member that is tried again holds the chord up, and the callback runs once, whoever is last', async () => {
  const t = life(tasks)
  let totals = 0
  const end = gate()
  for (let n = 0; n < 3; n++)
    await t.start({
      ...handlers,
      flaky: async (n, { job }) => {
        if (job.attempt === 1 && n === 2) throw new Error('once')
        await end.promise
        return n
      },
      total: (list) => {
        totals += 1
        return handlers.total(list)
      },
    })
  const job = await t.queue.enqueueFlow(
    chord(
      [1, 2, 3, 4].map((n) => t.queue.flaky.call(n)),
      t.queue.total.step(),
    ),
  )
  const result = job.result()
  for (let n = 0; n < 3; n++) await t.clock.advance(1_000)
  end.open() // all of them end in the same instant, on three workers
  expect(await result).toBe('[1,2,3,4]')
  expect(totals).toBe(1)
})

test('a chord whose worker dies between its last two members runs its callback once', async () => {
  const t = life(tasks)
  const end = gate()
  let totals = 0
  const total = (list: unknown[]) => {
    totals += 1
    return handlers.total(list)
  }
  const dying = await t.start({ ...handlers, flaky: (n) => (n === 2 ? end.promise.then(() => n) : n), total })
  const job = await t.queue.enqueueFlow(
    chord(
      [1, 2].map((n) => t.queue.flaky.call(n)),
      t.queue.total.step(),
    ),
  )
  await t.clock.advance(0)
  expect(await job.get()).toMatchObject({ state: 'waiting', done: 1, total: 2 })
  await dying.stop({ timeout: 0 })
  const result = job.result()
  await t.start({ ...handlers, total })
  expect(await result).toBe('[1,2]')
  end.open()
  await t.clock.advance(10_000)
  expect(totals).toBe(1)
})

test('what is kept arrives as what it is, and a flow that fails says where', async () => {
  const t = life(tasks)
  await t.start({ ...handlers, flaky: (n) => (n < 0 ? Promise.reject(new Error(`${n} is too small`)) : n) })
  const kept = await t.queue.enqueueFlow(
    chord([keep(t.queue.flaky.call(-1)), t.queue.flaky.call(2)], t.queue.total.step()),
  )
  const result = kept.result()
  const failing = await t.queue.enqueueFlow(
    chord([t.queue.flaky.call(-1), t.queue.flaky.call(2)], t.queue.total.step()),
  )
  const failed = expect(failing.result()).rejects.toThrow('-1 is too small')
  for (let n = 0; n < 10; n++) await t.clock.advance(1_000)
  expect(JSON.parse(await result)).toEqual([
    { ok: false, error: { name: 'Error', message: '-1 is too small' } },
    2,
  ])
  await failed
})
