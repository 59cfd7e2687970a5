import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Claimed } from '@lovage/core'
import { expect, test } from 'vitest'
import { Ready } from './ready.ts'

const job = (id: string): Claimed => ({
  id,
  task: 'score',
  owner: null,
  options: {},
  input: { json: '1' },
  claimedAt: 1,
  attempt: 1,
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('jobs leave in the order of their claims, and the first of those that wait says since when', () => {
  const ready = new Ready()
  ready.put([job('a'), job('b')], 5)
  expect(ready.take()?.id).toBe('a')
  ready.put([job('c')], 7)
  expect([ready.size, ready.since]).toEqual([2, 5])
  expect(ready.take()?.id).toBe('b')
  expect([ready.size, ready.since]).toEqual([1, 7])
  expect(ready.take()?.id).toBe('c')
  expect([ready.take(), ready.size, ready.since]).toEqual([undefined, 0, null])
})

test('what has left is let go, although something always waits', async () => {
  const ready = new Ready()
  const left: WeakRef<Claimed>[] = []
  ready.put([job('a')], 1)
  for (let n = 0; n < 10; n++) {
    ready.put([job(`${n}`)], 1)
    left.push(new WeakRef(ready.take() as Claimed))
  }
  await new Promise(setImmediate) // until then a WeakRef itself holds what it was made of
  collect()
  expect(left.slice(0, -1).filter((ref) => ref.deref() !== undefined)).toEqual([])
})
