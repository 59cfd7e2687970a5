import { describe, expect } from 'vitest'
import {
  cancelOf,
  claim,
  ids,
  inLane,
  joinAll,
  newJob,
  newJobs,
  retrying,
  runAll,
  settle,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

export function lanesContract(test: ContractTest): void {
  describe('lanes', () => {
    test('take turns, each first in, first out', async ({ store }) => {
      await store.enqueue([
        ...inLane('a', 'a1', 'a2', 'a3'),
        ...inLane('b', 'b1', 'b2'),
        ...inLane('c', 'c1'),
      ])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1'))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    })

    test('keep one who has a thousand jobs from holding up another one', async ({ store }) => {
      const names = Array.from({ length: 1_000 }, (_, n) => `a${String(n).padStart(3, '0')}`)
      await store.enqueue(inLane('a', ...names.slice(0, 500)))
      await store.enqueue(inLane('a', ...names.slice(500)))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 2))).toEqual(['a000', 'a001'])
      await store.enqueue(inLane('b', 'b'))
      expect(ids(await claim(store, 's1', 3))).toEqual(['a002', 'b', 'a003'])
    })

    test('take turns with the plain line, however many wait in it', async ({ store }) => {
      await store.enqueue([
        ...newJobs('p1', 'p2', 'p3'),
        ...inLane('a', 'a1', 'a2', 'a3'),
        ...inLane('b', 'b1'),
      ])
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['p1', 'a1', 'b1', 'p2', 'a2', 'p3', 'a3'])
    })

    test('stand behind all others when they begin, or begin again', async ({ store }) => {
      await store.enqueue([...inLane('a', 'a1'), ...inLane('b', 'b1', 'b2'), ...inLane('c', 'c1', 'c2')])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 1))).toEqual(['a1'])
      await store.enqueue(inLane('a', 'a2'))
      expect(await runAll(store, 's1')).toEqual(['b1', 'c1', 'a2', 'b2', 'c2'])
      await store.enqueue([...inLane('a', 'a3'), ...inLane('b', 'b3')])
      await store.cancel(cancelOf('a3'))
      await store.enqueue(inLane('a', 'a4'))
      expect(await runAll(store, 's1')).toEqual(['b3', 'a4'])
    })

    test('let the plain line go first as long as it has had no turn beside them', async ({ store }) => {
      await store.enqueue(newJobs('p1', 'p2', 'p3', 'p4'))
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 2))).toEqual(['p1', 'p2'])
      await store.enqueue(inLane('a', 'a1', 'a2'))
      expect(await runAll(store, 's1')).toEqual(['p3', 'a1', 'p4', 'a2'])
      await store.enqueue(inLane('a', 'a3', 'a4'))
      await store.enqueue(newJobs('p5', 'p6'))
      expect(await runAll(store, 's1')).toEqual(['p5', 'a3', 'p6', 'a4'])
    })

    test('remember when the plain line had its turn, though it was empty since', async ({ store }) => {
      await store.enqueue([...newJobs('p1'), ...inLane('a', 'a1', 'a2', 'a3')])
      await joinAll(store, 's1')
      expect(ids(await claim(store, 's1', 1))).toEqual(['p1'])
      await store.enqueue(newJobs('p2'))
      expect(await runAll(store, 's1')).toEqual(['a1', 'p2', 'a2', 'a3'])
    })

    test('are of one task each, and the one without a key is one of them', async ({ store }) => {
      await store.enqueue([
        ...inLane('k', 'a1', 'a2'),
        newJob('m1', { task: 'mail', options: { lane: 'k' } }),
        newJob('m2', { task: 'mail', options: { lane: 'k' } }),
        ...inLane('', 'n1', 'n2'),
      ])
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['a1', 'm1', 'n1', 'a2', 'm2', 'n2'])
    })

    test('may have any key', async ({ store }) => {
      const keys = [
        'default',
        'score',
        ':',
        '|',
        '\n',
        'ü€😀',
        '"',
        '\\',
        'a b',
        'x'.repeat(500),
        '0',
        '%s',
        '{}',
      ]
      await store.enqueue(keys.flatMap((key, n) => inLane(key, `k${n}-1`, `k${n}-2`)))
      await joinAll(store, 's1')
      const order = keys.map((_, n) => `k${n}-`)
      expect(await runAll(store, 's1')).toEqual([
        ...order.map((id) => `${id}1`),
        ...order.map((id) => `${id}2`),
      ])
    })

    test('get delayed and retried jobs at their end', async ({ store, clock }) => {
      await store.enqueue([
        newJob('later', { delayMs: 10, options: { lane: 'a' } }),
        ...inLane('a', 'retried', 'a1'),
      ])
      await joinAll(store, 's1')
      const [retried] = await claim(store, 's1', 1)
      await settle(store, 's1', retrying(retried!, 20))
      await clock.advance(20)
      await store.enqueue(inLane('a', 'a2'))
      expect(await runAll(store, 's1')).toEqual(['a1', 'a2', 'later', 'retried'])
    })

    test('get what comes back from a worker at their head, oldest first, and take turns in that order', async ({
      store,
    }) => {
      await store.enqueue([...inLane('b', 'b2', 'b4'), ...inLane('a', 'a1', 'a3', 'a5'), ...newJobs('p6')])
      await joinAll(store, 's1', 's2')
      await claim(store, 's1')
      await store.enqueue(inLane('b', 'b7'))
      await store.leave('s1')
      // The plain line had its turn first; `b` has waited since before; `a` came back.
      expect(await runAll(store, 's2')).toEqual(['p6', 'b2', 'a1', 'b4', 'a3', 'b7', 'a5'])
    })

    test('that come back empty-handed take their turns by their oldest jobs', async ({ store }) => {
      await store.enqueue([...inLane('c', '3', '4'), ...inLane('b', '2'), ...inLane('a', '1', '5')])
      await joinAll(store, 's1', 's2')
      await claim(store, 's1')
      await store.leave('s1')
      expect(await runAll(store, 's2')).toEqual(['1', '2', '3', '5', '4'])
    })

    test('lose cancelled jobs without losing their place', async ({ store }) => {
      await store.enqueue([...inLane('a', 'a1', 'a2', 'a3'), ...inLane('b', 'b1', 'b2')])
      await store.cancel(cancelOf('a1'))
      await store.cancel(cancelOf('a3'))
      await joinAll(store, 's1')
      expect(await runAll(store, 's1')).toEqual(['a2', 'b1', 'b2'])
    })

    test('are served by many workers as by one', async ({ store }) => {
      await store.enqueue([...inLane('a', 'a1', 'a2'), ...inLane('b', 'b1', 'b2'), ...newJobs('p1')])
      await joinAll(store, 's1', 's2')
      const [p1] = await claim(store, 's1', 1)
      expect(ids(await claim(store, 's2', 2))).toEqual(['a1', 'b1'])
      const reply = await step(store, 's1', { settle: [succeeded(p1!)], claim: 5 })
      expect(ids(reply.claimed)).toEqual(['a2', 'b2'])
    })
  })
}
