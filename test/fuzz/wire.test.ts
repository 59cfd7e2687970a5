/**
 * An API under fire: calls, batches and frames of a stranger, by HTTP and by websocket. It answers or cuts the line, it
 * stays there for others, it shows nothing of anybody else's, and it writes nothing outside of its own keys.
 */
import { createQueue, serve } from '@lovage/server'
import type { TRPCError } from '@trpc/server'
import fc from 'fast-check'
import { once, setMaxListeners } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import { tasks } from '../kit/contract.ts'
import { damaged, drawing, hostileInput, KEYS, sharpText, sharpValue, Tally } from './hostile.ts'

const SECRET = 'tulip-of-ada'
const PER_RUN = 100

let redis: PrivateRedis
let look: Redis
const open = () => {
  const queue = createQueue({ tasks, redis: redis.url, namespace: 'fuzz', onWarning: () => {} })
  const server = serve({
    queue,
    authenticate: (token) => token,
    closeGraceMs: 0,
    onError: ({ error }) => errors.push(error),
  })
  return { queue, server }
}
let queue: ReturnType<typeof open>['queue']
let server: Awaited<ReturnType<typeof open>['server']>
let errors: TRPCError[] = []
/** What the server calls its own fault, with the place where it happened. */
const faults = () =>
  errors
    .filter(({ code }) => code === 'INTERNAL_SERVER_ERROR')
    .map(({ cause, stack }) => cause?.stack ?? stack)
const uncaught: unknown[] = []
const onUncaught = (error: unknown) => uncaught.push(error)
/** Ids and names of the other user, which the stranger has got hold of. */
let known: string[] = []

beforeAll(async () => {
  redis = await startRedis()
  look = new Redis(redis.url)
  const opened = open()
  queue = opened.queue
  server = await opened.server
  process.on('unhandledRejection', onUncaught)
  process.on('uncaughtException', onUncaught)
  const job = await queue.score.enqueue(
    { texts: [SECRET] },
    { owner: 'ada', tags: [SECRET], idempotencyKey: 'k' },
  )
  const later = await queue.mail.greet.enqueue(
    { name: SECRET },
    { owner: 'ada', delay: '1h', metadata: { of: SECRET } },
  )
  await later.cancel(SECRET)
  known = [job.id, later.id, later.toJSON().cursor ?? '', 'ada', 'score', 'send-mail', 'k']
}, 60_000)

afterAll(async () => {
  process.off('unhandledRejection', onUncaught)
  process.off('uncaughtException', onUncaught)
  await server.close()
  await queue.close()
  look.disconnect()
  await redis.stop()
})

beforeEach(() => {
  errors = []
})

afterEach(async () => {
  expect(uncaught).toEqual([])
  expect(faults()).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(await queue.get(known[0]!)).toMatchObject({ state: 'queued', tags: [SECRET] })
  const foreign = (await look.keys('*')).filter((key) => !key.startsWith('{fuzz:'))
  expect(foreign).toEqual([])
  const client = await fetch(`${server.url}/jobs.groups`, { headers: { authorization: 'Bearer ada' } })
  expect(client.status).toBe(200)
}, 60_000)

const PROCEDURES = [
  ...['score', 'sweep', 'mail.send', 'mail.greet'].flatMap((task) =>
    ['enqueue', 'enqueueMany', 'get', 'cancel', 'notices', 'last', 'retry'].map(
      (call) => `jobs.${task}.${call}`,
    ),
  ),
  ...['get', 'cancel', 'notices', 'list', 'cancelMany', 'enqueueFlow', 'consume', 'ack', 'release', 'groups'],
  ...['deleteGroup', 'deadNotices', 'failed.list', 'failed.retry', 'failed.retryAll', 'failed.discard'],
].map((name) => (name.startsWith('jobs.') ? name : `jobs.${name}`))

const procedure = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PROCEDURES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...PROCEDURES.flatMap((name) => KEYS.map((key) => `${name}.${key}`))),
  },
  { weight: 1, arbitrary: sharpText },
)

const FIELDS = [
  'input',
  'inputs',
  'id',
  'newId',
  'reason',
  'from',
  'lastEventId',
  'tasks',
  'types',
  'logs',
  'delay',
]
const MORE = [
  'runAt',
  'tags',
  'metadata',
  'idempotencyKey',
  'priority',
  'attempts',
  'timeLimit',
  'expiresIn',
  'flow',
]
const LAST = [
  'name',
  'member',
  'tokens',
  'seen',
  'window',
  'task',
  'tag',
  'key',
  'state',
  'limit',
  'after',
  'at',
  'owner',
]

const fieldValue = () =>
  fc.oneof(
    sharpValue,
    fc.nat().map((at) => known[at % known.length]),
    fc.constant({ texts: ['a'] }),
    fc.constant({ task: 'score', input: { texts: ['a'] } }),
    fc.constant({ members: [{ task: 'score', input: { texts: ['a'] } }], after: { task: 'sweep' } }),
    fc.constantFrom(
      '0-0.0',
      '99999999999999-0.1',
      '1-1.9007199254740993',
      'start',
      'new',
      '9'.repeat(30) + '-0.0',
    ),
  )

const input = () =>
  hostileInput(
    fc.dictionary(fc.constantFrom(...FIELDS, ...MORE, ...LAST, ...KEYS), fieldValue(), { maxKeys: 5 }),
  )

const frame = () =>
  fc
    .tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.nat(1_000).map(String) },
        sharpValue.map((value) => JSON.stringify(value)),
      ),
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom('query', 'mutation', 'subscription', 'subscription.stop') },
        sharpText,
      ),
      procedure,
      input(),
      fc.oneof(
        fc.constant(''),
        sharpValue.map((value) => `,"lastEventId":${JSON.stringify(value)}`),
      ),
    )
    .map(
      ([id, method, path, body, more]) =>
        `{"id":${id},"method":${JSON.stringify(method)},"params":{"path":${JSON.stringify(path)},"input":${body}${more}}}`,
    )

const frames = () =>
  fc.oneof(
    { weight: 6, arbitrary: frame() },
    { weight: 2, arbitrary: damaged(frame()) },
    { weight: 1, arbitrary: fc.array(frame(), { maxLength: 5 }).map((all) => `[${all.join(',')}]`) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        sharpText,
        sharpValue.map((value) => JSON.stringify(value)),
      ),
    },
  )

/** Everything sent and everything heard, until the server has answered what comes last or has cut the line. */
async function storm(sent: readonly string[]): Promise<string> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}?connectionParams=1`)
  const heard: string[] = []
  await once(socket, 'open')
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
    socket.on('message', (data: Buffer) => {
      heard.push(data.toString())
      if (heard.at(-1)!.includes('"last"')) resolve()
    })
    socket.send('{"method":"connectionParams","data":{"token":"mallory"}}')
    for (const one of sent) socket.send(one)
    socket.send('{"id":"last","method":"query","params":{"path":"jobs.groups","input":{}}}')
  })
  socket.terminate()
  return heard.join('\n')
}

/** Sends them by websocket, so many to a connection. */
async function stormAll(what: string, one: fc.Arbitrary<string>, inputs: number): Promise<void> {
  setMaxListeners(50)
  const tally = new Tally(what)
  const batch = fc.array(one, { minLength: PER_RUN, maxLength: PER_RUN })
  await fc.assert(
    fc.asyncProperty(batch, async (sent) => {
      errors = []
      for (const frame of sent) tally.add(frame)
      expect(await storm(sent)).not.toContain(SECRET)
      expect(faults()).toEqual([])
    }),
    drawing(what, inputs, PER_RUN),
  )
  tally.tell()
}

test('by websocket', { timeout: 600_000 }, () => stormAll('frames by websocket', frames(), 6_000))

/** Right ones, those of somebody else, and either with a few characters changed. */
const almost = (...right: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...right),
    damaged(fc.constantFrom(...right)),
    fc.nat().map((at) => known[at % known.length] as string),
    damaged(fc.nat().map((at) => known[at % known.length] as string)),
    sharpText,
  )

test('cursors, by websocket', { timeout: 600_000 }, () => {
  const cursor = almost('0-0.0', '1765893600000-0.12', '99999999999999-0.9007199254740993', 'start', 'new')
  const call = fc.tuple(fc.constantFrom('jobs.notices', 'jobs.score.notices', 'jobs.consume'), cursor, cursor)
  const sent = fc.tuple(call, fc.nat(1_000)).map(([[path, from, lastEventId], id]) => {
    const input = { json: { from, lastEventId, id: known[0], name: 'g', member: 'm' } }
    return JSON.stringify({ id, method: 'subscription', params: { path, input, lastEventId } })
  })
  return stormAll('cursors', sent, 2_000)
})

test('ids, by websocket', { timeout: 600_000 }, () => {
  const id = almost('0199f0c3-1111-7000-8000-000000000000', 'FFFFFFFF-FFFF-7FFF-BFFF-FFFFFFFFFFFF')
  const calls = [
    'get',
    'cancel',
    'score.get',
    'score.cancel',
    'score.retry',
    'score.enqueue',
    'ack',
    'release',
  ]
  const sent = fc.tuple(fc.constantFrom(...calls), id, fc.nat(1_000)).map(([path, job, nth]) => {
    const json = { id: job, newId: job, tokens: [job], name: 'g', member: job, input: { texts: ['a'] } }
    const method = path.endsWith('get') ? 'query' : 'mutation'
    return JSON.stringify({ id: nth, method, params: { path: `jobs.${path}`, input: { json } } })
  })
  return stormAll('ids', sent, 2_000)
})

test('by HTTP', { timeout: 600_000 }, async () => {
  const call = fc.tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'HEAD'),
    fc.array(procedure, { minLength: 1, maxLength: 3 }).map((all) => all.map(encodeSafely).join(',')),
    fc.oneof(input(), damaged(input()), sharpText),
    fc.constantFrom(
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      '',
    ),
    fc.boolean(),
  )
  const batch = fc.array(call, { minLength: PER_RUN, maxLength: PER_RUN })
  const tally = new Tally('calls by HTTP')
  await fc.assert(
    fc.asyncProperty(batch, async (calls) => {
      for (const [, , body] of calls) tally.add(body)
      const answers = await Promise.all(
        calls.map(async ([method, path, body, type, isBatch]) => {
          const asks = method === 'POST' || method === 'PUT'
          const query = `${isBatch ? '?batch=1&' : '?'}${asks ? '' : `input=${encodeSafely(body.slice(0, 4_000))}`}`
          const answer = await fetch(`${server.url}/${path}${query}`, {
            method,
            headers: { authorization: 'Bearer mallory', ...(type !== '' && { 'content-type': type }) },
            ...(asks && { body }),
            signal: AbortSignal.timeout(20_000),
          })
          // Subscriptions go on: their beginning is enough.
          if (!answer.headers.get('content-type')?.includes('event-stream')) return await answer.text()
          const reader = answer.body!.getReader()
          const { value } = await reader.read()
          await reader.cancel()
          return new TextDecoder().decode(value)
        }),
      )
      expect(answers.join('\n')).not.toContain(SECRET)
      expect(faults()).toEqual([])
    }),
    drawing('calls by HTTP', 1_000, PER_RUN),
  )
  tally.tell()
})

/** Half a surrogate pair has no place in a URL. */
const encodeSafely = (part: string): string => encodeURIComponent(Buffer.from(part).toString())
