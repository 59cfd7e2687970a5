/**
 * The sockets of a client. One is enough for most; a server allows only so many subscriptions on each, so whoever
 * follows more jobs at once gets another.
 */
import { isLovageError, LovageError } from '@lovage/core'
import { ConnectionDisplay, worstOf } from './connection.ts'
import { asLovageError } from './errors.ts'
import type { OpenLine } from './line.ts'
import { Socket, type SocketOptions } from './socket.ts'

/** What Lovage's servers allow by default; one that allows less says so, and is believed. */
const SUBSCRIPTIONS_PER_SOCKET = 100
/** More loops than this at once (3,200) are better one loop over a feed. Browsers allow about 200 sockets in all. */
const MAX_SOCKETS = 32

export class SocketPool {
  readonly connection = new ConnectionDisplay()
  readonly #options: SocketOptions
  #perSocket = SUBSCRIPTIONS_PER_SOCKET
  readonly #sockets = new Set<Socket>()
  /** With subscriptions still on them, but of no use for new ones: their token was refused. */
  readonly #stale = new Set<Socket>()

  constructor(options: SocketOptions) {
    this.#options = options
  }

  /** A line to a subscription; its errors are Lovage's. */
  line(path: string, input: object): OpenLine {
    return (callbacks) => {
      let socket: Socket
      try {
        socket = this.#roomy()
      } catch (error) {
        callbacks.onError(error)
        return () => {}
      }
      const leave = socket.subscribe(path, input, {
        ...callbacks,
        onError: (cause) => {
          const error = asLovageError(cause, this.#options.url)
          this.#learn(socket, error)
          callbacks.onError(error)
        },
      })
      return () => {
        leave()
        this.#release(socket)
      }
    }
  }

  async close(): Promise<void> {
    this.connection.show('closed')
    await Promise.all([...this.#sockets, ...this.#stale].map((socket) => socket.close()))
  }

  #roomy(): Socket {
    for (const socket of this.#sockets) {
      if (socket.lines.size < this.#perSocket) return socket
    }
    if (this.#sockets.size >= MAX_SOCKETS) {
      throw new LovageError('TOO_MANY_SUBSCRIPTIONS', { max: MAX_SOCKETS * this.#perSocket })
    }
    const socket = new Socket(this.#options, { onState: () => this.#show() })
    this.#sockets.add(socket)
    return socket
  }

  #learn(socket: Socket, error: unknown): void {
    if (isLovageError(error, 'TOO_MANY_SUBSCRIPTIONS')) this.#perSocket = Math.max(1, error.details.max)
    // A socket is authenticated once, when it opens: with a new token, the next loop needs a new one.
    if (isLovageError(error, 'UNAUTHORIZED') && this.#sockets.delete(socket)) this.#stale.add(socket)
  }

  #release(socket: Socket): void {
    if (socket.lines.size > 0) return
    const isSpare = this.#stale.delete(socket) || (this.#sockets.size > 1 && this.#sockets.delete(socket))
    if (isSpare) void socket.close().then(() => this.#show())
  }

  #show(): void {
    this.connection.show(worstOf([...this.#sockets, ...this.#stale].map(({ state }) => state)))
  }
}
