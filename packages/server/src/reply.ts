/** How one request is answered: with a value, an error, or the events of a subscription, each a message as tRPC writes it. */
import { isTrackedEnvelope, type TRPCError } from '@trpc/server'
import type { TRPCClientOutgoingMessage } from '@trpc/server/rpc'
import type { BoundedSocket } from './bounded-socket.ts'
import { Frames } from './frames.ts'
import { type Call, type Service, UNTOLD } from './service.ts'
import { isStrike } from './strikes.ts'
import { textOf } from './transformer.ts'

/** Where it is answered. */
export interface Line {
  readonly service: Service
  readonly socket: BoundedSocket
  /** Once there is one. */
  readonly ctx: object | undefined
}

/** Whose request it is: his number, and the protocol that he speaks. */
export type Asked = Pick<TRPCClientOutgoingMessage, 'id' | 'jsonrpc'>

/** The answer to what is no request; nobody else is told of it. */
const TO_NOBODY = '{"id":null,'

export class Reply {
  readonly #line: Line
  readonly #call: Call
  /** What each message begins with. */
  readonly #head: string

  constructor(line: Line, { id, jsonrpc }: Asked, call: Call) {
    this.#line = line
    this.#call = call
    this.#head = `{"id":${JSON.stringify(id)},${jsonrpc === '2.0' ? '"jsonrpc":"2.0",' : ''}`
  }

  get isOpen(): boolean {
    return this.#line.socket.isOpen
  }

  started(): void {
    this.#say('"result":{"type":"started"}')
  }

  stopped(): void {
    this.#say('"result":{"type":"stopped"}')
  }

  /** Once, or as an event without an id. */
  answer(value: unknown): void {
    this.#say(`"result":{"type":"data"${dataIn(this.#text(value))}}`)
  }

  /** One more event. */
  give(event: unknown): void {
    if (!isTrackedEnvelope(event)) return this.answer(event)
    const [id, data] = event as [string, unknown, unknown]
    if (data instanceof Frames) {
      data.lane.head = this.#head
      this.#line.socket.sendFrames(this.#head, data.texts)
    } else this.#say(`"result":{"type":"data","id":${JSON.stringify(id)}${dataIn(this.#text({ id, data }))}}`)
  }

  /** Reports an error, and tells it. */
  fail(cause: unknown): void {
    this.tell(this.report(cause))
  }

  /** Tells the server alone. */
  report(cause: unknown): TRPCError {
    const { service, socket } = this.#line
    const error = service.report(cause, this.#call.path)
    if (isStrike(error, this.#call.path)) socket.strike()
    return error
  }

  tell(error: TRPCError): void {
    const { service, socket, ctx } = this.#line
    if (this.#head.startsWith(TO_NOBODY)) socket.strike()
    try {
      this.#say(`"error":${this.#text(service.shapeOf(error, this.#call, ctx))}`)
    } catch (cause) {
      this.report(cause)
      this.#say(`"error":${this.#text(UNTOLD)}`)
    }
  }

  #text(value: unknown): string | undefined {
    return textOf(this.#line.service.transformer, value)
  }

  #say(text: string): void {
    if (this.isOpen) this.#line.socket.say(`${this.#head}${text}}`)
  }
}

/** What JSON does not say is left out. */
const dataIn = (text: string | undefined): string => (text === undefined ? '' : `,"data":${text}`)
