/**
 * What one socket hears and says: tRPC's messages, as every tRPC client sends and expects them. tRPC's own adapter does
 * the same at the price of half a subscription's memory and a third of a call: it makes two signals, a race of promises
 * and a dozen closures for each, and copies what it knows of a call several times.
 */
import type { IncomingMessage } from 'node:http'
import { TRPCError } from '@trpc/server'
import { parseConnectionParamsFromUnknown, type TRPCRequestInfo } from '@trpc/server/http'
import { isObservable } from '@trpc/server/observable'
import { parseTRPCMessage, type TRPCClientOutgoingMessage, type TRPCRequestMessage } from '@trpc/server/rpc'
import type { BoundedSocket } from './bounded-socket.ts'
import { type Asked, type Line, Reply } from './reply.ts'
import { NO_CALL, type Service } from './service.ts'
import { isIterable, Subscription } from './subscription.ts'

/** Who is answered where nobody has asked. */
const NOBODY: Asked = { id: null }

/** Before a client has said who he is, nobody waits for his context. */
const NEVER = new Promise<never>(() => {})

type Params = TRPCRequestInfo['connectionParams']

export type CreateContext = (options: {
  req: IncomingMessage
  res: BoundedSocket
  info: TRPCRequestInfo
}) => object | Promise<object>

export class Conversation implements Line {
  readonly service: Service
  readonly socket: BoundedSocket
  ctx: object | undefined
  /** Makes the context, where the client first says who he is. */
  #introduce: ((params: () => Params) => void) | undefined
  #context: Promise<object> = NEVER
  #subscriptions: Map<unknown, Subscription> | undefined
  #gone: AbortController | undefined

  constructor(
    service: Service,
    createContext: CreateContext,
    socket: BoundedSocket,
    request: IncomingMessage,
  ) {
    this.service = service
    this.socket = socket
    const begin = (params: () => Params): void => {
      this.#introduce = undefined // and with it the request
      this.#context = this.#made(createContext, request, params)
      this.#context.catch((cause: unknown) => {
        new Reply(this, NOBODY, NO_CALL).fail(cause)
        setImmediate(() => socket.close())
      })
    }
    if (introducesHimself(request)) this.#introduce = begin
    else begin(() => null)
  }

  hear(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? undefined : data.toString()
    if (text === 'PONG') return
    if (text === 'PING') return this.socket.say('PONG')
    if (this.#introduce !== undefined) return this.#introduce(() => paramsIn(text))
    let messages: TRPCClientOutgoingMessage[]
    try {
      const said = read(text)
      if (isTooLong(said, this.service.maxBatch)) return this.#refuse(said)
      const all = Array.isArray(said) ? (said as unknown[]) : [said]
      messages = all.map((each) => parseTRPCMessage(each, this.service.transformer))
    } catch (cause) {
      return new Reply(this, NOBODY, NO_CALL).tell(new TRPCError({ code: 'PARSE_ERROR', cause }))
    }
    for (const [index, message] of messages.entries()) this.#heed(message, index)
  }

  broken(cause: Error): void {
    this.service.report(cause, undefined)
  }

  /** The socket is gone. */
  end(): void {
    for (const subscription of this.#subscriptions?.values() ?? []) subscription.stop()
    this.#gone?.abort()
  }

  async #made(createContext: CreateContext, req: IncomingMessage, params: () => Params): Promise<object> {
    const signal = (): AbortSignal => (this.#gone ??= new AbortController()).signal
    const info: TRPCRequestInfo = {
      connectionParams: params(),
      calls: [],
      isBatchCall: false,
      accept: null,
      type: 'unknown',
      url: null,
      // Few ask for it, and it lives as long as the socket.
      get signal() {
        return signal()
      },
    }
    this.ctx = await createContext({ req, res: this.socket, info })
    return this.ctx
  }

  /** All of a batch, since nobody else would tell those who wait. */
  #refuse(batch: readonly unknown[]): void {
    const tooLong = new TRPCError({ code: 'BAD_REQUEST', message: 'Batch call exceeds maximum size' })
    new Reply(this, NOBODY, NO_CALL).report(tooLong)
    const asking = batch.filter(isAsking)
    for (const asked of asking.length > 0 ? asking : [NOBODY]) new Reply(this, asked, NO_CALL).tell(tooLong)
  }

  #heed(message: TRPCClientOutgoingMessage, index: number): void {
    if (message.id === null) {
      const error = new TRPCError({ code: 'PARSE_ERROR', message: '`id` is required' })
      new Reply(this, message, NO_CALL).fail(error)
    } else if (message.method === 'subscription.stop') this.#subscriptions?.get(message.id)?.stop()
    else if (message.method === 'subscription') this.#subscribe(message, index)
    else void this.#call(message, index)
  }

  async #call(message: TRPCRequestMessage, batchIndex: number): Promise<void> {
    const call = callOf(message)
    const reply = new Reply(this, message, call)
    try {
      const ctx = this.ctx ?? (await this.#context)
      const value = await this.service.call({ ctx, ...call, batchIndex }, undefined)
      if (isIterable(value) || isObservable(value)) throw notByCall(call.type)
      reply.answer(value)
    } catch (cause) {
      reply.fail(cause)
    }
  }

  #subscribe(message: TRPCRequestMessage, batchIndex: number): void {
    const { id } = message
    const call = callOf(message)
    const reply = new Reply(this, message, call)
    const subscriptions = (this.#subscriptions ??= new Map())
    if (subscriptions.has(id)) {
      return reply.fail(new TRPCError({ code: 'BAD_REQUEST', message: `Duplicate id ${id}` }))
    }
    const subscription = new Subscription(reply)
    subscriptions.set(id, subscription)
    const open = async (signal: AbortSignal): Promise<unknown> => {
      const ctx = this.ctx ?? (await this.#context)
      return subscription.isOver ? undefined : await this.service.call({ ctx, ...call, batchIndex }, signal)
    }
    void subscription.run(call.path, open, () => subscriptions.delete(id))
  }
}

const introducesHimself = ({ url = '' }: IncomingMessage): boolean =>
  new URLSearchParams(url.split('?', 2)[1]).get('connectionParams') === '1'

/** @param text `undefined`: what came was no text. */
function read(text: string | undefined): unknown {
  if (text === undefined) throw new TypeError('messages are texts')
  return JSON.parse(text)
}

function paramsIn(text: string | undefined): Params {
  let said: unknown
  try {
    said = read(text)
    if (typeof said !== 'object' || said === null || Array.isArray(said))
      throw new TypeError('Message was not an object')
  } catch (cause) {
    throw new TRPCError({ code: 'PARSE_ERROR', message: 'Malformed TRPCConnectionParamsMessage', cause })
  }
  return parseConnectionParamsFromUnknown((said as { data?: unknown }).data)
}

const isTooLong = (said: unknown, max: number): said is unknown[] => Array.isArray(said) && said.length > max

function isAsking(said: unknown): said is Asked {
  const { id, method } = (said ?? {}) as { id?: unknown; method?: unknown }
  return method !== 'subscription.stop' && (typeof id === 'number' || typeof id === 'string')
}

function callOf({ method: type, params: { path, input, lastEventId } }: TRPCRequestMessage) {
  if (lastEventId === undefined) return { type, path, input }
  // Where a client was before it reconnected, beside what it asked for.
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  return { type, path, input: isObject ? { ...input, lastEventId } : (input ?? { lastEventId }) }
}

const notByCall = (type: string): TRPCError =>
  new TRPCError({
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: `Cannot return an async iterable or observable from a ${type} procedure with WebSockets`,
  })
