/** Modules of handlers: those that cannot be used keep a worker from starting, and TypeScript is loaded as it is. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TaskTree } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createWorker, handlerModule, type HandlerModuleOptions, type Worker } from '@lovage/worker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isolatedTasks } from './fixtures/isolated-tasks.ts'
import { violentTasks } from './fixtures/violent-tasks.ts'
import { poolBench } from './pool-bench.ts'
import { Watcher } from './watcher.ts'

const broken = (how: string): URL => new URL(`../dist/worker/fixtures/broken.js?how=${how}`, import.meta.url)

function workerFor(url: URL, tree: TaskTree, options: HandlerModuleOptions = {}): Worker {
  const [branch] = Object.keys(tree) as [string]
  const handlers = { [branch]: handlerModule(url, options) }
  const worker = createWorker({ tasks: tree, store: createMemoryStore(), logLevel: 'silent', handlers })
  onTestFinished(() => worker.stop({ timeout: 0 }))
  return worker
}

describe.each(['thread', 'process'] as const)('a worker with a module for a %s', (isolation) => {
  const tasks = { [isolation]: { where: violentTasks[isolation].where } }

  test.each([
    ['throw', /could not be loaded: no such model/],
    ['exit', /that was to run it ended with exit code 4/],
    ['hang', /not ready after 300 ms/],
    ['nothing', /does not export `handlers` made by defineHandlers/],
    ['setup', /its setup failed: no room for the model/],
    ['text', /its export `setup` is no function/],
  ])('does not start when that is broken (%s), and says how', async (how, why) => {
    const worker = workerFor(broken(how), tasks, how === 'hang' ? { startTimeout: 300 } : {})
    await expect(worker.start()).rejects.toMatchObject({
      code: 'MODULE_FAILED',
      details: { module: broken(how).href, why: expect.stringMatching(why) },
    })
    expect(worker.health()).toMatchObject({ state: 'stopped' })
  })

  test('does not start when that lacks a handler', async () => {
    const worker = workerFor(broken('not'), { [isolation]: violentTasks[isolation] })
    await expect(worker.start()).rejects.toMatchObject({
      details: {
        why: expect.stringContaining(`it has no handler for ${isolation}.ignore, ${isolation}.tidy`),
      },
    })
  })

  test('whose second copy does not start lets jobs wait for the first, and does not try in a circle', async () => {
    const mark = join(tmpdir(), `lovage-mark-${randomUUID()}`)
    onTestFinished(() => rm(mark, { recursive: true, force: true }))
    const { where, spin } = violentTasks[isolation]
    const t = await poolBench({ [isolation]: { where, spin } }, { [isolation]: broken(`once&mark=${mark}`) })
    const first = await t.enqueue(`${isolation}.spin`, 700)
    await t.watcher.untilJob('job.started', first)
    const second = await t.enqueue(`${isolation}.where`)
    expect(await t.watcher.until('child.ended')).toMatchObject({
      as: 'lost',
      detail: expect.stringContaining('its setup failed: EEXIST'),
    })
    expect(await t.ended(second)).toMatchObject({ state: 'succeeded', attempt: 1 })
    expect(await t.ended(first)).toMatchObject({ state: 'succeeded' })
    expect(t.watcher.all('child.ended')).toHaveLength(1)
  })

  test('stops all the same when its teardown fails, and says so', async () => {
    const worker = workerFor(broken('teardown'), tasks)
    const watcher = new Watcher(worker)
    await worker.start()
    await worker.stop()
    expect(watcher.all('worker.error')).toMatchObject([
      { error: { message: 'still in use' }, during: `teardown of ${broken('teardown').href}` },
    ])
    expect(watcher.all('child.ended')).toMatchObject([{ as: 'stopped' }])
  })

  test('can be stopped while that is loaded', async () => {
    const worker = workerFor(broken('hang'), tasks)
    const started = worker.start()
    await worker.stop({ timeout: 0 })
    await expect(started).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('loads TypeScript as it is', async () => {
    const source = new URL('./fixtures/isolated.ts', import.meta.url)
    const t = await poolBench({ [isolation]: isolatedTasks[isolation] }, { [isolation]: source })
    const id = await t.enqueue(`${isolation}.end`, 'Error', { attempts: 1 })
    expect((await t.ended(id)).error.stack).toContain('test/worker/fixtures/isolated.ts:')
  })
})

test('TypeScript is loaded as it is into the worker itself', async () => {
  const script = `
    import { createMemoryStore } from '@lovage/core/memory'
    import { createWorker, handlerModule } from '@lovage/worker'
    import { isolatedTasks } from './dist/worker/fixtures/isolated-tasks.js'
    const inline = handlerModule(${JSON.stringify(new URL('./fixtures/isolated.ts', import.meta.url).href)})
    const tasks = { inline: isolatedTasks.inline }
    const worker = createWorker({ tasks, store: createMemoryStore(), logLevel: 'silent', handlers: { inline } })
    await worker.start()
    console.log(worker.health().state)
    await worker.stop()
  `
  const cwd = new URL('..', import.meta.url)
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd })
  expect((await run).stdout.trim()).toBe('running')
})
