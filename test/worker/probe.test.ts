/** The HTTP probe of a worker: alive as long as it fetches, ready as long as it takes jobs. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { prometheus } from '@lovage/ops/prometheus'
import { createWorker, type Worker } from '@lovage/worker'
import { expect, onTestFinished, test } from 'vitest'
import { newJobId } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { startRedis } from '../../scripts/redis.mjs'
import { ask, Scrape } from '../ops/scrape.ts'
import { bench, climbing, gate } from './harness.ts'
import { tasks } from './tasks.ts'
import { Watcher } from './watcher.ts'

const PROBE = { probe: { port: 0, host: '127.0.0.1' } }

const statusOf = async (url: string) => ({
  live: (await ask(`${url}/live`)).status,
  ready: (await ask(`${url}/ready`)).status,
})

test('says what the health of its worker is, at a glance and in detail', async () => {
  const t = bench()
  const { worker, watcher } = await climbing(t, PROBE)
  const { url } = await watcher.until('worker.probed')
  const { status, body } = await ask(`${url}/ready`)
  expect(status).toBe(200)
  expect(body).toEqual(JSON.parse(JSON.stringify(worker.health())))
  expect(body).toMatchObject({ live: true, ready: true, state: 'running', slots: 2, running: 1 })
})

test('a worker that fetches nothing for too long is dead, though its process answers', async () => {
  const t = bench()
  const { watcher, worker } = await t.started({}, { probe: { ...PROBE.probe, maxSilence: '30s' } })
  const { url } = await watcher.until('worker.probed')
  await t.clock.advance(60_000) // idle, and fetching
  expect(await statusOf(url)).toEqual({ live: 200, ready: 200 })

  t.faults.goDown()
  await t.clock.advance(20_000)
  expect(await statusOf(url)).toEqual({ live: 200, ready: 503 })
  expect(worker.health().why).toBe('memory does not answer.')
  await t.clock.advance(20_000)
  expect(await statusOf(url)).toEqual({ live: 503, ready: 503 })
  expect(worker.health().why).toMatch(/^No fetch from memory has succeeded for \d+ s; 30 s are allowed\.$/)

  t.faults.comeBack()
  await t.clock.advance(20_000)
  await watcher.until('worker.rejoined')
  expect(await statusOf(url)).toEqual({ live: 200, ready: 200 })
})

test('a worker whose slots are all taken fetches still, and one that drains is alive but not ready', async () => {
  const t = bench()
  const { watcher, worker, top } = await climbing(t, {
    concurrency: 1,
    drainTimeout: '10m',
    probe: { ...PROBE.probe, maxSilence: '30s' },
  })
  const { url } = await watcher.until('worker.probed')
  await t.clock.advance(120_000)
  expect(await statusOf(url)).toEqual({ live: 200, ready: 200 })
  const stopped = worker.stop()
  await t.clock.advance(60_000)
  expect(await statusOf(url)).toEqual({ live: 200, ready: 503 })
  expect((await ask(`${url}/live`)).body).toMatchObject({ why: 'It stops: it claims nothing more.' })
  top.open('up')
  await stopped
  await expect(fetch(`${url}/live`)).rejects.toThrow('fetch failed')
})

test('answers before the worker has joined: alive, not ready, and dead when the store never comes', async () => {
  const t = bench()
  t.faults.goDown()
  const worker = t.worker({}, { probe: { ...PROBE.probe, maxSilence: '30s' } })
  const watcher = new Watcher(worker)
  const started = worker.start().catch((error: unknown) => error)
  const { url } = await watcher.until('worker.probed')
  expect(await statusOf(url)).toEqual({ live: 200, ready: 503 })
  expect((await ask(`${url}/ready`)).body).toMatchObject({
    state: 'starting',
    session: null,
    why: 'It has not joined yet, for memory has not answered.',
  })
  await t.clock.advance(31_000)
  expect(await statusOf(url)).toEqual({ live: 503, ready: 503 })
  await worker.stop({ timeout: 0 })
  await started
})

test('a port that is taken is an error at the start, which names it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const t = bench()
  const worker = t.worker({}, { probe: { port, host: '127.0.0.1' } })
  await expect(worker.start()).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    details: { option: 'probe.port', seen: String(port), expected: expect.stringContaining('free') },
  })
  expect(await t.store.counts()).toMatchObject({ workers: 0 })
})

test('knows its paths, tells them to whoever asks for another one, and takes no orders', async () => {
  const t = bench()
  const { watcher } = await t.started({}, PROBE)
  const { url, paths } = await watcher.until('worker.probed')
  expect(await ask(`${url}/health`)).toEqual({ status: 404, body: { known: paths } })
  expect(await ask(`${url}/metrics`)).toMatchObject({ status: 404 })
  expect(await ask(`${url}/constructor`)).toMatchObject({ status: 404 })
  expect((await fetch(`${url}/live`, { method: 'POST' })).status).toBe(405)
  const head = await fetch(`${url}/live?verbose=1`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test('metrics count what the worker tells, in the format that Prometheus reads', async () => {
  const t = bench()
  const { watcher, top } = await climbing(t, {
    concurrency: 3,
    probe: { ...PROBE.probe, metrics: prometheus() },
  })
  const { url, paths } = await watcher.until('worker.probed')
  expect(paths).toContain('/metrics')
  const during = await Scrape.of(url)
  expect(during.value('lovage_worker_ready')).toBe(1)
  expect(during.value('lovage_worker_slots')).toBe(3)
  expect(during.value('lovage_worker_slots_used')).toBe(1)
  expect(during.value('lovage_worker_last_fetch_timestamp_seconds')).toBe(t.clock.now() / 1000)
  expect(during.value('lovage_attempts_total')).toBeUndefined()
  expect(during.names()).toContain('process_resident_memory_bytes')

  await t.clock.advance(1_500)
  top.open('up')
  await watcher.until('job.succeeded')
  for (const name of ['Ada', 'Bob'])
    await watcher.untilJob('job.succeeded', await t.enqueue('greet', { name }))
  const after = await Scrape.of(url)
  expect(after.value('lovage_attempts_total', { task: 'greet', outcome: 'succeeded' })).toBe(2)
  expect(after.value('lovage_attempts_total', { task: 'climb', outcome: 'succeeded' })).toBe(1)
  const climb = (part: string, labels = {}) =>
    after.value(`lovage_attempt_duration_seconds_${part}`, { task: 'climb', ...labels })
  expect([climb('count'), climb('sum')]).toEqual([1, 1.5])
  expect([climb('bucket', { le: '1' }), climb('bucket', { le: '2.5' })]).toEqual([0, 1])
  expect(after.value('lovage_worker_slots_used')).toBe(0)
})

test('failures, retries, cancels, limits and disconnections are counted as what they are', async () => {
  const t = bench()
  const { watcher } = await t.started(
    {
      touch: () => {
        throw new Error('no')
      },
      greet: () => 1 as unknown as string,
      climb: () => new Promise(() => {}),
    },
    { probe: { ...PROBE.probe, metrics: prometheus() } },
  )
  const { url } = await watcher.until('worker.probed')
  await watcher.untilJob('job.retrying', await t.enqueue('touch'))
  await watcher.untilJob('job.failed', await t.enqueue('greet', { name: 'Ada' }))
  const cancelled = await t.enqueue('climb')
  await watcher.untilJob('job.started', cancelled)
  await t.store.cancel({ id: cancelled, by: null, reason: null, ttlMs: 1_000 })
  await watcher.untilJob('job.cancelled', cancelled)
  const late = await t.enqueue('climb', undefined, { timeLimitMs: 1_000, attempts: 1 })
  await watcher.untilJob('job.started', late)
  await t.clock.advance(7_000)
  await watcher.untilJob('job.failed', late)
  t.faults.plan('step', 'refused')
  await t.enqueue('mail.send', 'bob@example.com')
  await watcher.until('worker.rejoined')

  const seen = await Scrape.of(url)
  const attempts = (task: string, outcome: string) => seen.value('lovage_attempts_total', { task, outcome })
  expect(attempts('touch', 'retrying')).toBe(watcher.all('job.retrying').length)
  expect(attempts('greet', 'failed')).toBe(1)
  expect(attempts('climb', 'cancelled')).toBe(1)
  expect(attempts('climb', 'failed')).toBe(1)
  expect(seen.value('lovage_time_limits_total', { task: 'climb' })).toBe(1)
  expect(seen.value('lovage_abandoned_total', { task: 'climb' })).toBe(2)
  expect(seen.value('lovage_worker_abandoned')).toBe(2)
  expect(seen.value('lovage_worker_disconnects_total')).toBe(1)
})

test('goes on answering while a real Redis is away, and says so until it is back', async () => {
  const first = await startRedis()
  onTestFinished(() => first.stop())
  const store = createRedisStore({ url: first.url, namespace: `probe-${newJobId()}` })
  onTestFinished(() => store.close())
  const done = gate()
  const worker: Worker = createWorker({
    tasks,
    store,
    logLevel: 'silent',
    ...PROBE,
    handlers: {
      greet: ({ name }) => name,
      touch: () => done.promise,
      climb: () => '',
      mail: { send: () => {} },
    },
  })
  onTestFinished(() => worker.stop({ timeout: 0 }))
  const watcher = new Watcher(worker)
  await worker.start()
  const { url } = await watcher.until('worker.probed')
  expect(await statusOf(url)).toEqual({ live: 200, ready: 200 })
  process.kill(first.pid, 'SIGKILL')
  await watcher.until('worker.disconnected')
  const { status, body } = await ask(`${url}/ready`)
  expect(status).toBe(503)
  expect(body).toMatchObject({ state: 'reconnecting', live: true, why: `${store.name} does not answer.` })
  expect((await ask(`${url}/live`)).status).toBe(200)
  const second = await startRedis({ port: first.port })
  onTestFinished(() => second.stop())
  await watcher.until('worker.rejoined')
  expect(await statusOf(url)).toEqual({ live: 200, ready: 200 })
})
