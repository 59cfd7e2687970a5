/**
 * What all subscriptions of one connection share. tRPC calls `createContext` once for each socket, and procedures see
 * the context but not the socket; so it travels in the context.
 */
import { LovageError } from '@lovage/core'
import { BoundedSocket } from './bounded-socket.ts'
import type { TextOf } from './frames.ts'
import { Outlet } from './outlet.ts'

/** What a page of a busy application follows at once, several times over; more belongs into one feed. */
export const DEFAULT_MAX_SUBSCRIPTIONS = 100

/** A symbol, so that it stays when a middleware spreads the context; registered, so that two copies of this package agree. */
const CONNECTION = Symbol.for('lovage.connection')

interface Written {
  readonly socket: BoundedSocket
  readonly textOf: TextOf
}

export class Connection {
  readonly outlet: Outlet
  /** Aborted when the server closes. */
  readonly closing: AbortSignal | undefined
  /** Where notices go written, on a socket of ours. */
  readonly written: Written | undefined
  readonly #max: number
  #taken = 0

  constructor(connection: unknown, { max, patienceMs, closing, textOf }: ConnectionOptions) {
    this.#max = max
    this.outlet = new Outlet(connection, patienceMs)
    this.closing = closing
    this.written = connection instanceof BoundedSocket && textOf ? { socket: connection, textOf } : undefined
  }

  /**
   * Takes one of the connection's seats. The returned function gives it back.
   *
   * @throws LovageError `TOO_MANY_SUBSCRIPTIONS`
   */
  takeSeat(): () => void {
    if (this.#taken >= this.#max) throw new LovageError('TOO_MANY_SUBSCRIPTIONS', { max: this.#max })
    this.#taken += 1
    return () => {
      this.#taken -= 1
    }
  }
}

/**
 * Wraps a `createContext`, so that each connection gets at most `max` subscriptions of jobs routers, and one that does
 * not read what it asked for is cut; one subscription more fails with `TOO_MANY_SUBSCRIPTIONS`. `serve` does this by
 * itself; with a websocket adapter of your own:
 *
 * @example applyWSSHandler({ wss, router, createContext: limitSubscriptions(createContext) })
 */
export function limitSubscriptions<Options, Context extends object>(
  createContext: (options: Options) => Context | Promise<Context>,
  max: number = DEFAULT_MAX_SUBSCRIPTIONS,
): (options: Options) => Promise<Context> {
  return withConnection(createContext, { max })
}

export interface ConnectionOptions {
  max: number
  patienceMs?: number | undefined
  closing?: AbortSignal
  textOf?: TextOf
}

export function withConnection<Options, Context extends object>(
  createContext: (options: Options) => Context | Promise<Context>,
  connectionOptions: ConnectionOptions,
): (options: Options) => Promise<Context> {
  return async (options) => {
    const context = (await createContext(options)) ?? ({} as Context)
    const { res } = (options ?? {}) as { res?: unknown }
    const value = new Connection(res, connectionOptions)
    // The context itself where that is possible: a copy would lose the private fields of a class. One that has a
    // connection already is shared between several, which must not share their seats.
    const isFresh = Object.isExtensible(context) && !Object.hasOwn(context, CONNECTION)
    const target = isFresh ? context : copyOf(context)
    return Object.defineProperty(target, CONNECTION, { value, enumerable: true })
  }
}

function copyOf<Context extends object>(context: Context): Context {
  const { [CONNECTION]: _, ...descriptors } = Object.getOwnPropertyDescriptors(context) as Record<
    PropertyKey,
    PropertyDescriptor
  >
  return Object.create(Object.getPrototypeOf(context) as object | null, descriptors) as Context
}

export const connectionOf = (context: unknown): Connection | undefined =>
  (context as { [CONNECTION]?: Connection } | null | undefined)?.[CONNECTION]
