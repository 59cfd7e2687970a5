/** One table for all three ways to run a handler: what it is given and what becomes of it is the same in each. */
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { isLovageError, type Isolation } from '@lovage/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isolatedTasks } from './fixtures/isolated-tasks.ts'
import { type PoolBench, poolBench } from './pool-bench.ts'

const isolated = (
  isolation: Isolation,
  options = {},
  onFinished?: (stop: () => Promise<void>) => void,
): Promise<PoolBench> =>
  poolBench({ [isolation]: isolatedTasks[isolation] }, { [isolation]: 'isolated' }, options, onFinished)

describe.each(['inline', 'thread', 'process'] as const)('a handler that runs %s', (isolation) => {
  const name = (task: string): string => `${isolation}.${task}`

  let t: PoolBench
  let stop = async (): Promise<void> => {}
  beforeAll(async () => {
    t = await isolated(isolation, {}, (how) => (stop = how))
  })
  afterAll(() => stop())

  test('gets its parsed input and its job, and its result is what callers get', async () => {
    const input = { at: new Date(7), tags: new Map([['a', 1]]) }
    const id = await t.enqueue(name('echo'), input)
    await t.watcher.untilJob('job.succeeded', id)
    expect(await t.result(id)).toEqual({
      ...input,
      word: 'hi',
      job: { id, task: name('echo'), attempt: 1, owner: 'ada', enqueuedAt: expect.any(Number) },
      pid: expect.any(Number),
      thread: expect.any(Number),
    })
  })

  test('runs where it should', async () => {
    const id = await t.enqueue(name('echo'), { at: new Date(7), tags: new Map() })
    await t.ended(id)
    const { pid, thread } = (await t.result(id)) as { pid: number; thread: number }
    const where = pid !== process.pid ? 'process' : thread !== threadId ? 'thread' : 'inline'
    expect(where).toBe(isolation)
  })

  test.each([
    ['Error', { state: 'failed', attempt: 2, error: { name: 'Error', message: 'boom' } }],
    ['Retry', { state: 'failed', attempt: 2, error: { name: 'Retry', message: 'once more' } }],
    ['Discard', { state: 'failed', attempt: 1, error: { name: 'Discard', message: 'no such user' } }],
    [
      'LovageError',
      { state: 'failed', attempt: 2, error: { name: 'NOT_FOUND', message: 'There is no job x.' } },
    ],
    ['text', { state: 'failed', attempt: 2, error: { name: 'NotAnError', message: 'a string: a text' } }],
    ['bad output', { state: 'failed', attempt: 1, error: { name: 'OUTPUT_INVALID' } }],
    ['function', { state: 'failed', attempt: 1, error: { name: 'OUTPUT_INVALID' } }],
    ['much', { state: 'failed', attempt: 1, error: { name: 'PAYLOAD_TOO_LARGE' } }],
    ['nothing', { state: 'succeeded', attempt: 1 }],
  ])('that ends with %s comes to what the policy says', async (ending, outcome) => {
    const id = await t.enqueue(name('end'), ending)
    expect(await t.ended(id)).toMatchObject(outcome)
  })

  test('that throws leaves a stack with its own file and the cause', async () => {
    const id = await t.enqueue(name('end'), 'Error')
    const { stack } = (await t.ended(id)).error
    expect(stack).toMatch(/fixtures\/isolated\.[jt]s/)
    expect(stack).toContain('Caused by: TypeError: deeper')
  })

  test('that asks for another attempt gets it after its own delay', async () => {
    const id = await t.enqueue(name('end'), 'Retry')
    expect(await t.watcher.untilJob('job.retrying', id)).toMatchObject({
      delayMs: 7,
      error: { name: 'Retry' },
    })
    await t.ended(id)
  })

  test('whose input its schema refuses fails at once', async () => {
    const id = await t.enqueue(name('end'), 'surprise')
    expect(await t.ended(id)).toMatchObject({ attempt: 1, error: { name: 'INPUT_INVALID' } })
  })

  test.each([false, true])(
    'reports how far it is, the last one before the outcome (busy: %s)',
    async (isBusy) => {
      const id = await t.enqueue(name('climb'), { steps: [1, 2, 3, 4, 5], isBusy })
      await t.ended(id)
      expect((await t.reports(id)).at(-1)).toEqual({ step: 5 })
      expect((await t.notices(id)).at(-1)?.type).toBe('succeeded')
    },
  )

  test('says what it says in order, and all of it before the outcome', async () => {
    const id = await t.enqueue(name('speak'), { lines: 40, text: 'grün 🌱', isBusy: false })
    await t.ended(id)
    const said = await t.said(id)
    expect(said.lines.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 40 }, (_, n) => `line ${n + 1}`),
      'done',
    ])
    expect(said.lines[0]).toMatchObject({ level: 'warn', fields: { line: 1 } })
    expect(said).toMatchObject({ text: 'grün 🌱', dropped: 0 })
  })

  test('that says more at once than may wait loses the oldest, counted', async () => {
    const id = await t.enqueue(name('speak'), { lines: 500, text: 'end', isBusy: true })
    await t.ended(id)
    const { lines, text, dropped } = await t.said(id)
    expect(lines.length + dropped).toBe(501)
    expect(dropped).toBeGreaterThan(0)
    expect(lines.slice(-2).map(({ message }) => message)).toEqual(['line 500', 'done'])
    expect(text).toBe('end')
  })

  test('that reports what its schema refuses goes on, and is told of once', async () => {
    const id = await t.enqueue(name('climb'), { steps: ['high', 'higher', 3] })
    expect(await t.ended(id)).toMatchObject({ state: 'succeeded' })
    const refused = t.watcher.all('job.report_refused').filter((event) => event.id === id)
    expect(refused).toMatchObject([{ id, why: expect.stringContaining('number') }])
    expect((await t.reports(id)).at(-1)).toEqual({ step: 3 })
  })

  test('learns of its time limit by its signal, and may still return', async () => {
    const id = await t.enqueue(name('wait'), undefined, { timeLimitMs: 50 })
    expect(await t.ended(id)).toMatchObject({ state: 'succeeded' })
    expect(await t.result(id)).toEqual({ type: 'time_limit', timeLimitMs: 50 })
  })

  test('that obeys its time limit fails by it', async () => {
    const id = await t.enqueue(name('obey'), undefined, { timeLimitMs: 50 })
    expect(await t.ended(id)).toMatchObject({ state: 'failed', error: { name: 'TIME_LIMIT' } })
  })

  test('learns who cancelled it and why, and its slot is free when it has ended', async () => {
    const id = await t.enqueue(name('wait'))
    await t.reported(id)
    await t.store.cancel({ id, by: 'ada', reason: 'changed my mind', ttlMs: 60_000 })
    expect(await t.watcher.untilJob('job.cancelled', id)).toMatchObject({
      by: 'ada',
      reason: 'changed my mind',
    })
    await expect.poll(() => t.worker.health().running).toBe(0)
    expect(t.watcher.all('job.abandoned')).toEqual([])
    expect(t.watcher.all('child.ended')).toEqual([])
  })

  test('finds what its module has set up, once for all of its jobs', async () => {
    const t = await isolated(isolation, { size: 1 })
    const ids = await Promise.all([1, 2, 3].map(() => t.enqueue(name('resource'))))
    for (const id of ids) {
      await t.ended(id)
      expect(await t.result(id)).toMatchObject({ word: 'set up' })
    }
    const pids = await Promise.all(ids.map(async (id) => ((await t.result(id)) as { pid: number }).pid))
    expect(new Set(pids).size).toBe(1)
    if (isolation !== 'inline') expect(await t.result(ids[2] as string)).toMatchObject({ setups: 1 })
  })
})

describe.each(['inline', 'thread', 'process'] as const)('a worker whose handlers run %s', (isolation) => {
  const name = (task: string): string => `${isolation}.${task}`

  test('that stops settles what returns, hands back what throws, and has each module torn down once', async () => {
    const file = join(tmpdir(), `lovage-teardown-${randomUUID()}`)
    process.env['TEARDOWN_FILE'] = file
    onTestFinished(async () => {
      delete process.env['TEARDOWN_FILE']
      await rm(file, { force: true })
    })
    const t = await isolated(isolation)
    const [settled, back] = [await t.enqueue(name('wait')), await t.enqueue(name('obey'))]
    await Promise.all([t.reported(settled), t.reported(back)])
    await t.worker.stop({ timeout: 1 })
    expect(await t.result(settled)).toEqual({ type: 'shutdown' })
    expect(await t.store.get(back)).toMatchObject({ state: 'queued', attempt: 0 })
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    // Two children, each of which had set up its own.
    expect(lines).toHaveLength(isolation === 'inline' ? 1 : 2)
  })
})

describe.each(['thread', 'process'] as const)('in a %s', (isolation) => {
  test('a rejection that nobody handles is told, and ends nothing', async () => {
    const t = await isolated(isolation)
    const id = await t.enqueue(`${isolation}.litter`)
    expect(await t.ended(id)).toMatchObject({ state: 'succeeded' })
    expect(await t.watcher.until('worker.error')).toMatchObject({
      error: { message: 'nobody looks' },
      during: 'a promise that nobody handles',
    })
    expect(t.watcher.all('child.ended')).toEqual([])
  })

  test('jobs wait for a free one when there are fewer of them than slots', async () => {
    const t = await isolated(isolation, { size: 1 })
    const first = await t.enqueue(`${isolation}.wait`)
    const second = await t.enqueue(`${isolation}.wait`, undefined, { timeLimitMs: 60_000 })
    await t.reported(first)
    await t.watcher.untilJob('job.received', second)
    expect(t.watcher.all('job.started').map(({ id }) => id)).toEqual([first])
    await t.store.cancel({ id: second, by: 'ada', reason: null, ttlMs: 60_000 })
    await t.watcher.untilJob('job.cancelled', second)
    await expect.poll(() => t.worker.health().running).toBe(1)
    const third = await t.enqueue(`${isolation}.resource`)
    await t.store.cancel({ id: first, by: 'ada', reason: null, ttlMs: 60_000 })
    expect(await t.ended(third)).toMatchObject({ state: 'succeeded' })
  })
})

test('a module that cannot be loaded keeps the worker from starting, and says why', async () => {
  const failed = await poolBench({ process: isolatedTasks.process }, { process: 'nowhere' }).catch(
    (error) => error,
  )
  expect(isLovageError(failed, 'MODULE_FAILED') && failed.details.why).toMatch(
    /could not be loaded: .*nowhere/,
  )
})
