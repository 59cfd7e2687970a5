// A real client at a real socket, and a server that says what it is told to say, in pieces of any size.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { addressOf } from './address.ts'
import { dial, send } from './dial.ts'
import { Route } from './route.ts'

type Reply = string | number | null | Error | Reply[]

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from(`$${Buffer.byteLength(value)}\r\n`), Buffer.from(value), Buffer.from('\r\n')])

const isStatus = (reply: string): boolean => /^\+[a-z]*$/.test(reply)

function encoded(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (typeof reply === 'string') return isStatus(reply) ? Buffer.from(`${reply}\r\n`) : text(reply)
  if (reply instanceof Error) return Buffer.from(`-${reply.message}\r\n`)
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encoded)])
}

/** What a caller is to get. */
function expected(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(expected)
  if (typeof reply === 'string') return isStatus(reply) ? reply.slice(1) : reply
  return reply
}

const GREETING = text('role:master\r\nrun_id:1\r\nloading:0\r\n')

class Speaker {
  readonly server: Server = createServer((socket) => this.#hear(socket))
  client!: Redis
  #socket: Socket | undefined
  /** The bytes of all answers to `get`, and where they are cut. */
  #pieces: Buffer[] = []
  #awaited = 0
  #speaking = Promise.resolve()

  async open(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    const { port } = this.server.address() as { port: number }
    const address = addressOf({ url: `redis://127.0.0.1:${port}` })
    this.client = dial(new Route(address, '{q}:'), 'test', () => 1).client
    this.client.on('error', () => {})
    await this.client.connect()
    return this
  }

  /** Says this as soon as so many commands have come. */
  willSay(commands: number, bytes: Buffer, cuts: readonly number[] = []): void {
    const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])]
    places.sort((a, b) => a - b)
    this.#pieces = places.slice(1).map((to, n) => bytes.subarray(places[n], to))
    this.#awaited = commands
  }

  async close(): Promise<void> {
    this.client.disconnect()
    this.#socket?.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  #hear(socket: Socket): void {
    this.#socket = socket
    socket.setNoDelay(true).on('error', () => {})
    socket.on('data', (bytes) => {
      const said = bytes.toString('latin1')
      for (const [, name] of said.matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi)) {
        if (name === 'info') socket.write(GREETING)
        else if (name === 'client') socket.write('+OK\r\n')
        else if (--this.#awaited === 0) this.#speak()
      }
    })
  }

  /** An answer can be known before the line feed at its end has come. */
  #speak(): void {
    const pieces = this.#pieces
    this.#speaking = this.#speaking.then(async () => {
      for (const piece of pieces) {
        this.#socket?.write(piece)
        for (let n = 0; n < 2; n++) await turn() // between the two the client reads
      }
    })
  }
}

let speaker: Speaker
afterEach(() => speaker.close())

const ours = (): Promise<unknown> =>
  new Promise((resolve, reject) => send(speaker.client, { name: 'get', args: ['key'], resolve, reject }))
const theirs = (): Promise<unknown> => speaker.client.get('key')

const leaf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '+', '+ok', '\r\n', '$3\r\nabc\r\n', 'x'.repeat(70_000)),
  fc.maxSafeInteger(),
  fc.constant(null),
)
const nested = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof({ maxDepth: 6 }, leaf, fc.array(tie('reply'), { maxLength: 5 })) as fc.Arbitrary<Reply>,
})).reply
const failure = fc.constantFrom('ERR no', 'NOSCRIPT No matching script.').map((message) => new Error(message))

test('each command gets its own answer, whoever sent it, however the answers are cut', async () => {
  speaker = await new Speaker().open()
  const call = fc.record({ reply: fc.oneof({ weight: 9, arbitrary: nested }, failure), isOurs: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      async (calls, cuts) => {
        speaker.willSay(calls.length, Buffer.concat(calls.map(({ reply }) => encoded(reply))), cuts)
        const replies = await Promise.allSettled(calls.map(({ isOurs }) => (isOurs ? ours() : theirs())))
        for (const [n, { reply }] of calls.entries()) {
          expect(replies[n]).toEqual(
            reply instanceof Error
              ? { status: 'rejected', reason: expect.objectContaining({ message: reply.message }) }
              : { status: 'fulfilled', value: expected(reply) },
          )
        }
        expect(speaker.client.status).toBe('ready')
      },
    ),
    { numRuns: 300, endOnFailure: true }, // a smaller one would meet a connection that has broken
  )
}, 60_000)
