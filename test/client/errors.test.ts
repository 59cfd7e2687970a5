// What the typed client throws: always a code with its details, whatever went wrong and wherever.
import { isLovageError, newJobId } from '@lovage/core'
import { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('an error says what the server said of it, in words and with a code that may be newer than the client', async () => {
  const said = { message: 'The moon is in the wrong house.', code: -32_000 }
  const lovage = { code: 'MOON_WRONG', details: { house: 7 } }
  const answer = { error: superjson.serialize({ ...said, data: { code: 'CONFLICT', lovage } }) }
  const { jobs } = createJobsClient<RouterOf<typeof tasks>>({
    url: 'http://localhost/trpc',
    fetch: async () => Response.json(answer, { status: 409 }),
  })
  await expect(jobs.sweep.enqueue()).rejects.toMatchObject({
    name: 'LovageError',
    ...lovage,
    message: said.message,
  })
})

test('a wrong input among many is told with its place among all of them', async () => {
  await using it = await createHarness(tasks)
  const inputs = Array.from({ length: 700 }, (_, n) => ({ texts: n === 503 ? [7 as unknown as string] : [] }))
  await expect(it.client().jobs.score.enqueueMany(inputs)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    details: { task: 'score', issues: [{ path: '[503].texts[0]' }] },
    message: expect.stringContaining(' is not valid: [503].texts[0]: ') as string,
  })
})

test('what cannot be sent is refused before it is sent, as the queue itself does', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const input = { texts: [], at: Object.assign(Object.create({ constructor: class Moment {} }), {}) as Date }
  await expect(jobs.score.enqueue(input)).rejects.toMatchObject({
    code: 'NOT_SERIALIZABLE',
    details: { path: 'at' },
  })
  await expect(jobs.score.enqueueMany([{ texts: [] }, input])).rejects.toMatchObject({
    code: 'NOT_SERIALIZABLE',
  })
  expect(it.line.connections).toBe(0)
})

test('every error has its code and details at the client', async () => {
  await using it = await createHarness(tasks, { maxInputBytes: 2_000 })
  const { jobs } = it.client()
  const unknown = newJobId()
  const codes: [() => Promise<unknown>, object][] = [
    [
      () => jobs.score.enqueue({ texts: [1 as unknown as string] }),
      { code: 'INPUT_INVALID', details: { issues: [{ path: 'texts[0]' }] } },
    ],
    [
      () => jobs.score.enqueue({ texts: ['x'.repeat(2_000)] }),
      { code: 'PAYLOAD_TOO_LARGE', details: { maxBytes: 2_000 } },
    ],
    [
      () => jobs.score.enqueue({ texts: ['x'.repeat(2_000_000)] }),
      { code: 'PAYLOAD_TOO_LARGE', details: { maxBytes: 1_114_112 } },
    ],
    [
      () => jobs.score.enqueue({ texts: [] }, { attempts: 0 }),
      { code: 'OPTION_INVALID', details: { option: 'attempts' } },
    ],
    [
      () => jobs.score.enqueue({ texts: [] }, { id: 'mine' }),
      { code: 'OPTION_INVALID', details: { option: 'id' } },
    ],
    [() => jobs.get(unknown), { code: 'NOT_FOUND', details: { id: unknown } }],
    [() => jobs.score.result(unknown), { code: 'NOT_FOUND', details: { id: unknown } }],
    [() => jobs.get('00000000-0001-7000-8000-000000000000'), { code: 'RESULT_EXPIRED' }],
    [
      () => jobs.score.notices({ from: 'yesterday' }).next(),
      { code: 'CURSOR_INVALID', details: { cursor: 'yesterday' } },
    ],
    [
      () => jobs.notices({ tasks: ['scroe' as 'score'] }).next(),
      { code: 'TASK_UNKNOWN', details: { task: 'scroe' } },
    ],
    [
      () => jobs.notices({ types: ['done' as 'failed'] }).next(),
      { code: 'OPTION_INVALID', details: { option: 'types[0]' } },
    ],
    [() => it.client({ token: '' }).jobs.get(unknown), { code: 'UNAUTHORIZED' }],
  ]
  for (const [call, expected] of codes) {
    const error = await call().then(
      () => new Error('no error'),
      (error: unknown) => error,
    )
    expect(error).toMatchObject(expected)
    expect(isLovageError(error)).toBe(true)
  }
})

test('a job that does not end in time is told as such; one of a closed client as well', async () => {
  await using it = await createHarness(tasks)
  const client = it.client()
  const job = await client.jobs.sweep.enqueue()
  await expect(job.result({ timeout: 1 })).rejects.toMatchObject({
    code: 'RESULT_TIMEOUT',
    details: { id: job.id, waitedMs: 1 },
  })
  const waits = expect(job.result()).rejects.toMatchObject({ code: 'CLOSED' })
  await client.close()
  await waits
  await expect(client.jobs.sweep.enqueue()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(job.notices().next()).rejects.toMatchObject({ code: 'CLOSED' })
  await client.close()
  expect(client.connection.state).toBe('closed')
})

test('a server that never answers is DISCONNECTED after the time for calls', async () => {
  await using it = await createHarness(tasks)
  const silent = ((_url: string, init: RequestInit) =>
    new Promise<never>((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
    })) as typeof fetch
  const { jobs } = it.client({ fetch: silent, callTimeout: '5ms' })
  await expect(jobs.sweep.enqueue()).rejects.toMatchObject({
    code: 'DISCONNECTED',
    details: { url: it.url, cause: expect.stringContaining('timeout') },
  })
})

test('a server that is not there is DISCONNECTED, with its address and the reason', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  await it.server.close()
  await it.line[Symbol.asyncDispose]()
  const error = await jobs.sweep.enqueue().catch((error: unknown) => error)
  expect(error).toMatchObject({
    code: 'DISCONNECTED',
    details: { url: it.url, cause: expect.stringContaining('ECONNREFUSED') },
  })
})
