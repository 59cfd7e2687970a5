// Whatever is said to a socket of ours, it answers as tRPC's own adapter does: both are asked the same.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@lovage/server'
import { initTRPC, tracked, TRPCError } from '@trpc/server'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import { observable } from '@trpc/server/observable'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

interface Context {
  who: string
}

const t = initTRPC.context<Context>().create({
  transformer: superjson,
  isDev: false,
  errorFormatter({ shape, error, path, input, ctx, type }) {
    if (error.message === 'ineffable') throw new Error('it cannot be told')
    return { ...shape, data: { ...shape.data, seen: { path, input, who: ctx?.who, type } } }
  },
})

const UNSENDABLE = {
  toJSON() {
    throw new Error('it cannot be sent')
  },
}

const any = t.procedure.input((raw) => raw as { lastEventId?: string })

const router = t.router({
  // Lazy ones and nested ones are found as well.
  deep: { hello: t.procedure.query(({ ctx }) => `hello ${ctx.who}`) },
  echo: any.query(({ input }) => input),
  change: any.mutation(({ input, path }) => ({ input, path })),
  nothing: t.procedure.query(() => undefined),
  signal: t.procedure.query(({ signal }) => signal instanceof AbortSignal && !signal.aborted),
  forbidden: t.procedure.query(() => {
    throw new TRPCError({ code: 'FORBIDDEN', message: 'not you' })
  }),
  broken: t.procedure.query(() => {
    throw new Error('oh')
  }),
  ineffable: t.procedure.query(() => {
    throw new Error('ineffable')
  }),
  unsendable: t.procedure.query(() => UNSENDABLE),
  strict: t.procedure
    .input((raw) => {
      throw new Error(`${JSON.stringify(raw)} is refused`)
    })
    .query(() => 0),
  many: t.procedure.query(async function* () {
    yield 1
  }),
  watched: t.procedure.mutation(() => observable(() => {})),
  count: t.procedure.subscription(async function* () {
    yield 1
    yield new Date(0)
    yield undefined
  }),
  resume: any.subscription(async function* ({ input }) {
    yield tracked('7', { after: input?.lastEventId })
    yield tracked('8', [new Map([[1, 2]])])
  }),
  breaks: t.procedure.subscription(async function* () {
    yield 1
    throw new TRPCError({ code: 'CONFLICT', message: 'no more' })
  }),
  yieldsUnsendable: t.procedure.subscription(async function* () {
    yield UNSENDABLE
  }),
  untidy: t.procedure.subscription(async function* () {
    try {
      yield 1
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- what this is about
      throw new Error('it cannot be cleaned up')
    }
  }),
  observed: t.procedure.subscription(() =>
    observable<number>((observer) => {
      observer.next(1)
      observer.next(2)
      observer.complete()
    }),
  ),
  observedError: t.procedure.subscription(() =>
    observable<number>((observer) => {
      observer.next(1)
      observer.error(new TRPCError({ code: 'NOT_FOUND', message: 'gone' }))
    }),
  ),
  waits: t.procedure.subscription(async function* ({ signal }) {
    yield 'first'
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
  }),
  /** It does not look whether it was stopped. */
  deaf: t.procedure.subscription(() => ({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
  })),
  observedForEver: t.procedure.subscription(() => observable<number>((observer) => observer.next(1))),
  givesUp: t.procedure.subscription(async ({ signal }) => {
    if (signal?.aborted === false) await once(signal, 'abort')
    throw signal?.reason
  }),
  noSource: t.procedure.subscription((() => 5) as never),
  failsToStart: t.procedure.subscription((): AsyncIterable<number> => {
    throw new Error('not today')
  }),
})

interface Heard {
  messages: unknown[]
  reported: string[]
  closed?: number
}

/** How a server is asked: frames, then how many messages are to come until the next frames. */
type Script = (string | Buffer | object | number)[]

interface Asking {
  script: Script
  query?: string
}

const ask = (id: unknown, method: string, path: string, input?: unknown, more: object = {}) => ({
  id,
  method,
  params: { path, input: superjson.serialize(input), ...more },
})
const query = (path: string, input?: unknown, id: unknown = 1) => ask(id, 'query', path, input)
const subscription = (path: string, input?: unknown, more?: object) =>
  ask(1, 'subscription', path, input, more)
const stop = { id: 1, method: 'subscription.stop' }

async function createContext({
  info,
}: {
  info: { connectionParams: Record<string, string | undefined> | null }
}): Promise<Context> {
  const { who = 'nobody' } = info.connectionParams ?? {}
  if (who === 'mallory') throw new TRPCError({ code: 'UNAUTHORIZED', message: 'who are you?' })
  return { who }
}

const isFrame = (said: Script[number]): said is string | Buffer =>
  typeof said === 'string' || Buffer.isBuffer(said)

/** Says what is in the script, and answers what was heard, one request after the other. */
async function talk(url: string, { script, query: search = '' }: Asking, reported: string[]): Promise<Heard> {
  const socket = new WebSocket(`${url}${search}`)
  const heard: Heard = { messages: [], reported }
  let look = (): void => {}
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (heard.messages.length >= count || heard.closed !== undefined) resolve()
      }
      look()
    })
  const closed = once(socket, 'close').then(([code]) => {
    heard.closed = code as number
    look()
  })
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    heard.messages.push(text === 'PONG' ? text : JSON.parse(text))
    look()
  })
  await once(socket, 'open')
  let wanted = 0
  for (const said of script) {
    if (typeof said !== 'number') socket.send(isFrame(said) ? said : JSON.stringify(said))
    else await until((wanted += said))
  }
  // Nothing more was said than was waited for.
  if (heard.closed === undefined) {
    socket.send('PING')
    await until(wanted + 1)
  }
  socket.terminate()
  await closed
  // Calls are answered as each is done.
  const idOf = (message: unknown): string => JSON.stringify((message as { id?: unknown }).id ?? null)
  heard.messages.sort((a, b) => idOf(a).localeCompare(idOf(b)))
  return heard
}

type Report = { error: TRPCError; path?: string | undefined }
const tellIn = (reported: string[]) => (event: Report) =>
  void reported.push(`${event.path} ${event.error.code} ${event.error.message}`)

async function byTrpc(asking: Asking): Promise<Heard> {
  const http = createServer().listen(0, '127.0.0.1')
  const wss = new WebSocketServer({ server: http })
  const reported: string[] = []
  applyWSSHandler({ wss, router, createContext, maxBatchSize: 500, onError: tellIn(reported) })
  await once(http, 'listening')
  try {
    return await talk(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, asking, reported)
  } finally {
    wss.close()
    http.close()
  }
}

async function byUs(asking: Asking): Promise<Heard> {
  const reported: string[] = []
  await using server = await serve({ router, createContext, closeGraceMs: 0, onError: tellIn(reported) })
  return await talk(server.url.replace('http', 'ws'), asking, reported)
}

const range = (from: number, end: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((end - from) / step) }, (_, n) => from + n * step)

const scripts: Record<string, Script> = {
  'a query': [query('deep.hello'), 1],
  'rich values': [query('echo', { when: new Date(0), what: new Set([1]), not: undefined }), 1],
  'a mutation, which knows its path': [ask(1, 'mutation', 'change', { a: [1, 'é', '😀'] }), 1],
  'an answer of 100 kB': [query('echo', { text: 'ä'.repeat(50_000) }), 1],
  // A frame says its length in one byte, in two more, or in eight.
  'answers around 125 bytes': [range(50, 130).map((n) => query('echo', { text: 'x'.repeat(n) }, n)), 80],
  'answers around 64 KiB': [range(65_470, 65_550, 5).map((n) => query('echo', 'x'.repeat(n), n)), 16],
  'an answer of nothing': [query('nothing'), 1],
  'JSON-RPC, and ids that are texts': [{ ...query('deep.hello', undefined, 'one'), jsonrpc: '2.0' }, 1],
  'a signal for each call': [query('signal'), 1],
  'calls in one frame': [[query('deep.hello', undefined, 1), query('forbidden', undefined, 2)], 2],
  'a batch of none': [[], query('deep.hello'), 1],
  'a batch that is too long': [
    Array.from({ length: 501 }, (_, id) => query('deep.hello', undefined, id)),
    501,
  ],
  'a batch that is too long, of nonsense': [Array.from({ length: 501 }, () => 0), 1],
  'what is forbidden': [query('forbidden'), 1],
  'what throws': [query('broken', { a: 1 }), 1],
  'an error that cannot be told': [query('ineffable'), 1],
  'an answer that cannot be sent': [query('unsendable'), 1],
  'an input that is refused': [query('strict', 'x'), 1],
  'a path of nothing': [query('deep.none'), query('toString'), query('__proto__'), query('deep'), 4],
  'a query as a mutation': [ask(1, 'mutation', 'deep.hello'), 1],
  'a subscription as a query': [query('count'), 1],
  'a query as a subscription': [subscription('echo'), 1],
  'a query that answers with many': [query('many'), 1],
  'a mutation that answers with an observable': [ask(1, 'mutation', 'watched'), 1],
  'a subscription': [subscription('count'), 5],
  'tracked events': [subscription('resume'), 4],
  'a subscription that goes on after an event': [subscription('resume', undefined, { lastEventId: '5' }), 4],
  'one that goes on, with an input': [subscription('resume', { a: 1 }, { lastEventId: '5' }), 4],
  'a query with the id of an event': [ask(1, 'query', 'echo', 'text', { lastEventId: '5' }), 1],
  'a subscription that breaks': [subscription('breaks'), 4],
  'an event that cannot be sent': [subscription('yieldsUnsendable'), 3],
  'a subscription that cannot be cleaned up': [subscription('untidy'), 4],
  'an observable': [subscription('observed'), 4],
  'an observable with an error': [subscription('observedError'), 4],
  'a subscription that is stopped': [subscription('waits'), 2, stop, 1],
  'one that is stopped and opened again': [subscription('waits'), 2, stop, 1, subscription('waits'), 2],
  'one that is stopped before it starts': [[subscription('waits'), stop], 1],
  'one that does not look at its signal': [subscription('deaf'), 1, stop, 1],
  'an observable that is stopped': [subscription('observedForEver'), 2, stop, 1],
  'one that gives up when it is stopped': [subscription('givesUp'), stop, 1],
  'one number for two subscriptions': [subscription('waits'), 2, subscription('count'), 1],
  'the end of what there is not': [stop, query('deep.hello'), 1],
  'a subscription without a source': [subscription('noSource'), 1],
  'one that fails to start': [subscription('failsToStart'), 1],
  garbage: ['{"id": 1, garbage', 1],
  'what is no message': ['7', 'null', '"text"', '[[]]', 4],
  'messages with something missing': [
    { id: 1 },
    { id: 1, method: 'dance', params: { path: 'echo' } },
    { id: 1, method: 'query' },
    { id: 1, method: 'query', params: { path: 7 } },
    { id: {}, method: 'query', params: { path: 'echo' } },
    { id: 1, jsonrpc: '1.0', method: 'query', params: { path: 'echo' } },
    { id: 1, method: 'query', params: { path: 'echo', lastEventId: 5 } },
    7,
  ],
  'one bad message in a batch': [[query('deep.hello'), { id: 2, method: 'dance' }], 1],
  'no id': [query('deep.hello', undefined, null), 1],
  'a sign of life': ['PING', 'PONG', query('deep.hello'), 2],
}

describe('as tRPC would', () => {
  test.each(Object.entries(scripts))('%s', async (_, script) => {
    const asking = { script }
    const [expected, heard] = await Promise.all([byTrpc(asking), byUs(asking)])
    expect(heard).toEqual(expected)
    expect(expected.messages.length).toBeGreaterThan(0)
  })

  test('bytes are garbage as well, in words of our own', async () => {
    const { messages } = await byUs({ script: [Buffer.from([1, 0xff]), 1] })
    const json = expect.objectContaining({ code: -32700, message: 'messages are texts' })
    expect(messages).toEqual([{ id: null, error: expect.objectContaining({ json }) }, 'PONG'])
  })

  const introduction = (data: unknown) => ({ method: 'connectionParams', data })
  test.each<[string, Script]>([
    ['who says who he is', [introduction({ who: 'ada' }), query('deep.hello'), 1]],
    ['who says nothing of himself', [introduction(null), query('deep.hello'), 1]],
    ['who calls in the same breath', [introduction({ who: 'ada' }), subscription('resume'), 4]],
    ['who may not come in', [introduction({ who: 'mallory' }), query('deep.hello'), 2]],
    ['who may not come in, and follows', [introduction({ who: 'mallory' }), subscription('count'), 2]],
    ['who says it wrong', [introduction({ who: 7 }), 1]],
    ['who says it with a list', ['[]', 1]],
    ['who says garbage', ['{', 1]],
    ['who says bytes', [Buffer.from('{}'), 1]],
  ])('with connection parameters, %s', async (_, script) => {
    const asking = { script, query: '?connectionParams=1' }
    const [expected, heard] = await Promise.all([byTrpc(asking), byUs(asking)])
    expect(heard).toEqual(expected)
  })
})
