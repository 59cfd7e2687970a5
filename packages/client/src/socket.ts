/** One websocket with the subscriptions on it. It opens with the first of them, and closes when it was idle for a while. */
import {
  createTRPCUntypedClient,
  createWSClient,
  TRPCClientError,
  type TRPCUntypedClient,
  type TRPCWebSocketClient,
  wsLink,
} from '@trpc/client'
import type { Clock, Cursor, Notice } from '@lovage/core'
import type { AnyTRPCRouter, TRPCDataTransformer } from '@trpc/server'
import { reconnectMs } from './backoff.ts'
import type { ConnectionState } from './connection.ts'
import type { LineCallbacks } from './line.ts'

export interface SocketOptions {
  url: string
  WebSocket: typeof WebSocket
  /** Sent first on each new connection; asked anew for each. */
  connectionParams: (() => Promise<Record<string, string> | null>) | undefined
  transformer: TRPCDataTransformer
  keepAlive: { intervalMs: number; pongTimeoutMs: number }
  idleCloseMs: number
  clock: Clock
  random: () => number
}

export interface SocketEvents {
  onState(): void
}

interface Link {
  client: TRPCWebSocketClient
  untyped: TRPCUntypedClient<AnyTRPCRouter>
}

/** One subscription, as it is opened again on another connection. */
interface SocketLine {
  path: string
  input: object
  callbacks: LineCallbacks
  unsubscribe: () => void
}

export class Socket {
  readonly lines = new Set<SocketLine>()
  state: ConnectionState = 'idle'
  readonly #options: SocketOptions
  readonly #events: SocketEvents
  #link: Link
  #wasConnected = false
  /** Connections in a row that the server has not accepted. */
  #refusals = 0
  /** Ends the wait after one of them. */
  #cancelWait: (() => void) | undefined

  constructor(options: SocketOptions, events: SocketEvents) {
    this.#options = options
    this.#events = events
    this.#link = this.#open()
  }

  /** Opens a subscription. The returned function ends it, and may be called when it has ended. */
  subscribe(path: string, input: object, callbacks: LineCallbacks): () => void {
    const line = { path, input, callbacks, unsubscribe: () => {} }
    this.lines.add(line)
    if (this.#cancelWait === undefined) this.#subscribe(line)
    return () => {
      this.lines.delete(line)
      line.unsubscribe()
      if (this.lines.size === 0 && this.#cancelWait !== undefined) {
        this.#stopWaiting()
        this.#show('idle')
      }
    }
  }

  /** Tries to connect now, whatever tRPC still wants to wait: its delays cannot be cut short. */
  hurry(): void {
    if (this.state === 'reconnecting') this.#moveAfter(0)
  }

  async close(): Promise<void> {
    this.#stopWaiting()
    await this.#link.client.close()
  }

  /** Leaves the connection, and takes all lines to another one. */
  #moveAfter(ms: number): void {
    this.#stopWaiting()
    this.#wasConnected = true // so far as anybody saw
    const old = this.#link
    this.#link = this.#open()
    for (const line of this.lines) line.unsubscribe()
    void old.client.close()
    const subscribe = (): void => {
      this.#cancelWait = undefined
      for (const line of this.lines) this.#subscribe(line)
    }
    if (ms === 0) return subscribe()
    this.#show('reconnecting')
    this.#cancelWait = this.#options.clock.after(ms, subscribe)
  }

  #stopWaiting(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
  }

  #open(): Link {
    const { url, connectionParams, transformer, keepAlive, idleCloseMs, random } = this.#options
    const client = createWSClient({
      url,
      WebSocket: watched(this.#options.WebSocket, (message) => this.#onRefusal(message)),
      ...(connectionParams && { connectionParams }),
      lazy: { enabled: true, closeMs: idleCloseMs },
      keepAlive: { enabled: true, ...keepAlive },
      retryDelayMs: (attempt) => reconnectMs(attempt, random),
    })
    const link = { client, untyped: createTRPCUntypedClient({ links: [wsLink({ client, transformer })] }) }
    client.connectionState.subscribe({
      next: ({ state, error }) => {
        if (client !== (this.#link ?? link).client) return // one that was left behind
        this.#wasConnected ||= state === 'pending'
        const isBack = this.#wasConnected || error !== null
        if (state === 'idle') this.#wasConnected = false
        if (state === 'connecting') this.#show(isBack ? 'reconnecting' : 'connecting')
        else this.#show(state === 'pending' ? 'connected' : 'idle')
      },
    })
    return link
  }

  #subscribe(line: SocketLine): void {
    const { path, input, callbacks } = line
    // What tRPC ends because we leave it must not look like an end to the line, which goes on elsewhere.
    let isLeft = false
    const subscription = this.#link.untyped.subscription(path, input, {
      onData: (event) => {
        const { id, data } = event as { id: Cursor; data: Notice }
        this.#refusals = 0
        line.input = { ...input, lastEventId: id }
        callbacks.onData(data)
      },
      onError: (error) => void (isLeft || callbacks.onError(error)),
      onComplete: () => void (isLeft || callbacks.onComplete()),
    })
    line.unsubscribe = () => {
      isLeft = true
      subscription.unsubscribe()
    }
  }

  #show(state: ConnectionState): void {
    this.state = state
    this.#events.onState()
  }

  /**
   * A server whose `createContext` throws says so without naming a subscription, closes the socket, and says the same
   * of each subscription: so each loop would come back by itself, in its own time. Where it says who may not come in,
   * that is told. Else all lines wait together, longer each time.
   */
  #onRefusal(message: { error: unknown }): void {
    const { transformer, random } = this.#options
    const error = TRPCClientError.from({ error: transformer.deserialize(message.error) })
    const { code } = (error.data ?? {}) as { code?: unknown }
    if (code === 'UNAUTHORIZED' || code === 'FORBIDDEN') {
      for (const { callbacks } of [...this.lines]) callbacks.onError(error)
    } else if (this.lines.size > 0) {
      this.#moveAfter(Math.max(1, reconnectMs(this.#refusals, random)))
      this.#refusals += 1
    }
  }
}

/** A class of websockets whose messages to nobody (`id: null`) are looked at when they are errors. */
function watched(Base: typeof WebSocket, onRefusal: (message: { error: unknown }) => void): typeof WebSocket {
  return class extends Base {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        // Nearly all messages are notices; they are not parsed a second time.
        if (typeof data !== 'string' || !data.startsWith('{"id":null,')) return
        const message = JSON.parse(data) as { error?: unknown }
        if (message.error !== undefined) onRefusal(message as { error: unknown })
      })
    }
  }
}
