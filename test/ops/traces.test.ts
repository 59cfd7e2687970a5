/** Traces from an enqueue through attempts to whoever follows, on a real Redis, with the SDK that users bring. */
import { randomUUID } from 'node:crypto'
import { createJobsClient, type JobsClient } from '@lovage/client'
import { group, type Isolation, type JobNotice, type Notice, type TaskTree } from '@lovage/core'
import {
  activeTrace,
  openTelemetry,
  type OpenTelemetryOptions,
  traceContext,
} from '@lovage/ops/opentelemetry'
import { type RouterOf, serve } from '@lovage/server'
import { createQueue } from '@lovage/redis'
import { createWorker, handlerModule, type Worker, type WorkerOptions } from '@lovage/worker'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { Watcher } from '../worker/watcher.ts'
import { tracedTasks } from './fixtures/traced-tasks.ts'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = trace.getTracer('test')
const module = handlerModule(new URL('../dist/ops/fixtures/traced.js', import.meta.url))

beforeAll(() => provider.register())
afterAll(() => provider.shutdown())

const spans = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name)
const placeOf = (span: ReadableSpan | undefined): string =>
  `00-${span!.spanContext().traceId}-${span!.spanContext().spanId}-01`

const openQueue = (namespace: string, tracing: ReturnType<typeof openTelemetry>) =>
  createQueue({ tasks: tracedTasks, redis: inject('redisUrl'), namespace, tracing, onWarning: () => {} })

interface Stage {
  queue: ReturnType<typeof openQueue>
  client: JobsClient<RouterOf<typeof tracedTasks>>
  worker: Worker
  watcher: Watcher
}

/** A queue, a worker for one kind of isolation, and a client of an API over real sockets. */
async function stage(
  isolation: Isolation,
  tracingOptions: OpenTelemetryOptions = {},
  workerOptions: Pick<WorkerOptions<TaskTree>, 'tracing'> = {},
): Promise<Stage> {
  const namespace = `test-${randomUUID()}`
  const tracing = openTelemetry(tracingOptions)
  const queue = openQueue(namespace, tracing)
  const worker = createWorker({
    tasks: { [isolation]: tracedTasks[isolation] },
    redis: inject('redisUrl'),
    namespace,
    name: 'ada:1',
    logLevel: 'silent',
    tracing,
    handlers: { [isolation]: module },
    ...workerOptions,
  })
  const watcher = new Watcher(worker)
  const server = await serve<typeof tracedTasks>({ queue, owner: 'public', closeGraceMs: 0 })
  const client = createJobsClient<RouterOf<typeof tracedTasks>>({ url: server.url })
  onTestFinished(async () => {
    await worker.stop({ timeout: 0 })
    await client.close()
    await server.close()
    await queue.close()
    exporter.reset() // by now all is told
  })
  await worker.start()
  return { queue, client, worker, watcher }
}

async function jobNotices(notices: AsyncIterable<Notice>): Promise<JobNotice[]> {
  const all: JobNotice[] = []
  for await (const notice of notices) if ('jobId' in notice) all.push(notice)
  return all
}

/** The id of the span above one. */
const above = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId

describe.each(['inline', 'thread', 'process'] as const)('a job that runs %s', (isolation) => {
  const name = `${isolation}.where`

  test('is one trace, from what enqueued it through its handler to what a client sees of it', async () => {
    const { queue, client, watcher } = await stage(isolation)
    const handle = await tracer.startActiveSpan('request', async (span) => {
      const enqueued = await queue[isolation].where.enqueue('report')
      span.end()
      return enqueued
    })
    const notices = await jobNotices(client.jobs.attach(handle.toJSON()))
    await watcher.untilJob('job.succeeded', handle.id)
    const [request, producer, consumer] = ['request', `enqueue ${name}`, `process ${name}`].map(
      (of) => spans(of)[0] as ReadableSpan,
    ) as [ReadableSpan, ReadableSpan, ReadableSpan]
    expect(producer).toMatchObject({
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.system': 'lovage',
        'messaging.operation.name': 'enqueue',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'default',
        'messaging.message.id': handle.id,
        'lovage.task': name,
      },
    })
    expect(above(producer)).toBe(request.spanContext().spanId)
    expect(consumer).toMatchObject({
      kind: SpanKind.CONSUMER,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'default',
        'messaging.message.id': handle.id,
        'messaging.client.id': 'ada:1',
        'lovage.attempt': 1,
        'lovage.outcome': 'succeeded',
      },
    })
    expect(above(consumer)).toBe(producer.spanContext().spanId)
    expect(new Set([request, producer, consumer].map((span) => span.spanContext().traceId)).size).toBe(1)

    const result = await handle.result()
    expect(result.trace).toBe(placeOf(consumer))
    expect(result.pid === process.pid).toBe(isolation !== 'process')
    expect(notices.map(({ type, trace: place }) => [type, place])).toEqual([
      ['queued', placeOf(producer)],
      ['started', placeOf(producer)],
      ['progress', placeOf(consumer)],
      ['succeeded', placeOf(consumer)],
    ])
    expect((await client.jobs.get(handle.id)).trace).toBe(placeOf(consumer))
  })

  test('has a span for each attempt, with the error of the one that failed', async () => {
    const { queue, watcher } = await stage(isolation)
    const handle = await queue[isolation].where.enqueue('throw')
    await watcher.untilJob('job.succeeded', handle.id)
    const [producer] = spans(`enqueue ${name}`)
    const attempts = spans(`process ${name}`)
    expect(attempts.map(above)).toEqual(Array(2).fill(producer?.spanContext().spanId))
    expect(attempts).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR, message: 'once more' },
        attributes: { 'lovage.attempt': 1, 'lovage.outcome': 'retrying', 'error.type': 'RangeError' },
        events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }],
      },
      { status: { code: SpanStatusCode.UNSET }, attributes: { 'lovage.attempt': 2 } },
    ])
    const [exception] = attempts[0]?.events ?? []
    expect(exception?.attributes?.['exception.stacktrace']).toMatch(/fixtures\/traced\.[jt]s/)
  })
})

describe('the span of an attempt', () => {
  test('that is cancelled says so, and is no error', async () => {
    const { client, watcher } = await stage('process')
    const handle = await client.jobs.process.where.enqueue('spin')
    await watcher.untilJob('job.started', handle.id)
    await handle.cancel('changed my mind')
    await watcher.untilJob('job.cancelled', handle.id)
    expect(spans('process process.where')).toMatchObject([
      {
        status: { code: SpanStatusCode.UNSET },
        attributes: { 'lovage.outcome': 'cancelled', 'lovage.reason': 'changed my mind' },
      },
    ])
  })

  test('that is handed back at a shutdown ends then', async () => {
    const { client, worker, watcher } = await stage('process')
    const handle = await client.jobs.process.where.enqueue('spin')
    await watcher.untilJob('job.started', handle.id)
    await worker.stop({ timeout: 0 })
    expect(watcher.all('job.returned')).toMatchObject([{ id: handle.id, attempt: 1 }])
    expect(spans('process process.where')).toMatchObject([{ attributes: { 'lovage.outcome': 'returned' } }])
  })

  test('whose time limit is over notes that, and fails', async () => {
    const { client, watcher } = await stage('process')
    const handle = await client.jobs.process.where.enqueue('spin', { timeLimit: 50, attempts: 1 })
    await watcher.untilJob('job.failed', handle.id)
    expect(spans('process process.where')).toMatchObject([
      {
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'lovage.outcome': 'failed', 'error.type': 'TIME_LIMIT' },
        events: [{ name: 'time limit', attributes: { 'lovage.time_limit_ms': 50 } }, { name: 'exception' }],
      },
    ])
  })

  test('may begin a trace of its own, linked to the enqueue', async () => {
    const { queue, watcher } = await stage('inline', { attempts: 'link' })
    await watcher.untilJob('job.succeeded', (await queue.inline.where.enqueue()).id)
    const [[producer], [consumer]] = [spans('enqueue inline.where'), spans('process inline.where')]
    expect(above(consumer!)).toBeUndefined()
    expect(consumer?.spanContext().traceId).not.toBe(producer?.spanContext().traceId)
    expect(consumer?.links).toMatchObject([{ context: { spanId: producer?.spanContext().spanId } }])
  })
})

describe('the span of an enqueue', () => {
  test('that is refused has the error', async () => {
    const { queue } = await stage('inline')
    await expect(queue.inline.where.enqueue('fly' as 'spin')).rejects.toThrow()
    expect(spans('enqueue inline.where')).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'INPUT_INVALID' } },
    ])
  })

  test('of many says how many, and is above each of them', async () => {
    const { queue, watcher } = await stage('inline')
    const handles = await queue.inline.where.enqueueMany(['return', 'return'])
    await Promise.all(handles.map(({ id }) => watcher.untilJob('job.succeeded', id)))
    const [producer] = spans('enqueue inline.where')
    expect(producer?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
    expect(spans('process inline.where').map(above)).toEqual(Array(2).fill(producer?.spanContext().spanId))
  })

  test('goes on where a caller from outside says that it does', async () => {
    const { client } = await stage('inline')
    const trace = await tracer.startActiveSpan('click', async (span) => {
      const place = activeTrace() as string
      await client.jobs.inline.where.enqueue('return', { trace: place })
      span.end()
      return place
    })
    expect(`00-${trace.split('-')[1]}`).toBe(`00-${spans('enqueue inline.where')[0]?.spanContext().traceId}`)
    expect(above(spans('enqueue inline.where')[0]!)).toBe(trace.split('-')[2])
    await expect(client.jobs.inline.where.enqueue('return', { trace: 'mine' })).rejects.toThrow(
      'W3C traceparent',
    )
  })

  test('is above all jobs of a flow', async () => {
    const { queue, watcher } = await stage('inline')
    const { where } = queue.inline
    await queue.enqueueFlow(group([where.call('return'), where.call('return')]))
    await watcher.until('job.succeeded', 2)
    expect(spans('enqueue ~group')).toHaveLength(1)
    const parents = spans('process inline.where').map(above)
    expect(parents).toEqual(Array(2).fill(spans('enqueue ~group')[0]?.spanContext().spanId))
  })
})

test('a notice is a place to go on from', async () => {
  const { queue, watcher } = await stage('inline')
  const handle = await queue.inline.where.enqueue()
  const notices = await jobNotices(handle)
  await watcher.untilJob('job.succeeded', handle.id)
  tracer.startSpan('show', {}, traceContext(notices.at(-1)?.trace)).end()
  expect(above(spans('show')[0]!)).toBe(spans('process inline.where')[0]?.spanContext().spanId)
})

test('a worker that does not trace passes on what the job carries', async () => {
  const { queue } = await stage('inline', {}, { tracing: undefined })
  const handle = await queue.inline.where.enqueue()
  const notices = await jobNotices(handle)
  expect(notices.map(({ trace: place }) => place)).toEqual(
    notices.map(() => placeOf(spans('enqueue inline.where')[0])),
  )
  expect(spans('process inline.where')).toEqual([])
})

test('without an SDK nothing is carried, and all goes on', async () => {
  trace.disable()
  onTestFinished(() => void trace.setGlobalTracerProvider(provider))
  const { queue } = await stage('inline', { tracer: trace.getTracer('nobody') })
  const handle = await queue.inline.where.enqueue()
  const notices = await jobNotices(handle)
  expect(notices.map(({ type, trace: place }) => [type, place])).toEqual([
    ['queued', undefined],
    ['started', undefined],
    ['succeeded', undefined],
  ])
})
