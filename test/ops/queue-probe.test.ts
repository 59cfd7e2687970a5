/** The probe of a process that enqueues and follows, and the events that its figures come from. */
import { defineTasks, newJobId, queueOver, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { startProbe } from '@lovage/ops'
import { prometheus } from '@lovage/ops/prometheus'
import { createQueue } from '@lovage/redis'
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { startRedis } from '../../scripts/redis.mjs'
import { Driver } from '../core/driver.ts'
import { altered } from '../core/stage.ts'
import { ask, Scrape } from './scrape.ts'

const tasks = defineTasks({ score: task({ input: z.number(), output: z.number() }), touch: task() })

async function probed(metrics = prometheus()) {
  const store = createMemoryStore()
  const queue = queueOver(tasks, store)
  const probe = await startProbe({ queue, port: 0, host: '127.0.0.1', metrics })
  onTestFinished(async () => {
    await probe.close()
    await queue.close()
  })
  return { store, queue, probe, driver: await Driver.start(store) }
}

test('jobs are counted as they are enqueued, and as they are refused, with the code of the error', async () => {
  const { queue, probe } = await probed()
  await queue.score.enqueue(1)
  await queue.score.enqueueMany([1, 2, 3])
  await expect(queue.score.enqueue('one' as unknown as number)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  })
  await expect(queue.score.enqueueMany([1, 'two' as unknown as number])).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  })
  await expect(queue['~engine'].enqueue('no such task', 1)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' })
  const seen = await Scrape.of(probe.url)
  expect(seen.value('lovage_enqueued_total', { task: 'score' })).toBe(4)
  expect(seen.value('lovage_refused_total', { task: 'score', code: 'INPUT_INVALID' })).toBe(3)
  expect(seen.value('lovage_refused_total', { task: '', code: 'TASK_UNKNOWN' })).toBe(1)
})

test('live jobs and workers of the whole queue are asked for when figures are wanted', async () => {
  const { queue, probe, driver } = await probed()
  await queue.touch.enqueue()
  await queue.touch.enqueue()
  await queue.touch.enqueue(undefined, { delay: '1h' })
  await driver.next()
  const seen = await Scrape.of(probe.url)
  const jobs = (state: string) => seen.value('lovage_jobs', { state })
  expect([jobs('queued'), jobs('running'), jobs('scheduled'), jobs('retrying')]).toEqual([1, 1, 1, 0])
  expect(seen.value('lovage_workers')).toBe(1)
  expect(seen.value('lovage_queue_jobs', { queue: 'default' })).toBe(1)
  expect(seen.value('lovage_queue_oldest_seconds', { queue: 'default' })).toBeGreaterThanOrEqual(0)
  expect(seen.value('lovage_store_up')).toBe(1)
})

test('followers are counted while they follow, and what they were given when they have gone', async () => {
  const { queue, probe, driver } = await probed()
  const job = await queue.score.enqueue(1)
  const followed = (async () => {
    const types: string[] = []
    for await (const notice of job) types.push(notice.type)
    return types
  })()
  const feed = queue.notices()
  await feed.next()
  const during = await Scrape.of(probe.url)
  expect(during.value('lovage_followers', { of: 'job' })).toBe(1)
  expect(during.value('lovage_followers', { of: 'feed' })).toBe(1)
  await driver.succeed(await driver.next(), 2)
  const types = await followed
  await feed.return()
  const after = await Scrape.of(probe.url)
  expect(after.value('lovage_followers', { of: 'job' })).toBe(0)
  expect(after.value('lovage_followers', { of: 'feed' })).toBe(0)
  expect(after.value('lovage_notices_total', { of: 'job' })).toBe(types.length)
})

test('figures may go into a registry that is there already, and nothing else does', async () => {
  const registry = new Registry()
  const { queue } = await probed(prometheus({ registry }))
  await queue.touch.enqueue()
  const names = new Scrape(await registry.metrics()).names()
  expect(names).toContain('lovage_enqueued_total')
  expect(names.filter((name) => !name.startsWith('lovage_'))).toEqual([])
})

test('while the store does not answer the process is alive and not ready, and its other figures are told', async () => {
  const store = createMemoryStore()
  const silent = altered(store, { counts: () => new Promise(() => {}) })
  const queue = queueOver(tasks, silent)
  const probe = await startProbe({ queue, port: 0, host: '127.0.0.1' })
  onTestFinished(() => probe.close())
  expect(await ask(`${probe.url}/ready`)).toEqual({
    status: 503,
    body: { live: true, ready: false, why: 'The store has not answered within 800 ms.' },
  })
  expect((await ask(`${probe.url}/live`)).status).toBe(200)
})

test('a Redis that goes away and comes back is seen from outside', async () => {
  const first = await startRedis()
  onTestFinished(() => first.stop())
  const queue = createQueue({
    tasks,
    redis: first.url,
    namespace: `probe-${newJobId()}`,
    onWarning: () => {},
  })
  const metrics = prometheus()
  const probe = await startProbe({ queue, port: 0, host: '127.0.0.1', metrics })
  onTestFinished(async () => {
    await probe.close()
    await queue.close()
  })
  await queue.touch.enqueue()
  expect((await ask(`${probe.url}/ready`)).status).toBe(200)
  process.kill(first.pid, 'SIGKILL')
  const ready = async (status: number): Promise<void> => {
    while ((await ask(`${probe.url}/ready`)).status !== status);
  }
  await ready(503)
  const away = await Scrape.of(probe.url)
  expect(away.value('lovage_store_up')).toBe(0)
  expect(away.value('lovage_jobs', { state: 'queued' })).toBeUndefined()
  expect(away.value('lovage_enqueued_total', { task: 'touch' })).toBe(1)
  const second = await startRedis({ port: first.port })
  onTestFinished(() => second.stop())
  await ready(200)
  expect((await Scrape.of(probe.url)).value('lovage_store_up')).toBe(1)
})
