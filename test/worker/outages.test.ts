/** A store that fails in the middle: nothing is lost, nothing is written twice, and nothing is wedged. */
import { describe, expect, test } from 'vitest'
import { bench, climbing, gate } from './harness.ts'
import { Watcher } from './watcher.ts'

describe('a step that was not answered', () => {
  test('makes the worker join anew, under a new name, with all it holds', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal, session } = await climbing(t)
    t.faults.plan('step', 'refused')
    await t.enqueue('greet', {})
    await watcher.until('worker.rejoined')
    expect(worker.health().session).not.toBe(session)
    expect(t.faults.of('join')[1]).toMatchObject([{ replaces: { session, holds: [{ id }] } }])
    top.open('up')
    await watcher.untilJob('job.succeeded', id)
    await watcher.until('job.succeeded', 2)
    expect(signal.aborted).toBe(false)
    expect(watcher.all('job.lost')).toEqual([])
  })

  test('but was carried out gives back the jobs that it claimed unheard, and they run once', async () => {
    const t = bench()
    let calls = 0
    const { watcher } = await t.started({ greet: () => `${(calls += 1)}` })
    await t.clock.advance(0)
    t.faults.plan('step', 'answer lost')
    const id = await t.enqueue('greet', {})
    expect(await watcher.untilJob('job.succeeded', id)).toMatchObject({ attempt: 1 })
    expect(calls).toBe(1)
  })

  test('but was carried out has settled its outcomes, which are told as such and written once', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t)
    t.faults.plan('step', 'answer lost')
    top.open('up')
    await watcher.untilJob('job.succeeded', id)
    expect(watcher.all('job.lost')).toEqual([])
    expect((await t.notices(id)).map(({ type }) => type)).toEqual(['started', 'succeeded'])
  })

  test('but was carried out has sent a job to its next attempt, which is told as such', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t)
    t.faults.plan('step', 'answer lost')
    top.fail(new Error('no'))
    expect(await watcher.untilJob('job.retrying', id)).toMatchObject({ attempt: 1 })
    expect(watcher.all('job.lost')).toEqual([])
  })

  test('and was not carried out is made up for: the outcome is settled under the next session', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t)
    t.faults.plan('step', 'refused')
    top.open('up')
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBe('up')
    await t.clock.advance(0)
    expect(t.faults.of('wait').at(-1)?.[0]).toBe(worker.health().session)
  })

  test('and was not carried out is lost if another worker has done the job meanwhile, though that ended alike', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t)
    t.faults.goDown()
    top.open('up')
    await t.clock.advance(7_200)
    await t.store.join({ session: 'other', leaseMs: 60_000 })
    await t.store.extend('other', 60_000) // reaps
    const { claimed } = await t.store.step({ session: 'other', settle: [], claim: 1, queues: ['default'] })
    const settle = claimed.map((job) => ({
      ...job,
      to: 'succeeded' as const,
      result: { json: '"there"' },
      ttlMs: 60_000,
    }))
    await t.store.step({ session: 'other', settle, claim: 0, queues: ['default'] })
    t.faults.comeBack()
    await t.clock.advance(5_000)
    await watcher.untilJob('job.lost', id)
    expect(watcher.all('job.succeeded')).toEqual([])
    expect(await t.result(id)).toBe('there')
  })

  test('for 10 s counts as one whose fate is unknown', async () => {
    const t = bench()
    const { id, worker, watcher, top, session } = await climbing(t)
    t.faults.plan('step', 'silence')
    top.open('up')
    await t.clock.advance(0)
    await t.clock.advance(9_999)
    expect(worker.health().session).toBe(session)
    await t.clock.advance(1)
    await watcher.untilJob('job.succeeded', id)
    expect(worker.health().session).not.toBe(session)
  })

  test('whose answer comes late is not heard: its session is over', async () => {
    const t = bench()
    const { watcher } = await t.started()
    await t.clock.advance(0)
    const late = gate()
    let isFirst = true
    const through = t.faults.through.bind(t.faults)
    t.faults.through = async (act, args, call) => {
      const answer = await through(act, args, call)
      if (act === 'step' && isFirst) {
        isFirst = false
        await late.promise
      }
      return answer
    }
    const id = await t.enqueue('greet', {})
    await t.clock.advance(0)
    await t.clock.advance(10_000)
    await watcher.untilJob('job.succeeded', id)
    late.open()
    await t.clock.advance(0)
    expect(watcher.all('job.received')).toHaveLength(1)
  })

  test('again and again is tried ever more slowly, and told once', async () => {
    const t = bench()
    const { id, watcher, top } = await climbing(t)
    const steps = t.faults.count('step')
    t.faults.plan('step', ...Array.from({ length: 6 }, () => 'refused' as const))
    top.open('up')
    await t.clock.advance(0)
    expect(t.faults.count('step') - steps).toBe(2) // the second one at once, in case it was only the connection
    await t.clock.advance(100)
    expect(t.faults.count('step') - steps).toBe(3)
    await t.clock.advance(10_000)
    await watcher.untilJob('job.succeeded', id)
    expect(watcher.all('job.lost')).toEqual([])
  })
})

describe('a join that was not answered', () => {
  test('is tried again under the same name, and loses nothing that the first one moved', async () => {
    const t = bench()
    const { id, watcher, top, signal } = await climbing(t)
    t.faults.plan('join', 'answer lost', 'refused')
    t.faults.plan('step', 'refused')
    await t.enqueue('greet', {})
    await t.clock.advance(0)
    await t.clock.advance(1_000)
    await watcher.until('worker.rejoined')
    const sessions = t.faults
      .of('join')
      .slice(1)
      .map(([{ session }]) => session)
    expect(sessions).toHaveLength(3)
    expect(new Set(sessions).size).toBe(1)
    expect(signal.aborted).toBe(false)
    top.open('up')
    await watcher.untilJob('job.succeeded', id)
  })

  test('but has found that others have a job: its handler is told, and its outcome is dropped', async () => {
    const t = bench()
    const { id, watcher, top, signal, session } = await climbing(t)
    await t.store.leave(session) // as if somebody had reaped it
    t.faults.plan('step', 'refused')
    await t.store.join({ session: 'other', leaseMs: 60_000 })
    await t.store.step({ session: 'other', settle: [], claim: 1, queues: ['default'] })
    await t.enqueue('greet', {})
    await watcher.untilJob('job.lost', id)
    expect(signal.reason).toEqual({ type: 'lease_lost' })
    top.open('too late')
    await t.clock.advance(0)
    expect(await t.job(id)).toMatchObject({ state: 'running' })
  })
})

describe('a store that is gone for a while', () => {
  test('is told of once, in health and in events, and again when it is back', async () => {
    const t = bench()
    const { worker, watcher } = await climbing(t)
    t.faults.goDown()
    expect(await watcher.until('worker.disconnected')).toEqual({
      store: 'memory',
      cause: 'the line was cut',
      running: 1,
    })
    await t.clock.advance(3_000)
    expect(worker.health()).toMatchObject({ state: 'reconnecting', session: null, running: 1 })
    expect(watcher.all('worker.disconnected')).toHaveLength(1)
    t.faults.comeBack()
    await t.clock.advance(5_000)
    expect(await watcher.until('worker.rejoined')).toMatchObject({ store: 'memory', lost: 0 })
    expect(worker.health()).toMatchObject({ state: 'running' })
    expect(watcher.all('worker.disconnected')).toHaveLength(1)
  })

  test('finds what handlers did meanwhile when it is back', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t)
    t.faults.goDown()
    await watcher.until('worker.disconnected')
    top.open('up')
    await t.clock.advance(3_000)
    expect(worker.health()).toMatchObject({ running: 0, unsettled: 1 })
    t.faults.comeBack()
    await t.clock.advance(5_000)
    await watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toBe('up')
  })

  test('for longer than the lease takes the jobs away: their handlers are told, and nothing of them is written', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal } = await climbing(t)
    t.faults.goDown()
    await t.clock.advance(7_200)
    await t.store.extend('somebody', 1_000) // whoever looks reaps
    t.faults.comeBack()
    await t.clock.advance(5_000)
    await watcher.untilJob('job.lost', id)
    expect(signal.reason).toEqual({ type: 'lease_lost' })
    top.open('too late')
    // It is back in line, and this very worker takes it again: that is attempt 2.
    await watcher.untilJob('job.succeeded', id)
    expect(await t.job(id)).toMatchObject({ state: 'succeeded', attempt: 2 })
    expect(worker.health()).toMatchObject({ state: 'running', running: 0, unsettled: 0 })
  })

  test('is tried ever more slowly, at most every 5 s', async () => {
    const t = bench()
    const { watcher } = await climbing(t)
    t.faults.goDown()
    await watcher.until('worker.disconnected')
    await t.clock.advance(60_000)
    const before = t.faults.count('join')
    await t.clock.advance(37_500) // ten tries of 5 s, each three quarters long by the chance of these tests
    expect(t.faults.count('join') - before).toBe(10)
  })

  test('at the start is waited for, and the worker says so', async () => {
    const t = bench()
    t.faults.goDown()
    const worker = t.worker()
    const watcher = new Watcher(worker)
    let isStarted = false
    const started = worker.start().then(() => (isStarted = true))
    expect(await watcher.until('worker.disconnected')).toMatchObject({ store: 'memory' })
    await t.clock.advance(60_000)
    expect(isStarted).toBe(false)
    expect(worker.health()).toMatchObject({ state: 'starting', session: null, lastStepAt: null })
    t.faults.comeBack()
    await t.clock.advance(5_000)
    await started
    expect(worker.health()).toMatchObject({ state: 'running' })
    const id = await t.enqueue('greet', {})
    await watcher.untilJob('job.succeeded', id)
  })
})

describe('a wait that was cut off', () => {
  test('is followed by a step that asks about all holds, since a cancel may have been missed', async () => {
    const t = bench()
    const { id, watcher, signal } = await climbing(t)
    t.faults.plan('wait', 'answer lost')
    await watcher.untilJob('job.succeeded', await t.enqueue('greet', {})) // it begins another wait after that
    await t.clock.advance(0)
    await t.store.cancel({ id, by: 'ada', reason: 'enough', ttlMs: 60_000 })
    expect(await watcher.untilJob('job.cancelled', id)).toMatchObject({ by: 'ada', reason: 'enough' })
    expect(signal.reason).toMatchObject({ type: 'cancelled' })
  })

  test('is followed by another one, and nothing is wedged', async () => {
    const t = bench()
    const { watcher } = await t.started()
    for (let n = 1; n <= 5; n++) {
      await t.clock.advance(10_000)
      t.faults.cut()
      await t.clock.advance(0)
      const id = await t.enqueue('greet', {})
      await t.clock.advance(100)
      await watcher.untilJob('job.succeeded', id)
    }
  })

  test('again and again leaves a worker that looks by itself, ever more slowly', async () => {
    const t = bench()
    const { watcher } = await t.started()
    t.faults.plan('wait', ...Array.from({ length: 1_000 }, () => 'refused' as const))
    t.faults.cut()
    await t.clock.advance(60_000)
    const id = await t.enqueue('greet', {})
    const before = t.faults.count('step')
    await t.clock.advance(15_000)
    await watcher.untilJob('job.succeeded', id)
    expect(t.faults.count('step') - before).toBeLessThan(10)
  })
})
