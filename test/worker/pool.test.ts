/** Threads and processes that hang, die, leak and grow old, and the jobs of others meanwhile. */
import { queueOver } from '@lovage/core'
import { prometheus } from '@lovage/ops/prometheus'
import { Registry } from 'prom-client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Scrape } from '../ops/scrape.ts'
import { violentTasks } from './fixtures/violent-tasks.ts'
import { type PoolBench, poolBench } from './pool-bench.ts'

type Isolation = 'thread' | 'process'

const violent = (isolation: Isolation, options = {}): Promise<PoolBench> =>
  poolBench({ [isolation]: violentTasks[isolation] }, { [isolation]: 'violent' }, options)

const HEAP_BYTES = 64 * 1024 * 1024

describe.each(['thread', 'process'] as const)('a %s', (isolation) => {
  const name = (task: string): string => `${isolation}.${task}`

  test('whose handler computes without end is killed soon after its time limit, while others are served', async () => {
    const t = await violent(isolation, { concurrency: 2, grace: '1h' })
    const deaf = await t.enqueue(name('spin'), undefined, { timeLimitMs: 1_000, attempts: 1 })
    await t.reported(deaf)
    const other = await t.enqueue(name('where'))
    expect(await t.ended(other)).toMatchObject({ state: 'succeeded' })
    // Without having to wait for the grace, which is an hour: only a child that answers is given that.
    expect(await t.ended(deaf)).toMatchObject({ state: 'failed', error: { name: 'TIME_LIMIT' } })
    expect(await t.watcher.until('child.ended')).toMatchObject({ as: 'killed', jobs: 1 })
    expect(t.worker.health()).toMatchObject({ running: 0, abandoned: 0 })
    const next = await t.enqueue(name('where'))
    expect(await t.ended(next)).toMatchObject({ state: 'succeeded' })
  })

  test('is seen with what it is at, what it has done and what it uses', async () => {
    const t = await violent(isolation, { concurrency: 2, size: 1, grace: 100 })
    expect(t.worker.pools()).toEqual([
      {
        module: expect.stringMatching(/violent\.js$/),
        isolation,
        size: 1,
        waiting: 0,
        children: [
          { id: expect.any(Number), state: 'idle', jobs: 0, memoryBytes: 0, startedAt: expect.any(Number) },
        ],
      },
    ])
    await t.ended(await t.enqueue(name('where')))
    const deaf = await t.enqueue(name('spin'))
    await t.reported(deaf)
    const next = await t.enqueue(name('where'))
    await t.watcher.untilJob('job.received', next)
    const [pool] = t.worker.pools()
    expect(pool).toMatchObject({ waiting: 1, children: [{ state: 'busy', jobs: 2 }] })
    expect(pool!.children[0]!.memoryBytes).toBeGreaterThan(1_000_000)
    const { workers } = await queueOver({}, t.store).inspect()
    expect(workers).toMatchObject([{ pools: [{ isolation, size: 1 }] }])
    const scrape = prometheus({ registry: new Registry() })
    scrape.watchWorker(t.worker)
    const seen = new Scrape(await scrape.text())
    const labels = { module: 'violent.js', isolation, state: 'busy' }
    expect(seen.value('lovage_pool_children', labels)).toBe(1)
    expect(seen.value('lovage_pool_memory_bytes', labels)).toBe(pool!.children[0]!.memoryBytes)
    await t.store.cancel({ id: deaf, by: null, reason: null, ttlMs: 1_000 })
    await t.ended(next)
    expect(new Scrape(await scrape.text()).value('lovage_pool_children_ended_total', { as: 'killed' })).toBe(
      1,
    )
  })

  test('whose handler takes its time to heed its signal has the whole grace', async () => {
    const t = await violent(isolation, { grace: '1h' })
    const id = await t.enqueue(name('tidy'), 700, { timeLimitMs: 50 })
    expect(await t.ended(id)).toMatchObject({ state: 'succeeded' })
    expect(t.watcher.all('child.ended')).toEqual([])
  })

  test('whose handler ignores its time limit is killed after the grace', async () => {
    const t = await violent(isolation, { grace: 100 })
    const id = await t.enqueue(name('ignore'), undefined, { timeLimitMs: 50, attempts: 1 })
    expect(await t.ended(id)).toMatchObject({ state: 'failed', error: { name: 'TIME_LIMIT' } })
    expect(await t.watcher.until('child.ended')).toMatchObject({ as: 'killed' })
    expect(t.watcher.all('job.abandoned')).toEqual([])
  })

  test.each(['spin', 'ignore'])(
    'whose cancelled job goes on (%s) is killed after the grace',
    async (task) => {
      const t = await violent(isolation, { grace: 100, size: 1, concurrency: 1 })
      const id = await t.enqueue(name(task))
      await t.reported(id)
      await t.store.cancel({ id, by: 'ada', reason: null, ttlMs: 60_000 })
      const next = await t.enqueue(name('where'))
      expect(await t.ended(next)).toMatchObject({ state: 'succeeded' })
      expect(t.watcher.all('child.ended')).toMatchObject([{ as: 'killed' }])
      expect(await t.store.get(id)).toMatchObject({ state: 'cancelled' })
    },
  )

  test('that has run its number of jobs is replaced, and no job waits for that', async () => {
    const t = await violent(isolation, { maxJobs: 5, size: 1, concurrency: 1 })
    const ids: string[] = []
    while (t.watcher.all('child.ended').length < 3) {
      const id = await t.enqueue(name('where'))
      ids.push(id)
      expect(await t.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 })
    }
    const ended = t.watcher.all('child.ended')
    expect(ended).toMatchObject(Array.from({ length: 3 }, () => ({ as: 'recycled', detail: 'jobs' })))
    for (const { jobs } of ended) expect(jobs).toBeGreaterThanOrEqual(5)
    // The next one was ready before the last one left.
    const told = t.watcher.told.filter((one) => one.name.startsWith('child.')).map((one) => one.name)
    expect(told.slice(0, 3)).toEqual(['child.ready', 'child.ready', 'child.ended'])
    const where = await Promise.all(ids.map((id) => t.result(id)))
    expect(new Set(where).size).toBeGreaterThanOrEqual(3)
  })

  test('that leaks is replaced above its ceiling, and no job is lost', async () => {
    const bytes = 8 * 1024 * 1024
    const t = await violent(isolation, { maxMemoryBytes: 160 * 1024 * 1024, size: 1, concurrency: 1 })
    while (t.watcher.all('child.ended').length < 1) {
      const id = await t.enqueue(name('leak'), bytes)
      expect(await t.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 })
    }
    expect(t.watcher.all('child.ended')).toMatchObject([{ as: 'recycled', detail: 'memory' }])
  })

  test('of an age is replaced, though nothing runs', async () => {
    const t = await violent(isolation, { maxAge: 50, size: 1 })
    await t.watcher.until('child.ended', 2)
    expect(t.watcher.all('child.ended')[0]).toMatchObject({ as: 'recycled', detail: 'age', jobs: 0 })
    const id = await t.enqueue(name('where'))
    expect(await t.ended(id)).toMatchObject({ state: 'succeeded' })
  })

  test.each([
    ['exit', /ended with exit code 3/],
    ['uncaught', isolation === 'thread' ? /nobody caught: Error: out of nowhere/ : /exit code 1/],
    ['memory', /ran out of memory/],
    ['flood', /wrote more than 65536 bytes/],
    // Node keeps in memory what nobody has read yet: whichever limit comes first.
    ['gush', /wrote more than 65536 bytes|ran out of memory/],
    ...(isolation === 'process'
      ? ([
          ['segfault', /signal SIGSEGV/],
          ['abort', /signal SIGABRT/],
          ['disconnect', /SIGKILL/],
        ] as const)
      : []),
  ] as const)(
    'that ends by %s costs an attempt of its job, which says how, and nothing else',
    async (how, said) => {
      vi.spyOn(process.stdout, 'write').mockReturnValue(true)
      vi.spyOn(process.stderr, 'write').mockReturnValue(true)
      onTestFinished(() => void vi.restoreAllMocks())
      const limits = { maxHeapBytes: HEAP_BYTES, maxOutputBytes: 64 * 1024, concurrency: 2 }
      const t = await violent(isolation, limits)
      const bystander = await t.enqueue(name('tidy'), 0)
      await t.watcher.untilJob('job.started', bystander)
      const id = await t.enqueue(name('die'), how)
      const { error } = await t.watcher.untilJob('job.retrying', id)
      expect(error).toMatchObject({ name: 'WORKER_LOST', message: expect.stringMatching(said) })
      if (how === 'uncaught') expect(error.stack).toMatch(/out of nowhere[^]*violent\.[jt]s/)
      expect(await t.ended(id)).toMatchObject({ state: 'succeeded', attempt: 2 })
      expect(t.watcher.all('child.ended')).toMatchObject([{ as: 'lost' }])
      await t.worker.stop({ timeout: 1 })
      expect(await t.result(bystander)).toBe('tidy')
    },
  )
})

test('a process that is stopped by a signal is killed after its time limit, and its job runs again', async () => {
  const t = await violent('process', { grace: '1h' })
  const id = await t.enqueue('process.die', 'stop', { timeLimitMs: 300 })
  expect(await t.watcher.untilJob('job.retrying', id)).toMatchObject({ error: { name: 'TIME_LIMIT' } })
  expect(await t.ended(id)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

test('a job that kills what runs it in every attempt fails, and says so', async () => {
  const t = await violent('process')
  const id = await t.enqueue('process.die', 'exit', { attempts: 1 })
  expect(await t.ended(id)).toMatchObject({ state: 'failed', error: { name: 'WORKER_LOST' } })
})
