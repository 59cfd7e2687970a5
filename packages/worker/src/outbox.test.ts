import { LovageError, type Settlement, type Store } from '@lovage/core'
import { beforeEach, expect, test } from 'vitest'
import { Events } from './events.ts'
import { Outbox } from './outbox.ts'
import { Releases } from './releases.ts'

const why = new LovageError('INTERNAL', { message: 'WRONGTYPE' })
const store = { get: async () => null } as unknown as Store
const settlement = (id: string): Settlement => ({
  id,
  claimedAt: 1,
  task: 'score',
  owner: null,
  attempt: 1,
  to: 'succeeded',
  result: { json: '1' },
  ttlMs: 1_000,
})

let outbox: Outbox
let told: string[]
beforeEach(() => {
  const events = new Events()
  told = []
  for (const name of ['job.succeeded', 'job.failed', 'worker.error'] as const) {
    events.on(name, (event) => told.push(`${name} ${'id' in event ? event.id : event.during}`))
  }
  outbox = new Outbox({ store, events, releases: new Releases(), resultTtlMs: 60_000 })
})
const put = (...ids: string[]) => {
  for (const id of ids) outbox.put({ settlement: settlement(id), ms: 1, attempts: 1 })
}
let sent: ReturnType<Outbox['take']>
const taken = (): string[] => {
  sent = outbox.take()
  return sent.map(({ settlement: { id, to } }) => `${id} ${to}`)
}
const confirm = (): void => outbox.confirm(sent, [])

test('after a refusal each goes alone, and only the one that is refused alone fails', () => {
  put('a', 'b', 'c')
  expect(taken()).toEqual(['a succeeded', 'b succeeded', 'c succeeded'])
  outbox.putBack({ why })
  expect(taken()).toEqual(['a succeeded'])
  confirm()
  for (let round = 0; round < 3; round++) {
    expect(taken()).toEqual(['b succeeded'])
    outbox.putBack({ why })
    expect(taken()).toEqual([]) // shows that the store does other steps
    confirm()
  }
  expect(taken()).toEqual(['b failed'])
  confirm()
  expect(outbox.isSearching).toBe(true)
  expect(taken()).toEqual(['c succeeded'])
  confirm()
  expect(outbox.isSearching).toBe(false)
  expect(told).toEqual([
    'job.succeeded a',
    'worker.error writing the outcome of score[b]',
    'job.failed b',
    'job.succeeded c',
  ])
})

test('a store that refuses steps without it as well blames nothing', () => {
  put('a')
  for (let round = 0; round < 10; round++) {
    taken()
    outbox.putBack({ why })
  }
  while (taken().length === 0) confirm()
  confirm()
  expect(told).toEqual(['job.succeeded a'])
})

test('an outage says nothing against an outcome, not even in the middle of a search', () => {
  put('a', 'b')
  taken()
  outbox.putBack({ why })
  for (let round = 0; round < 10; round++) {
    expect(taken()).toEqual(['a succeeded'])
    outbox.putBack()
  }
  taken()
  outbox.putBack({ why })
  expect(taken()).toEqual([])
  outbox.putBack()
  expect(taken()).toEqual([])
  confirm()
  expect(taken()).toEqual(['a succeeded'])
  confirm()
  expect(told).toEqual(['job.succeeded a'])
})

test('what cannot even fail is kept held, and is in the way of nothing', () => {
  put('a', 'b')
  for (let step = 0; outbox.size > 1; step++) {
    const sent = taken()
    if (sent.some((one) => one.startsWith('a'))) outbox.putBack({ why })
    else confirm()
    expect(step).toBeLessThan(50)
  }
  expect(taken()).toEqual(['b succeeded'])
  confirm()
  expect(outbox.size).toBe(0)
  expect(outbox.holds()).toEqual([{ id: 'a', claimedAt: 1 }])
  outbox.drop(new Set(['a']))
  expect(outbox.holds()).toEqual([])
})

test('of two steps under way each is confirmed by itself, and both come back together', () => {
  put('a', 'b')
  const first = outbox.take()
  put('c')
  const second = outbox.take()
  expect(outbox.size).toBe(3)
  outbox.confirm(second, [])
  expect(told).toEqual(['job.succeeded c'])
  put('d')
  outbox.take()
  expect(outbox.holds().map(({ id }) => id)).toEqual(['a', 'b', 'd'])
  outbox.putBack()
  expect(taken()).toEqual(['a succeeded', 'b succeeded', 'd succeeded'])
  expect(first.map(({ isDoubtful }) => isDoubtful)).toEqual([true, true])
})

test('of two that were refused each outcome goes alone', () => {
  put('a')
  outbox.take()
  put('b')
  outbox.take()
  outbox.putBack({ why })
  expect(taken()).toEqual(['a succeeded'])
  confirm()
  expect(taken()).toEqual(['b succeeded'])
  confirm()
  expect(outbox.isSearching).toBe(false)
})
