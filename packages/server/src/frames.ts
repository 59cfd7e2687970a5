/**
 * Notices as they stand in a frame, written once for all who get them. tRPC would run the transformer and
 * `JSON.stringify` for each subscriber, and pass each notice through its loop; so what came together passes it in one
 * piece, and becomes one message each, as every tRPC client expects them, where it is sent. And what comes while a
 * subscription has nothing else to send does not pass it at all: it goes straight to the socket.
 */
import type { Notice } from '@lovage/core'
import type { AnyTRPCRouter } from '@trpc/server'
import { type Encoder, jsonEncoder } from '@trpc/server/adapters/ws'
import superjson from 'superjson'
import { isPlain } from './plain.ts'

/**
 * The frames of one subscription. What they begin with is known only to tRPC, and here once it has sent the first of
 * them; what comes after may be sent without it.
 */
export class Lane {
  head: string | undefined
}

/** What stands in the frame of each notice, behind the id of the subscription. */
export class Frames {
  readonly lane: Lane
  readonly texts: readonly string[]

  constructor(lane: Lane, texts: readonly string[]) {
    this.lane = lane
    this.texts = texts
  }
}

/** What the socket of one client has to send. */
export class Outgoing {
  /** Stands before each of the texts. */
  readonly head: string
  readonly texts: readonly string[]

  constructor(head: string, texts: readonly string[]) {
    this.head = head
    this.texts = texts
  }
}

export type TextOf = (notice: Notice) => string

/** It looks at everything several times. What is plain, as nearly all is, it would only put in an envelope. */
const SUPERJSON: unknown = superjson

/** Writes a notice, and remembers it for as long as the notice lives. */
export function textsFor({ _def }: AnyTRPCRouter): TextOf {
  const { output } = _def._config.transformer
  const isSuperjson = output === SUPERJSON
  const known = new WeakMap<Notice, string>()
  return (notice) => {
    let text = known.get(notice)
    if (text === undefined) {
      const { cursor: id } = notice
      const data =
        isSuperjson && isPlain(notice)
          ? `{"json":${JSON.stringify({ id, data: notice })}}`
          : JSON.stringify(output.serialize({ id, data: notice }))
      text = `"result":{"type":"data","id":${JSON.stringify(id)},"data":${data}}}`
      known.set(notice, text)
    }
    return text
  }
}

/** The same router, whose transformer lets frames pass, and is not asked about what is plain. */
export function withFrames<Router extends AnyTRPCRouter>(router: Router): Router {
  const { _config } = router._def
  const { input, output } = _config.transformer
  const transformer = {
    input: {
      ...input,
      deserialize: (sent: unknown) =>
        input === SUPERJSON && isBare(sent) ? sent.json : (input.deserialize(sent) as unknown),
    },
    output: {
      ...output,
      serialize: (value: unknown) =>
        framesIn(value) ??
        (output === SUPERJSON && isPlain(value) ? { json: value } : (output.serialize(value) as unknown)),
    },
  }
  return { ...router, _def: { ...router._def, _config: { ..._config, transformer } } }
}

/** An envelope with nothing in it that JSON does not say. */
const isBare = (sent: unknown): sent is { json: unknown } =>
  typeof sent === 'object' && sent !== null && 'json' in sent && !('meta' in sent)

/** A tracked event, as tRPC gives it to the transformer. */
function framesIn(value: unknown): Frames | undefined {
  const data = (value as { data?: unknown } | null | undefined)?.data
  return data instanceof Frames ? data : undefined
}

interface Message {
  id?: unknown
  jsonrpc?: unknown
  result?: { data?: unknown }
}

export const frameEncoder: Encoder = {
  ...jsonEncoder,
  encode(message) {
    const { id, jsonrpc, result } = message as Message
    if (!(result?.data instanceof Frames)) return jsonEncoder.encode(message)
    const { lane, texts } = result.data
    lane.head ??= `{"id":${JSON.stringify(id)},${jsonrpc === undefined ? '' : '"jsonrpc":"2.0",'}`
    return new Outgoing(lane.head, texts) as unknown as string // which only our own sockets are given
  },
}
