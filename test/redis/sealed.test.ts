// With a cipher, what jobs carry is nowhere in Redis to be read; with the key, everything is as without one.
import { chord, defineTasks, isLovageError, keep, task } from '@lovage/core'
import { aesGcm, createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import type { Redis } from 'ioredis'
import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { test } from './stage.ts'

const SECRET = 'tulip-9431'
const key = randomBytes(32)
const cipher = aesGcm({ keys: { k1: key }, current: 'k1' })

const Note = z.object({ text: z.string(), at: z.date() })
const tasks = defineTasks({
  echo: task({
    input: Note,
    output: Note,
    progress: z.object({ seen: z.string() }),
    retry: { attempts: 2, backoff: { type: 'fixed', delay: 1 } },
  }),
  fail: task({
    input: z.string(),
    output: z.string(),
    retry: { attempts: 2, backoff: { type: 'fixed', delay: 1 } },
  }),
  whole: task({ input: z.array(z.unknown()), output: z.array(z.unknown()) }),
})

const note = { text: SECRET, at: new Date(0) }

function open({ url, namespace }: { url: string; namespace: string }) {
  const common = { tasks, redis: url, namespace, cipher }
  const queue = createQueue({ ...common, onWarning: () => {} })
  const worker = createWorker({
    ...common,
    logLevel: 'silent',
    handlers: {
      echo(input, { progress, log, chunk, job }) {
        progress({ seen: input.text })
        log(`read ${input.text}`, { of: input.text })
        chunk(input.text)
        if (job.attempt === 1) throw new Error(`cannot read ${input.text}`)
        return input
      },
      fail(text) {
        throw new TypeError(`no ${text} today`)
      },
      whole: (parts) => parts,
    },
  })
  onTestFinished(async () => {
    await worker.stop({ timeout: 0 })
    await queue.close()
  })
  return { queue, worker }
}

/** Everything that stands in the keys of the queue, as text. */
async function contentOf(redis: Redis, namespace: string): Promise<string> {
  const texts: unknown[] = []
  for (const name of await redis.keys(`{${namespace}:*`)) {
    const type = await redis.type(name)
    texts.push(name)
    if (type === 'string') texts.push(await redis.get(name))
    if (type === 'hash') texts.push(await redis.hgetall(name))
    if (type === 'list') texts.push(await redis.lrange(name, 0, -1))
    if (type === 'set') texts.push(await redis.smembers(name))
    if (type === 'zset') texts.push(await redis.zrange(name, '0', '-1'))
    if (type === 'stream') texts.push(await redis.xrange(name, '-', '+'))
  }
  return JSON.stringify(texts)
}

describe('what is sealed', () => {
  test('input, progress, log, errors, history and result are read by those with the key alone', async ({
    url,
    namespace,
    redis,
  }) => {
    const { queue, worker } = open({ url, namespace })
    const job = await queue.echo.enqueue(note)
    expect(await contentOf(redis, namespace)).not.toContain(SECRET)
    await worker.start()
    const seen = []
    for await (const notice of job) seen.push(notice)
    expect(seen).toContainEqual(expect.objectContaining({ type: 'progress', data: { seen: SECRET } }))
    expect(seen).toContainEqual(
      expect.objectContaining({
        type: 'log',
        lines: [expect.objectContaining({ message: `read ${SECRET}`, fields: { of: SECRET } })],
      }),
    )
    expect(seen).toContainEqual(expect.objectContaining({ type: 'chunk', text: SECRET }))
    expect(seen).toContainEqual(
      expect.objectContaining({
        type: 'retrying',
        error: expect.objectContaining({ message: `cannot read ${SECRET}` }),
      }),
    )
    expect(await job.result()).toEqual(note)
    expect(await queue.get(job.id)).toMatchObject({
      state: 'succeeded',
      result: note,
      history: [{ error: { name: 'Error', message: `cannot read ${SECRET}` } }],
    })
    const content = await contentOf(redis, namespace)
    expect(content).toContain(job.id) // it does look
    expect(content).not.toContain(SECRET)
  })

  test('the outputs of a flow reach its last job, failures that are kept among them', async ({
    url,
    namespace,
    redis,
  }) => {
    const { queue, worker } = open({ url, namespace })
    await worker.start()
    const parts = [keep(queue.echo.call(note)), keep(queue.fail.call(SECRET))] as const
    const job = await queue.enqueueFlow(chord(parts, queue.whole.step()))
    const error = { name: 'TypeError', message: `no ${SECRET} today` }
    expect(await job.result()).toEqual([
      { ok: true, value: note },
      { ok: false, error },
    ])
    expect(await contentOf(redis, namespace)).not.toContain(SECRET)
  })

  test('a job that fails with its flow says why', async ({ url, namespace, redis }) => {
    const { queue, worker } = open({ url, namespace })
    await worker.start()
    const job = await queue.enqueueFlow(chord([queue.fail.call(SECRET)], queue.whole.step()))
    await expect(job.result()).rejects.toThrow(`no ${SECRET} today`)
    const { jobs } = await queue.failed.list({ task: 'fail' })
    expect(jobs).toMatchObject([{ error: { message: `no ${SECRET} today` } }])
    expect(await contentOf(redis, namespace)).not.toContain(SECRET)
  })

  test('a schedule keeps its input sealed, and the same schedule again is no change', async ({
    url,
    namespace,
    redis,
  }) => {
    const { queue } = open({ url, namespace })
    const add = () => queue.schedules.add('nightly', queue.echo.call(note), { cron: '0 3 * * *' })
    expect([await add(), await add()]).toEqual(['added', 'same'])
    expect(await queue.schedules.list()).toMatchObject([{ name: 'nightly', input: note }])
    expect(await contentOf(redis, namespace)).not.toContain(SECRET)
  })

  test('a consumer is given what was sealed', async ({ url, namespace }) => {
    const { queue, worker } = open({ url, namespace })
    await worker.start()
    await queue.echo.enqueue(note)
    for await (const notice of queue.consume('mailer', { from: 'start', types: ['succeeded'] })) {
      expect(notice).toMatchObject({ type: 'succeeded', result: note })
      await notice.ack()
      break
    }
  })
})

describe('without the key', () => {
  test('whoever reads is told so, and a job fails at once instead of running with nonsense', async ({
    url,
    namespace,
  }) => {
    const { queue } = open({ url, namespace })
    const other = aesGcm({ keys: { k1: randomBytes(32) }, current: 'k1' })
    for (const readers of [{}, { cipher: other }]) {
      const job = await queue.echo.enqueue(note)
      const ran: unknown[] = []
      const worker = createWorker({
        tasks,
        redis: url,
        namespace,
        ...readers,
        logLevel: 'silent',
        handlers: { echo: (input) => (ran.push(input), input), fail: String, whole: (parts) => parts },
      })
      await worker.start()
      const error = await job.result({ timeout: '10s' }).catch((thrown: unknown) => thrown)
      await worker.stop({ timeout: 0 })
      expect(isLovageError(error, 'JOB_FAILED') && error.details.error.name).toBe('INPUT_INVALID')
      expect(ran).toEqual([])
    }
    const { worker } = open({ url, namespace })
    await worker.start()
    const job = await queue.echo.enqueue(note)
    await job.result()
    const blind = createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
    onTestFinished(() => blind.close())
    await expect(blind.get(job.id)).rejects.toMatchObject({ code: 'SEALED' })
  })
})
