// Everything wrong that can be sent to a jobs router, over the wire: each has its code, says where, and enqueues nothing.
import { type ErrorCode, newJobId } from '@lovage/core'
import { createTRPCUntypedClient, createWSClient, type TRPCClientError, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness, WebSocket } from '../kit/harness.ts'

/** Calls whatever the types say. */
async function send(it: Harness<typeof tasks>, path: string, input: unknown): Promise<unknown> {
  const headers = { authorization: 'Bearer ada', 'content-type': 'application/json' }
  const isQuery = path.endsWith('.get')
  const text = superjson.stringify(input)
  const response = isQuery
    ? await fetch(`${it.url}/${path}?input=${encodeURIComponent(text)}`, { headers })
    : await fetch(`${it.url}/${path}`, { method: 'POST', headers, body: text })
  const body = (await response.json()) as { error?: { json: unknown } }
  return { status: response.status, ...(body.error && superjson.deserialize<object>(body.error as never)) }
}

/** The error that a subscription ends with. */
async function follow(
  it: Harness<typeof tasks>,
  path: string,
  input: unknown,
): Promise<TRPCClientError<never>> {
  const socket = createWSClient({
    url: it.url.replace('http', 'ws'),
    WebSocket,
    connectionParams: { token: 'ada' },
  })
  const client = createTRPCUntypedClient({ links: [wsLink({ client: socket, transformer: superjson })] })
  try {
    for await (const event of client.subscription(path, input))
      throw new Error(`it yields ${JSON.stringify(event)}`)
    throw new Error('it ends without an error')
  } catch (error) {
    return error as TRPCClientError<never>
  } finally {
    await socket.close()
  }
}

const badRequest = (code: ErrorCode, details: object) => ({
  status: 400,
  data: { code: 'BAD_REQUEST', httpStatus: 400, lovage: { code, details: expect.objectContaining(details) } },
})
const optionInvalid = (option: string, seen: string) => badRequest('OPTION_INVALID', { option, seen })

test('wrong input lists every issue with its path, and nothing is enqueued', async () => {
  await using it = await createHarness(tasks)
  const input = { texts: ['a', 7, 'c', null], at: 'yesterday' }
  const issues = [
    { path: 'texts[1]', message: expect.stringContaining('string') },
    { path: 'texts[3]', message: expect.stringContaining('string') },
    { path: 'at', message: expect.stringContaining('date') },
  ]
  const one = await send(it, 'jobs.score.enqueue', { input })
  expect(one).toMatchObject(badRequest('INPUT_INVALID', { task: 'score', issues }))
  expect(one).toMatchObject({
    message: expect.stringMatching(/texts\[1\]: .*texts\[3\]: .*Nothing was enqueued/),
  })
  expect(await send(it, 'jobs.score.enqueueMany', { inputs: [{ texts: [] }, input] })).toMatchObject(
    badRequest('INPUT_INVALID', {
      issues: issues.map(({ path, message }) => ({ path: `[1].${path}`, message })),
    }),
  )
  expect(await send(it, 'jobs.score.enqueue', undefined)).toMatchObject(
    badRequest('INPUT_INVALID', { issues: [expect.anything()] }),
  )
  expect(await it.queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
})

test('a task that takes nothing takes nothing', async () => {
  await using it = await createHarness(tasks)
  const issue = (path: string) => ({
    issues: [{ path, message: 'This task takes no input, and an object came' }],
  })
  const junk = { store: 'this for me' }
  expect(await send(it, 'jobs.sweep.enqueue', { input: junk })).toMatchObject(
    badRequest('INPUT_INVALID', issue('')),
  )
  expect(await send(it, 'jobs.sweep.enqueueMany', { inputs: [null, junk] })).toMatchObject(
    badRequest('INPUT_INVALID', issue('[1]')),
  )
  expect(await send(it, 'jobs.sweep.enqueue', { input: null })).toMatchObject({ status: 200 })
  expect(await it.queue.counts()).toMatchObject({ queued: 1 })
})

describe('a malformed envelope is refused, and the error names the field', () => {
  const good = { texts: [] }
  const enqueue: [object | string, string, string][] = [
    ['text', 'input', '"text"'],
    [{ input: good, delya: '10s' }, 'delya', '"10s"'],
    [{ input: good, delay: 'soon' }, 'delay', 'soon'],
    [{ input: good, delay: -1 }, 'delay', '-1'],
    [{ input: good, delay: '53w' }, 'delay', '"53w"'],
    [{ input: good, delay: Infinity }, 'delay', 'Infinity'],
    [{ input: good, delay: { ms: 1 } }, 'delay', 'an object'],
    [{ input: good, attempts: 0 }, 'attempts', '0'],
    [{ input: good, attempts: 1.5 }, 'attempts', '1.5'],
    [{ input: good, attempts: 4 }, 'attempts', '4'],
    [{ input: good, timeLimit: '6m' }, 'timeLimit', '"6m"'],
    [{ input: good, id: 42 }, 'id', '42'],
    [{ input: good, id: 'order-7' }, 'id', 'order-7'],
    [{ input: good, id: 'x'.repeat(101) }, 'id', `"${'x'.repeat(79)}…`],
  ]
  test.each(enqueue)('enqueue %j', async (sent, option, seen) => {
    await using it = await createHarness(tasks)
    expect(await send(it, 'jobs.score.enqueue', sent)).toMatchObject(optionInvalid(option, seen))
    expect(await it.queue.counts()).toMatchObject({ queued: 0, scheduled: 0 })
  })

  const others: [string, unknown, string, string][] = [
    ['jobs.score.enqueueMany', { inputs: good }, 'inputs', 'an object'],
    [
      'jobs.score.enqueueMany',
      { inputs: Array.from({ length: 501 }, () => good) },
      'inputs',
      'a list of 501',
    ],
    ['jobs.score.enqueueMany', {}, 'inputs', 'absent'],
    ['jobs.score.get', {}, 'id', 'absent'],
    ['jobs.get', { id: ['a'] }, 'id', 'a list of 1'],
    ['jobs.cancel', { id: '' }, 'id', '""'],
    ['jobs.cancel', { id: newJobId(), reason: 'x'.repeat(1_001) }, 'reason', `"${'x'.repeat(79)}…`],
    ['jobs.score.cancel', null, 'id', 'absent'],
  ]
  test.each(others)('%s %j', async (path, sent, option, seen) => {
    await using it = await createHarness(tasks)
    expect(await send(it, path, sent)).toMatchObject(optionInvalid(option, seen))
  })

  const subscriptions: [string, object, string, string][] = [
    ['jobs.notices', { id: 7 }, 'id', '7'],
    ['jobs.notices', { tasks: 'score' }, 'tasks', '"score"'],
    ['jobs.notices', { tasks: ['score', 8] }, 'tasks[1]', '8'],
    ['jobs.notices', { types: ['succeeded', 'done'] }, 'types[1]', '"done"'],
    ['jobs.notices', { from: 12 }, 'from', '12'],
    ['jobs.notices', { lastEventId: {} }, 'lastEventId', 'an object'],
    ['jobs.notices', { id: newJobId(), tasks: ['score'] }, 'tasks', 'a list of 1'],
    ['jobs.score.notices', { id: newJobId(), types: ['failed'] }, 'types', 'a list of 1'],
    ['jobs.score.notices', { tasks: ['score'] }, 'tasks', 'a list of 1'],
  ]
  test.each(subscriptions)('%s %j', async (path, sent, option, seen) => {
    await using it = await createHarness(tasks)
    const { status: _, ...expected } = optionInvalid(option, seen)
    expect(await follow(it, path, sent)).toMatchObject(expected)
  })
})

test('a cursor that is none is refused, wherever it is given', async () => {
  await using it = await createHarness(tasks)
  for (const place of [{ from: 'yesterday' }, { lastEventId: '5-0' }, { from: '5', id: newJobId() }]) {
    const cursor = Object.values(place)[0]
    expect(await follow(it, 'jobs.notices', place)).toMatchObject({
      data: { code: 'BAD_REQUEST', lovage: { code: 'CURSOR_INVALID', details: { cursor } } },
    })
  }
})

test('an unknown task is named, with those that are known; its procedures do not exist', async () => {
  await using it = await createHarness(tasks)
  expect(await follow(it, 'jobs.notices', { tasks: ['score', 'scroe'] })).toMatchObject({
    message: 'There is no task "scroe". Known tasks: score, sweep, send-mail, mail.greet.',
    data: { code: 'BAD_REQUEST', lovage: { code: 'TASK_UNKNOWN' } },
  })
  expect(await send(it, 'jobs.scroe.enqueue', {})).toMatchObject({ status: 404, data: { code: 'NOT_FOUND' } })
})

test('an unknown id is NOT_FOUND, to get, cancel and follow; so is a job of another task', async () => {
  await using it = await createHarness(tasks)
  const { id: other } = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
  for (const id of [newJobId(), 'no-id-at-all']) {
    const notFound = {
      message: `There is no job ${id}.`,
      data: { code: 'NOT_FOUND', lovage: { code: 'NOT_FOUND', details: { id } } },
    }
    for (const path of ['jobs.get', 'jobs.cancel', 'jobs.score.get', 'jobs.score.cancel']) {
      expect(await send(it, path, { id })).toMatchObject({ status: 404, ...notFound })
    }
    expect(await follow(it, 'jobs.notices', { id })).toMatchObject(notFound)
  }
  expect(await send(it, 'jobs.score.get', { id: other })).toMatchObject({ status: 404 })
  expect(await follow(it, 'jobs.score.notices', { id: other })).toMatchObject({
    data: { lovage: { code: 'NOT_FOUND' } },
  })
  expect(await send(it, 'jobs.sweep.get', { id: other })).toMatchObject({ status: 200 })
})

test('an input that is too large for the queue is refused with its size', async () => {
  await using it = await createHarness(tasks, { maxInputBytes: 1_000 })
  expect(await send(it, 'jobs.score.enqueue', { input: { texts: ['x'.repeat(1_000)] } })).toMatchObject({
    status: 413,
    data: { lovage: { code: 'PAYLOAD_TOO_LARGE', details: { bytes: 1_014, maxBytes: 1_000 } } },
  })
  expect(await it.queue.counts()).toMatchObject({ queued: 0 })
})

test("an id that is another's, or another task's, is refused, and its job is not touched", async () => {
  await using it = await createHarness(tasks)
  const { id } = await it.queue.sweep.enqueue(undefined, { owner: 'bob' })
  const { id: own } = await it.queue.sweep.enqueue(undefined, { owner: 'ada' })
  for (const taken of [id, own]) {
    const answer = await send(it, 'jobs.score.enqueue', { input: { texts: [] }, id: taken })
    expect(answer).toMatchObject(optionInvalid('id', `"${taken}"`))
  }
  expect(await it.queue.get(id)).toMatchObject({ task: 'sweep', state: 'queued' })
  expect(await it.queue.counts()).toMatchObject({ queued: 2 })
})
