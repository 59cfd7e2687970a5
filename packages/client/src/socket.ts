/** One websocket with the subscriptions on it. It opens with the first of them, and closes when it was idle for a while. */
import {
  createTRPCUntypedClient,
  createWSClient,
  TRPCClientError,
  type TRPCUntypedClient,
  type TRPCWebSocketClient,
  wsLink,
} from '@trpc/client'
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
  random: () => number
}

export interface SocketEvents {
  onState(): void
}

export class Socket {
  readonly lines = new Set<LineCallbacks>()
  state: ConnectionState = 'idle'
  readonly #client: TRPCWebSocketClient
  readonly #untyped: TRPCUntypedClient<AnyTRPCRouter>

  constructor(options: SocketOptions, { onState }: SocketEvents) {
    const { url, connectionParams, transformer, keepAlive, idleCloseMs, random } = options
    this.#client = createWSClient({
      url,
      WebSocket: watched(options.WebSocket, (message) => this.#onRefusal(message, transformer)),
      ...(connectionParams && { connectionParams }),
      lazy: { enabled: true, closeMs: idleCloseMs },
      keepAlive: { enabled: true, ...keepAlive },
      retryDelayMs: (attempt) => reconnectMs(attempt, random),
    })
    this.#untyped = createTRPCUntypedClient({ links: [wsLink({ client: this.#client, transformer })] })
    let wasConnected = false
    this.#client.connectionState.subscribe({
      next: ({ state, error }) => {
        wasConnected ||= state === 'pending'
        if (state === 'connecting')
          this.state = wasConnected || error !== null ? 'reconnecting' : 'connecting'
        else this.state = state === 'pending' ? 'connected' : 'idle'
        if (state === 'idle') wasConnected = false
        onState()
      },
    })
  }

  /** Opens a subscription. The returned function ends it, and may be called when it has ended. */
  subscribe(path: string, input: object, callbacks: LineCallbacks): () => void {
    this.lines.add(callbacks)
    const subscription = this.#untyped.subscription(path, input, {
      onData: (event) => callbacks.onData((event as { data: Parameters<LineCallbacks['onData']>[0] }).data),
      onError: (error) => callbacks.onError(error),
      onComplete: () => callbacks.onComplete(),
    })
    return () => {
      this.lines.delete(callbacks)
      subscription.unsubscribe()
    }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  /**
   * A server whose `createContext` throws says so without naming a subscription, closes the socket, and would say the
   * same to every reconnect. tRPC hides that answer and comes back for ever; a caller has to hear it.
   */
  #onRefusal(message: { error: unknown }, transformer: TRPCDataTransformer): void {
    const error = TRPCClientError.from({ error: transformer.deserialize(message.error) })
    const { code } = (error.data ?? {}) as { code?: unknown }
    if (code !== 'UNAUTHORIZED' && code !== 'FORBIDDEN') return // may pass: tRPC's backoff goes on
    for (const line of [...this.lines]) line.onError(error)
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
