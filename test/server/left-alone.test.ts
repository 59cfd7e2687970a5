// A socket that closes in the middle: what it asked for ends or is done, and nobody is told of it.
import { once } from 'node:events'
import { serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import { observable } from '@trpc/server/observable'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

/** Something that happens once. */
function moment<Value = void>() {
  let happen!: (value: Value) => void
  const happened = new Promise<Value>((resolve) => (happen = resolve))
  return { happen, happened }
}

interface Context {
  signal: AbortSignal
}

const t = initTRPC.context<Context>().create()

/** Whoever waits for its end must be told by the signal. */
const untilAborted = (signal: AbortSignal | undefined): Promise<unknown> =>
  signal?.aborted === false ? once(signal, 'abort') : Promise.resolve()

function setUp() {
  const begun = moment()
  const mayGoOn = moment()
  const ended = moment<unknown>()
  const router = t.router({
    looks: t.procedure.subscription(async function* ({ signal }) {
      try {
        yield 1
        begun.happen()
        await untilAborted(signal)
      } finally {
        ended.happen('the generator is closed')
      }
    }),
    observed: t.procedure.subscription(() =>
      observable<number>((observer) => {
        observer.next(1)
        begun.happen()
        return () => ended.happen('the observable is left')
      }),
    ),
    starts: t.procedure.subscription(async function ({ signal }) {
      begun.happen()
      await untilAborted(signal)
      return (async function* () {
        yield ended.happen('it never begins')
      })()
    }),
    change: t.procedure.mutation(async ({ signal }) => {
      begun.happen()
      await mayGoOn.happened
      ended.happen(signal?.aborted)
      return 'heard by nobody'
    }),
    connection: t.procedure.mutation(async ({ ctx }) => {
      begun.happen()
      await untilAborted(ctx.signal)
      ended.happen('the signal of the context is aborted')
    }),
  })
  return { router, begun, mayGoOn, ended }
}

async function leftAfter(path: string, method: 'subscription' | 'mutation') {
  const { router, begun, mayGoOn, ended } = setUp()
  const errors: string[] = []
  await using server = await serve({
    router,
    createContext: ({ info: { signal } }) => ({ signal }),
    closeGraceMs: 0,
    onError: ({ error }) => errors.push(error.message),
  })
  const socket = new WebSocket(server.url.replace('http', 'ws'))
  await once(socket, 'open')
  socket.send(JSON.stringify({ id: 1, method, params: { path } }))
  await begun.happened
  socket.terminate()
  await once(socket, 'close')
  mayGoOn.happen()
  const how = path === 'starts' ? await server.close() : await ended.happened
  return { how, errors }
}

test.each([
  ['looks', 'the generator is closed'],
  ['observed', 'the observable is left'],
  ['starts', undefined],
])('a subscription that %s', async (path, how) => {
  expect(await leftAfter(path, 'subscription')).toEqual({ how, errors: [] })
})

test('a call is done all the same: nobody can tell how far it has come', async () => {
  expect(await leftAfter('change', 'mutation')).toEqual({ how: false, errors: [] })
})

test('whoever wants to know of it, asks the signal that createContext is given', async () => {
  const how = 'the signal of the context is aborted'
  expect(await leftAfter('connection', 'mutation')).toEqual({ how, errors: [] })
})

test('a frame that is too large closes the socket with 1009, and nothing of it is done', async () => {
  const { router } = setUp()
  await using server = await serve({ router, maxPayloadBytes: 1_000, closeGraceMs: 0, onError: () => {} })
  const socket = new WebSocket(server.url.replace('http', 'ws'))
  await once(socket, 'open')
  socket.send(
    JSON.stringify({ id: 1, method: 'mutation', params: { path: 'change', input: 'x'.repeat(1_000) } }),
  )
  expect((await once(socket, 'close'))[0]).toBe(1009)
})
