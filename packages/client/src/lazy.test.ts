// Parts that are loaded later, where the network is bad or a deployment took them away.
import type { Clock } from '@lovage/core'
import { expect, test } from 'vitest'
import { lazy } from './lazy.ts'

const gone = new TypeError('Failed to fetch dynamically imported module: https://app/seldom.js')

/** Loads a part that fails so many times first. */
function loaded(failures: number) {
  const waits: number[] = []
  let loads = 0
  const load = lazy(async () => {
    if (++loads <= failures) throw gone
    return 'part'
  })
  const clock: Clock = {
    now: () => 0,
    after(ms, pass) {
      waits.push(ms)
      queueMicrotask(pass)
      return () => {}
    },
  }
  return {
    ask: () => load({ url: 'https://api/trpc', clock, random: () => 1 }),
    waits,
    loads: () => loads,
  }
}

test('a part is loaded once, however many ask for it, and when', async () => {
  const it = loaded(0)
  expect(await Promise.all([it.ask(), it.ask()])).toEqual(['part', 'part'])
  expect(await it.ask()).toBe('part')
  expect(it.loads()).toBe(1)
  expect(it.waits).toEqual([])
})

test('where it does not come it is asked for again, each time after a longer wait', async () => {
  const it = loaded(3)
  expect(await it.ask()).toBe('part')
  expect(it.waits).toEqual([500, 1_000, 2_000])
})

test('where it never comes, all who wait are told so; whoever asks later starts anew', async () => {
  const it = loaded(4)
  const error = {
    code: 'DISCONNECTED',
    details: { url: 'https://api/trpc', cause: gone.message },
    cause: gone,
  }
  const asked = [it.ask(), it.ask()]
  for (const each of asked) await expect(each).rejects.toMatchObject(error)
  expect(it.loads()).toBe(4)
  expect(await it.ask()).toBe('part')
})
