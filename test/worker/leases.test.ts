/** The lease: kept while handlers run, noticed when it ran out; and what the store says at the start. */
import { LovageError } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { bench, climbing, gate } from './harness.ts'

describe('a lease that ran out', () => {
  test('is noticed by its keeper: all handlers are told at once, and the worker goes on under a new name', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal, session } = await climbing(t, { concurrency: 1 })
    await t.store.leave(session) // as if somebody had reaped it
    const steps = t.faults.count('step')
    await t.clock.advance(2_399)
    expect(t.faults.count('step')).toBe(steps)
    await t.clock.advance(1)
    expect(await watcher.until('worker.expired')).toMatchObject({ session, leaseMs: 7_200, lost: 1 })
    expect(signal.reason).toEqual({ type: 'lease_lost' })
    expect(watcher.all('job.lost')).toMatchObject([{ id }])
    expect(worker.health().session).not.toBe(session)
    top.open('up') // the first handler, and the second one, of the same worker
    await watcher.untilJob('job.succeeded', id)
    expect(watcher.all('job.succeeded')).toHaveLength(1)
  })

  test('is told to the handlers even while the store is gone again', async () => {
    const t = bench()
    const { watcher, signal, session } = await climbing(t, { concurrency: 1 })
    await t.store.leave(session)
    t.faults.plan('join', 'refused', 'refused', 'refused')
    await t.clock.advance(2_400)
    await watcher.until('worker.expired')
    expect(signal.reason).toEqual({ type: 'lease_lost' })
    expect(watcher.all('worker.rejoined')).toEqual([])
  })

  test('is noticed by a step: outcomes that wait to be written are dropped, and not even tried', async () => {
    const t = bench()
    const { id, watcher, top, session } = await climbing(t)
    await t.store.leave(session)
    await t.store.join({ session: 'other', leaseMs: 600_000 })
    await t.store.step({ session: 'other', settle: [], claim: 1, queues: ['default'] })
    top.open('too late')
    await watcher.untilJob('job.lost', id)
    await watcher.until('worker.expired')
    await t.clock.advance(0)
    expect(await t.job(id)).toMatchObject({ state: 'running' })
    expect(watcher.all('job.succeeded')).toEqual([])
    expect(t.faults.of('step').filter(([{ settle }]) => settle.some((one) => one.id === id))).toHaveLength(1)
  })

  test('is told once, also of a job whose handler ends while the worker finds out why', async () => {
    const t = bench()
    const { id, watcher, top, session } = await climbing(t, { concurrency: 1 })
    await t.clock.advance(25)
    const found = gate()
    const through = t.faults.through.bind(t.faults)
    t.faults.through = async (act, args, call) => {
      const answer = await through(act, args, call)
      if (act === 'get') await found.promise
      return answer
    }
    await t.store.leave(session)
    await t.store.join({ session, leaseMs: 60_000 })
    await t.store.join({ session: 'other', leaseMs: 60_000 })
    await t.store.step({ session: 'other', settle: [], claim: 1, queues: ['default'] })
    t.faults.cut() // so that the next step asks about the holds
    await t.clock.advance(0)
    top.open('too late')
    await t.clock.advance(0)
    found.open()
    await watcher.untilJob('job.lost', id)
    await t.clock.advance(1_000)
    expect(watcher.all('job.lost')).toHaveLength(1)
  })

  test('is kept from doing so while handlers run for long', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t)
    await t.clock.advance(120_000)
    await t.store.extend('somebody', 1_000)
    top.open('up')
    expect(await watcher.untilJob('job.succeeded', id)).toMatchObject({ attempt: 1 })
    expect(watcher.all('worker.expired')).toEqual([])
  })
})

test('a job that this very session claims a second time runs once more, and its first attempt is told', async () => {
  const t = bench()
  const { id, watcher, top, signal, session } = await climbing(t)
  await t.store.leave(session) // hands the job back
  await t.store.join({ session, leaseMs: 60_000 })
  await t.enqueue('greet', {})
  await watcher.until('job.started', 2)
  expect(signal.reason).toEqual({ type: 'lease_lost' })
  expect(watcher.all('job.lost')).toMatchObject([{ id }])
  top.open('up')
  await watcher.untilJob('job.succeeded', id)
  expect(watcher.all('job.succeeded').filter((job) => job.id === id)).toHaveLength(1)
})

describe('at the start', () => {
  test('what the store says of its settings is told', async () => {
    const t = bench()
    t.store.check = () => Promise.resolve(['Redis may drop jobs: maxmemory-policy is allkeys-lru.'])
    const { watcher } = await t.started()
    expect(watcher.all('worker.warning')).toEqual([
      { message: 'Redis may drop jobs: maxmemory-policy is allkeys-lru.' },
    ])
  })

  test('a store that cannot be used ends it with that error', async () => {
    const t = bench()
    const unsupported = new LovageError('STORE_UNSUPPORTED', { store: 'Redis', seen: '5.0', needed: '6.2' })
    t.store.check = () => Promise.reject(unsupported)
    const worker = t.worker()
    await expect(worker.start()).rejects.toBe(unsupported)
    expect(worker.health().state).toBe('stopped')
    await expect(t.worker().run()).rejects.toBe(unsupported)
  })

  test('settings that may not be read are no reason not to work', async () => {
    const t = bench()
    t.store.check = () => Promise.reject(new Error('NOPERM'))
    const { watcher } = await t.started()
    expect(watcher.all('worker.warning')).toEqual([
      { message: 'The settings of memory could not be checked: NOPERM.' },
    ])
    await watcher.untilJob('job.succeeded', await t.enqueue('greet', {}))
  })
})
