import { describe, expect } from 'vitest'
import { cancelOf, claim, failed, joinAll, newJobs, settle, stateOf, succeeded } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function retentionContract(test: ContractTest): void {
  describe('outcomes', () => {
    test('are kept in any number for as long as they may be', async ({ store }) => {
      const all = Array.from({ length: 30 }, (_, n) => `job-${n}`)
      await store.enqueue(newJobs(...all))
      await joinAll(store, 's1')
      await settle(store, 's1', ...(await claim(store, 's1', 30)).map((job) => succeeded(job)))
      for (const id of all) expect(await stateOf(store, id)).toBe('succeeded')
    })

    test('are dropped when as many others as the store was told have come after them', async ({
      openWith,
    }) => {
      const store = await openWith({ results: { max: 3 }, failed: { max: 0 } })
      await store.enqueue(newJobs('a', 'b', 'c', 'd', 'e'))
      await joinAll(store, 's1')
      const [a, b, c, d] = await claim(store, 's1', 4)
      await settle(store, 's1', succeeded(a!), failed(b!))
      await store.cancel(cancelOf('e'))
      expect(await stateOf(store, 'a')).toBe('succeeded')
      await settle(store, 's1', succeeded(c!))
      expect(await store.get('a')).toBeNull()
      expect(await stateOf(store, 'b')).toBe('failed')
      await settle(store, 's1', succeeded(d!))
      expect([await store.get('b'), await stateOf(store, 'e'), await stateOf(store, 'c')]).toEqual([
        null,
        'cancelled',
        'succeeded',
      ])
    })

    test('that are not kept at all take no place of others', async ({ openWith }) => {
      const store = await openWith({ results: { max: 1 } })
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1', 2)
      await settle(store, 's1', succeeded(a!))
      await settle(store, 's1', succeeded(b!, 'done', 0))
      expect([await stateOf(store, 'a'), await store.get('b')]).toEqual(['succeeded', null])
    })
  })
}
