/** Starting and stopping: in order, early, twice, in a hurry. */
import { isLovageError } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { describe, expect, test } from 'vitest'
import { bench, climbing, gate } from './harness.ts'
import { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'

describe('a worker that stops', () => {
  test('lets running handlers end, settles them, claims nothing more, and leaves', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal } = await climbing(t)
    const stopped = worker.stop()
    expect(watcher.all('worker.draining')).toEqual([{ running: 1, timeoutMs: 30_000 }])
    expect(worker.health()).toMatchObject({ state: 'draining', running: 1 })
    const next = await t.enqueue('greet', {})
    await t.clock.advance(29_000)
    expect(signal.aborted).toBe(false)
    top.open('up')
    await stopped
    expect(await t.result(id)).toBe('up')
    expect(await t.job(next)).toMatchObject({ state: 'queued' })
    expect(watcher.all('worker.drained')).toEqual([{ returned: 0, running: 0 }])
    expect(worker.health()).toMatchObject({ state: 'stopped', session: null })
    expect(await t.store.counts()).toMatchObject({ workers: 0 })
  })

  test('at once when nothing runs, and leaves no timer behind', async () => {
    const t = bench()
    const before = t.clock.pending
    const { worker } = await t.started()
    await t.clock.advance(0)
    await worker.stop()
    expect(t.clock.pending).toBe(before)
  })

  test.each([
    ['is about to join', 'schedules'],
    ['is joining', 'join'],
  ] as const)('while it %s leaves no session behind', async (_, act) => {
    const t = bench()
    const reached = gate()
    const held = gate()
    const store = new Proxy(t.store, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => {
          if (name === act) {
            reached.open()
            await held.promise
          }
          return (await member.apply(target, args)) as unknown
        }
      },
    })
    const worker = t.worker({}, { store })
    const started = worker.start().catch((error: unknown) => error)
    await reached.promise
    const stopped = worker.stop({ timeout: 0 })
    await t.clock.advance(0)
    held.open()
    await stopped
    expect(isLovageError(await started, 'CLOSED')).toBe(true)
    expect(await t.store.counts()).toMatchObject({ workers: 0 })
  })

  test('still hears of cancels while it drains', async () => {
    const t = bench()
    const { id, worker, watcher, signal } = await climbing(t)
    const stopped = worker.stop()
    await t.clock.advance(0)
    await t.clock.advance(25)
    await t.store.cancel({ id, by: 'ada', reason: null, ttlMs: 1_000 })
    await watcher.untilJob('job.cancelled', id)
    expect(signal.reason).toMatchObject({ type: 'cancelled' })
    await t.clock.advance(5_000)
    await stopped
  })

  test('aborts what runs longer than its time, and hands it back as it was, with no attempt counted', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal } = await climbing(t)
    signal.addEventListener('abort', () => top.fail(new Error('stopped')))
    const stopped = worker.stop({ timeout: '10s' })
    await t.clock.advance(10_000)
    await stopped
    expect(signal.reason).toEqual({ type: 'shutdown' })
    expect(await t.job(id)).toMatchObject({ state: 'queued', attempt: 0 })
    expect(watcher.all('worker.drained')).toEqual([{ returned: 1, running: 0 }])
    expect(watcher.all('job.retrying')).toEqual([])
    const other = await t.started()
    expect(await other.watcher.untilJob('job.succeeded', id)).toMatchObject({ attempt: 1 })
  })

  test('settles what returns a value in answer to that', async () => {
    const t = bench()
    const { id, worker, watcher, top, signal } = await climbing(t)
    signal.addEventListener('abort', () => top.open('half way'))
    const stopped = worker.stop({ timeout: '10s' })
    await t.clock.advance(10_000)
    await stopped
    expect(await t.result(id)).toBe('half way')
    expect(watcher.all('worker.drained')).toEqual([{ returned: 0, running: 0 }])
  })

  test('does not wait for a handler that ignores its signal, and says so', async () => {
    const t = bench()
    const { id, worker, watcher } = await climbing(t)
    const stopped = worker.stop({ timeout: '10s' })
    await t.clock.advance(11_000)
    await stopped
    expect(await t.job(id)).toMatchObject({ state: 'queued', attempt: 0 })
    expect(watcher.all('worker.drained')).toEqual([{ returned: 1, running: 1 }])
  })

  test('in a hurry hands everything back at once', async () => {
    const t = bench()
    const { id, worker, signal } = await climbing(t)
    await worker.stop({ timeout: 0 })
    expect(signal.reason).toEqual({ type: 'shutdown' })
    expect(await t.job(id)).toMatchObject({ state: 'queued', attempt: 0 })
  })

  test('twice stops once, and the second one may be in a hurry', async () => {
    const t = bench()
    const { id, worker, watcher } = await climbing(t)
    const first = worker.stop()
    const second = worker.stop()
    await t.clock.advance(5_000)
    await worker.stop({ timeout: 0 })
    await Promise.all([first, second])
    expect(await t.job(id)).toMatchObject({ state: 'queued' })
    expect(watcher.all('worker.draining')).toHaveLength(1)
    expect(watcher.all('worker.drained')).toHaveLength(1)
  })

  test('while the store is gone waits for it with the outcomes, until its time is over', async () => {
    const t = bench()
    const { id, worker, watcher, top } = await climbing(t)
    t.faults.goDown()
    await watcher.until('worker.disconnected')
    top.open('up')
    const stopped = worker.stop()
    await t.clock.advance(10_000)
    expect(worker.health()).toMatchObject({ state: 'draining', unsettled: 1 })
    t.faults.comeBack()
    await t.clock.advance(5_000)
    await stopped
    expect(await t.result(id)).toBe('up')
  })

  test('while the store is gone for good ends all the same', async () => {
    const t = bench()
    const { worker, watcher, top } = await climbing(t)
    t.faults.goDown()
    await watcher.until('worker.disconnected')
    top.open('up')
    const stopped = worker.stop({ timeout: '10s' })
    await t.clock.advance(11_000)
    await stopped
    expect(worker.health()).toMatchObject({ state: 'stopped' })
  })

  test('and whose store does not even answer ends all the same', async () => {
    const t = bench()
    const { worker } = await climbing(t)
    t.faults.plan('leave', 'silence')
    const stopped = worker.stop({ timeout: 0 })
    await t.clock.advance(0)
    await t.clock.advance(2_000)
    await stopped
  })

  test('leaves a store open that it was given', async () => {
    const t = bench()
    const { worker } = await t.started()
    await worker.stop()
    expect(await t.store.counts()).toMatchObject({ workers: 0 })
  })
})

describe('a worker that is stopped before its time', () => {
  test('before it was started does nothing, and cannot be started any more', async () => {
    const t = bench()
    const worker = t.worker()
    await worker.stop()
    expect(t.faults.calls).toEqual([])
    await expect(worker.start()).rejects.toSatisfy((error) => isLovageError(error, 'CLOSED'))
    await worker.run() // ends at once
  })

  test('while it waits for its store to be there ends', async () => {
    const t = bench()
    t.faults.goDown()
    const worker = t.worker()
    const watcher = new Watcher(worker)
    const running = worker.run()
    const refused = expect(worker.start()).rejects.toSatisfy((error) => isLovageError(error, 'CLOSED'))
    await watcher.until('worker.disconnected')
    const stopped = worker.stop()
    await t.clock.advance(0)
    await t.clock.advance(2_000)
    await stopped
    await running
    await refused
    expect(watcher.all('worker.joined')).toEqual([])
  })
})

describe('a worker that starts', () => {
  test('twice starts once', async () => {
    const t = bench()
    const worker = t.worker()
    await Promise.all([worker.start(), worker.start()])
    await worker.start()
    expect(t.faults.count('join')).toBe(1)
  })

  test('says with what', async () => {
    const t = bench()
    const { worker, watcher } = await t.started({}, { concurrency: 7, name: 'one' })
    expect(watcher.all('worker.joined')).toEqual([
      {
        session: expect.stringMatching(/^one:[0-9a-f]{12}$/) as string,
        store: 'memory',
        tasks: ['greet', 'touch', 'climb', 'mail.send'],
        concurrency: 7,
      },
    ])
    expect(worker.health()).toMatchObject({ state: 'running', slots: 7, running: 0, unsettled: 0 })
  })

  test('and runs, ends when it is stopped, and gives the process back', async () => {
    const t = bench()
    const before = process.listenerCount('SIGTERM')
    const worker = t.worker()
    const watcher = new Watcher(worker)
    const running = worker.run()
    await watcher.until('worker.joined')
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    expect(process.listenerCount('SIGINT')).toBeGreaterThan(0)
    await worker.stop()
    await running
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  test('leaves the signals alone when it is only started, or told so', async () => {
    const t = bench()
    const before = process.listenerCount('SIGTERM')
    const { worker } = await t.started({}, { signals: false })
    const running = worker.run()
    expect(process.listenerCount('SIGTERM')).toBe(before)
    await worker.stop()
    await running
  })
})

describe('options that cannot be', () => {
  const handlers = { greet: () => '', touch: () => {}, climb: () => '', mail: { send: () => {} } }

  test.each([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['prefetch', { prefetch: -1 }],
    ['prefetch', { prefetch: 0.5 }],
    ['lease', { lease: 0 }],
    ['drainTimeout', { drainTimeout: -1 }],
    ['maxResultBytes', { maxResultBytes: Number.NaN }],
  ])('name %s', (option, options) => {
    const t = bench()
    const create = (): unknown =>
      createWorker({ tasks, store: t.store, handlers, logLevel: 'silent', ...options })
    expect(create).toThrow(`The option ${option} is`)
    expect(create).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  test('such as handlers that do not fit are a TypeError that names the tasks', () => {
    const t = bench()
    const some = { greet: () => '', climb: () => '', clim: () => '' } as unknown as typeof handlers
    expect(() => createWorker({ tasks, store: t.store, handlers: some })).toThrow(
      new TypeError('No handler for "touch", "mail.send". No task for the handlers "clim".'),
    )
  })
})
