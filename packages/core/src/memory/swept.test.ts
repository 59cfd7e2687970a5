import { expect, test } from 'vitest'
import { Swept } from './swept.ts'
import { Tags } from './tags.ts'

const until = (): Swept<{ until: number }> => new Swept((value, now) => value.until <= now)

test('what is past its time is dropped, also what nobody asks for', () => {
  const kept = until()
  let mostHeld = 0
  for (let ms = 0; ms < 200_000; ms++) {
    kept.set(`key-${ms}`, { until: ms + 3_000 }, ms)
    mostHeld = Math.max(mostHeld, kept.size)
  }
  expect(mostHeld).toBeLessThanOrEqual(2 * 3_000)
  expect(kept.get('key-197001', 200_000)).toEqual({ until: 200_001 })
  expect(kept.get('key-197000', 200_000)).toBeUndefined()
})

test('what is kept for long survives the sweeps of what is not', () => {
  const kept = until()
  kept.set('long', { until: 1_000_000 }, 0)
  for (let ms = 0; ms < 20_000; ms++) kept.set(`key-${ms}`, { until: ms + 10 }, ms)
  expect(kept.get('long', 20_000)).toBeDefined()
  expect(kept.size).toBeLessThanOrEqual(1_000)
})

test('tags forget the jobs that are not known any more', () => {
  const tags = new Tags((id, now) => Number(id) > now - 100)
  for (let now = 0; now < 20_000; now++)
    tags.add(
      { id: String(now), task: 't', owner: null, input: { json: '1' }, options: { tags: ['x', `${now}`] } },
      now,
      now,
    )
  expect(tags.size).toBeLessThanOrEqual(1_000)
  expect(tags.find('x', 19_999)).toHaveLength(100)
})
