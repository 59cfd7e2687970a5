import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FreshMap } from '@lovage/core'
import { expect, test } from 'vitest'

test('it is a map, however often it is made anew', () => {
  const fresh = new FreshMap<number, string>()
  const plain = new Map<number, string>()
  for (let n = 0; n < 10_000; n++) {
    for (const map of [fresh, plain]) {
      map.set(n, `${n}`)
      map.delete(n - (n % 7))
      map.delete(-1)
    }
    if (n % 997 === 0) expect([...fresh.values()]).toEqual([...plain.values()])
  }
  expect(fresh.size).toBe(plain.size)
  expect(fresh.get(9_999)).toBe('9999')
  expect(fresh.get(0)).toBeUndefined()
})

test('what has left it is taken by a small collection, also after a large one', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  const map = new FreshMap<number, string>()
  const kept = (entries: number): number => {
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < entries; n++) {
      map.set(n, `${n}`.padStart(1_000).concat('.'))
      map.delete(n - 5)
    }
    for (let n = 0; n < 2; n++) collect({ type: 'minor' })
    return process.memoryUsage().heapUsed - before
  }
  kept(100)
  collect()
  expect(kept(10_000)).toBeLessThan(1_000_000)
})
