import { type Said, SAID_KEPT_BYTES, type SaidPart, type StoredNotice } from '@lovage/core'
import { describe, expect } from 'vitest'
import { claim, feedAfter, joinAll, newJob, newJobs, saying, settle, succeeded, told } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const lines = (first: number, ...messages: string[]): SaidPart => ({
  type: 'log',
  first,
  count: messages.length,
  dropped: 0,
  data: { json: JSON.stringify(messages.map((message) => ({ at: 5, level: 'info', message }))) },
})

const text = (first: number, piece: string, dropped = 0): SaidPart => ({
  type: 'chunk',
  first,
  count: piece.length,
  dropped,
  data: { json: JSON.stringify(piece) },
})

/** Of a notice, what is kept with the job too. */
const asKept = ({ jobId: _id, task: _task, owner: _owner, ...said }: StoredNotice) => said as Said

export function saidContract(test: ContractTest): void {
  describe('say', () => {
    test('writes what jobs say with its notices, in order, and keeps the same with the job', async ({
      store,
      clock,
    }) => {
      await store.enqueue([newJob('a'), newJob('b', { owner: null, task: 'mail.send' })])
      await joinAll(store, 's1')
      const [a, b] = await claim(store, 's1')
      await clock.advance(2)
      const says = [saying(a!, lines(1, 'one', 'zwei "ü"\n\\'), text(0, 'Once\n'), lines(3, 'three'))]
      expect(await store.say('s1', [...says, saying(b!, text(7, '😀/"', 7))])).toEqual({ lost: [] })
      const said = { cursor: expect.any(String), at: clock.now(), attempt: 1 }
      const of = (jobId: string, task: string, owner: string | null, part: SaidPart) => {
        const { count: _, ...rest } = part
        return { ...said, ...rest, jobId, task, owner }
      }
      const feed = await feedAfter(store)
      expect(feed).toEqual([
        ...says[0]!.parts.map((part) => of('a', 'score', 'ada', part)),
        of('b', 'mail.send', null, text(7, '😀/"', 7)),
      ])
      expect(await store.said('a')).toEqual(feed.slice(0, 3).map(asKept))
      expect(await store.said('b')).toEqual(feed.slice(3).map(asKept))
    })

    test('a repeated part is passed over, and what comes after it is written', async ({ store }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      const first = [lines(1, 'one'), text(0, 'Once')]
      await store.say('s1', [saying(a!, ...first)])
      await store.say('s1', [saying(a!, ...first, lines(2, 'two'), text(4, ' more'))])
      await store.say('s1', [saying(a!, lines(2, 'two'), text(4, ' more'))])
      expect((await store.said('a')).map(({ first }) => first)).toEqual([1, 0, 2, 4])
      expect(told(await feedAfter(store))).toEqual(['log a', 'chunk a', 'log a', 'chunk a'])
    })

    test('another attempt counts anew, and what the one before said is kept', async ({ store, clock }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      await store.say('s1', [saying(a!, lines(1, 'one'), text(0, 'Once'))])
      await clock.advance(1)
      await store.leave('s1')
      await joinAll(store, 's2')
      const [again] = await claim(store, 's2')
      await store.say('s2', [saying({ ...again!, attempt: 2 }, lines(1, 'uno'), text(0, 'Una'))])
      const said = await store.said('a')
      expect(said.map(({ attempt, first }) => [attempt, first])).toEqual([
        [1, 1],
        [1, 0],
        [2, 1],
        [2, 0],
      ])
    })

    test('writes nothing of what is fenced out, and answers its id once', async ({ store }) => {
      await store.enqueue(newJobs('a', 'b'))
      await joinAll(store, 's1', 's2')
      const [a, b] = await claim(store, 's1')
      await settle(store, 's1', succeeded(a!))
      const parts = [lines(1, 'one'), text(0, 'Once')]
      expect(await store.say('s1', [saying(a!, ...parts), saying(b!, ...parts)])).toEqual({ lost: ['a'] })
      expect(await store.say('s2', [saying(b!, lines(2, 'two'))])).toEqual({ lost: ['b'] })
      expect(told(await feedAfter(store))).toEqual(['succeeded a', 'log b', 'chunk b'])
      expect(await store.said('a')).toEqual([])
      expect(await store.said('b')).toHaveLength(2)
    })

    test('what was said outlives its job for as long as it was told to, from the last word on', async ({
      store,
      elapse,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      await store.say('s1', [{ ...saying(a!, text(0, 'Once')), keepMs: 5_000 }])
      await elapse(4_000)
      await store.say('s1', [{ ...saying(a!, text(4, ' more')), keepMs: 5_000 }])
      await settle(store, 's1', succeeded(a!))
      await elapse(4_000)
      expect(await store.said('a')).toHaveLength(2)
      await elapse(1_001)
      expect(await store.said('a')).toEqual([])
    })

    test('keeps the newest: as much as must be kept, and never much more than twice that', async ({
      store,
      growth,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      const piece = 'x'.repeat(4_000)
      const written: number[] = []
      for (let n = 0; n < 60; n++) {
        await store.say('s1', [saying(a!, text(n * 4_000, piece))])
        written.push(n * 4_000)
        const kept = (await store.said('a')).map(({ first }) => first)
        expect(kept).toEqual(written.slice(-kept.length))
        const bytes = 4_000 * growth
        expect(kept.length * bytes).toBeLessThanOrEqual(2 * SAID_KEPT_BYTES)
        expect(kept.length * bytes).toBeGreaterThan(Math.min(n * bytes, SAID_KEPT_BYTES - 3 * bytes))
      }
      await store.say('s1', [saying(a!, text(0, piece))])
      expect((await store.said('a')).at(-1)).toMatchObject({ first: 59 * 4_000 })
    })

    test('a part that is longer than all that must be kept is kept, and a repeat of it known', async ({
      store,
    }) => {
      await store.enqueue(newJobs('a'))
      await joinAll(store, 's1')
      const [a] = await claim(store, 's1')
      const long = text(4, 'ü'.repeat(2 * SAID_KEPT_BYTES))
      await store.say('s1', [saying(a!, text(0, 'Once'))])
      await store.say('s1', [saying(a!, long)])
      await store.say('s1', [saying(a!, long)])
      expect((await store.said('a')).map(({ first }) => first)).toEqual([4])
      expect(await feedAfter(store)).toHaveLength(2)
    })

    test('nobody has said anything of a job that is unknown', async ({ store }) => {
      expect(await store.said('nobody')).toEqual([])
    })
  })
}
