import { START } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { cancelOf, joinAll, LEASE_MS, newJob, newJobs } from './acts.ts'
import { storeContract } from './store-contract.ts'

storeContract('memory', async (clock, options) => {
  const store = createMemoryStore({ clock, ...options })
  return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
})

describe('memory alone', () => {
  test('needs no options', async () => {
    const store = createMemoryStore()
    await store.enqueue(newJobs('a'))
    expect(await store.counts()).toMatchObject({ queued: 1 })
    expect(store.name).toBe('memory')
    await store.close()
  })

  test.for([0, -1, 1.5, NaN, Infinity])('refuses a feed of %d records', (streamMaxLen) => {
    expect(() => createMemoryStore({ streamMaxLen })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({ option: 'streamMaxLen' }),
      }),
    )
  })

  test('keeps just as many records as it was told', async () => {
    const store = createMemoryStore({ streamMaxLen: 1 })
    await store.enqueue([newJob('a', { announce: true }), newJob('b', { announce: true })])
    expect(await store.range(START, 10)).toMatchObject({ notices: [{ jobId: 'b' }], missed: 1, end: true })
  })

  test('has no timer that keeps a process alive, but for those who wait or live by it', async () => {
    const clock = new ManualClock()
    const store = createMemoryStore({ clock })
    await store.enqueue([newJob('a', { delayMs: 1_000 }), newJob('b')])
    await store.cancel(cancelOf('b'))
    await joinAll(store, 's1')
    const abort = new AbortController()
    const live = store
      .live(await store.tail(), abort.signal)
      [Symbol.asyncIterator]()
      .next()
    expect(clock.pending).toBe(0)
    const wait = store.wait('s1', { work: true, timeoutMs: 5_000, signal: abort.signal })
    const stop = store.keepAlive('s1', { leaseMs: LEASE_MS, onLost: () => {} })
    expect(clock.pending).toBe(2)
    abort.abort()
    await Promise.all([live, wait, stop()])
    expect(clock.pending).toBe(0)
  })

  test('stands still when it is closed: its beats end, its waits end empty, nothing more can be asked', async () => {
    const clock = new ManualClock()
    const store = createMemoryStore({ clock })
    await joinAll(store, 's1')
    const { signal } = new AbortController()
    store.keepAlive('s1', { leaseMs: LEASE_MS, onLost: () => expect.unreachable('It was lost.') })
    const wait = store.wait('s1', { work: true, timeoutMs: 5_000, signal })
    const next = store.live(START, signal)[Symbol.asyncIterator]().next()
    await store.close()
    expect(await wait).toEqual({ work: false, cancelled: [] })
    expect(await next).toEqual({ value: undefined, done: true })
    await clock.advance(LEASE_MS)
    expect(clock.pending).toBe(0)
    const closed = expect.objectContaining({ name: 'LovageError', code: 'CLOSED' })
    await expect(store.get('a')).rejects.toEqual(closed)
    await expect(store.wait('s1', { work: true, timeoutMs: 1, signal })).rejects.toEqual(closed)
    await expect(store.live(START, signal)[Symbol.asyncIterator]().next()).rejects.toEqual(closed)
  })
})
