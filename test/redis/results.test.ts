// How outcomes are counted on Redis: `results` has the ids of those that are kept, and no others for long.
import { expect } from 'vitest'
import { claim, joinAll, newJobs, settle, succeeded, TTL_MS } from '../conformance/acts.ts'
import { test } from './stage.ts'

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`)

test('ids of outcomes whose time is over leave as others come, looked for once in ten', async ({
  store,
  redis,
  key,
}) => {
  const run = async (ids: string[], ttlMs: number) => {
    await store.enqueue(newJobs(...ids))
    const claimed = await claim(store, 's')
    await settle(store, 's', ...claimed.map((job) => succeeded(job, 'done', ttlMs)))
  }
  const left = () => redis.lrange(key('results'), 0, -1)
  await joinAll(store, 's')
  await run(names('kept', 1), TTL_MS)
  for (const part of ['a', 'b', 'c', 'd']) {
    const short = names(part, 90)
    await run(short, 1)
    await expect.poll(() => redis.exists(...short.map((id) => key(`r:${id}`)))).toBe(0)
  }
  await run(names('dropped', 90), 0) // these are not counted
  expect(await redis.llen(key('results'))).toBe(361)
  await redis.del(key('r:kept0'))
  await run(names('long', 8), TTL_MS)
  expect(await redis.llen(key('results'))).toBe(369)
  await run(names('next', 2), TTL_MS)
  // The oldest is gone: of twice as many as are looked at together, all that are.
  const stay = [...names('long', 8), ...names('next', 2)]
  expect(await left()).toEqual([
    ...names('a', 90).slice(20),
    ...['b', 'c', 'd'].flatMap((part) => names(part, 90)),
    ...stay,
  ])
  // And of twice as many as have come.
  await run(names('more', 100), TTL_MS)
  expect(await left()).toEqual([
    ...names('c', 90).slice(41),
    ...names('d', 90),
    ...stay,
    ...names('more', 100),
  ])
  await run(names('most', 100), TTL_MS)
  expect(await left()).toEqual([...stay, ...names('more', 100), ...names('most', 100)])
})

test('none is counted where their time alone bounds them', async ({ open, redis, key }) => {
  const store = open({ results: { max: Infinity } })
  await joinAll(store, 's')
  await store.enqueue(newJobs('a'))
  await settle(store, 's', ...(await claim(store, 's')).map((job) => succeeded(job)))
  expect([await redis.exists(key('r:a')), await redis.exists(key('results'))]).toEqual([1, 0])
})

test('a bound that was lowered is kept to step by step', async ({ open, store, redis, key }) => {
  await joinAll(store, 's')
  await store.enqueue(newJobs(...names('old', 20)))
  await settle(store, 's', ...(await claim(store, 's')).map((job) => succeeded(job)))
  const lowered = open({ results: { max: 3 } })
  const counts: number[] = []
  for (const id of names('new', 11)) {
    await lowered.enqueue(newJobs(id))
    await settle(lowered, 's', ...(await claim(lowered, 's')).map((job) => succeeded(job)))
    counts.push((await redis.keys(key('r:*'))).length)
  }
  expect(counts.slice(0, 3)).toEqual([19, 18, 17])
  expect(counts.at(-1)).toBe(9)
})
