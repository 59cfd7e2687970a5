/**
 * The sockets of a client. One is enough for most; a server allows only so many subscriptions on each, so whoever
 * follows more jobs at once gets another. A caller whose token is another one than before gets another, too.
 */
import { isLovageError, LovageError } from '@lovage/core'
import { reconnectMs } from './backoff.ts'
import { ConnectionDisplay, worstOf } from './connection.ts'
import { asLovageError } from './errors.ts'
import type { OpenLine } from './line.ts'
import type { Lines } from './lines.ts'
import { onReturn } from './page.ts'
import { NoAnswer, Socket, type SocketOptions } from './socket.ts'

/** What Lovage's servers allow by default; one that allows less says so, and is believed. */
const SUBSCRIPTIONS_PER_SOCKET = 100
/** More loops than this at once (3,200) are better one loop over a feed. Browsers allow about 200 sockets in all. */
const MAX_SOCKETS = 32

export class SocketPool implements Lines {
  readonly connection = new ConnectionDisplay()
  readonly #options: SocketOptions
  #perSocket = SUBSCRIPTIONS_PER_SOCKET
  readonly #sockets = new Set<Socket>()
  /** With subscriptions or calls still on them, but of no use for new ones: their token was refused, or is another. */
  readonly #stale = new Set<Socket>()
  /** Ends the wait for the page to come back. */
  #forget: (() => void) | undefined

  constructor(options: SocketOptions) {
    this.#options = options
  }

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
          if (this.#hasExpired(socket, error)) callbacks.onExpired()
          else callbacks.onError(error)
        },
      })
      return () => {
        leave()
        this.#release(socket)
      }
    }
  }

  /**
   * Makes a call, as whoever's token it is now.
   *
   * @throws LovageError what the server said, NoAnswer
   */
  async call(method: string, path: string, input: string): Promise<unknown> {
    const { token, url } = this.#options
    const own = await (token?.() ?? Promise.resolve(null)).catch((error: unknown) => {
      throw new NoAnswer('unsent', String(error)) // by HTTP it is asked for again, and the failure told
    })
    let [socket = this.#add()] = this.#sockets
    if (socket.isUp && socket.token !== undefined && socket.token !== own) {
      this.#retire(socket)
      socket = this.#add()
    }
    try {
      return await socket.call(method, path, input, own)
    } catch (cause) {
      const error = asLovageError(cause, url)
      throw this.#hasExpired(socket, error) ? new NoAnswer('unsent', (error as Error).message) : error
    } finally {
      this.#release(socket)
    }
  }

  async close(): Promise<void> {
    this.connection.show('closed')
    this.#forget?.()
    await Promise.all(this.#all().map((socket) => socket.close()))
  }

  #roomy(): Socket {
    for (const socket of this.#sockets) {
      if (socket.lines.size < this.#perSocket) return socket
    }
    if (this.#sockets.size >= MAX_SOCKETS) {
      throw new LovageError('TOO_MANY_SUBSCRIPTIONS', { max: MAX_SOCKETS * this.#perSocket })
    }
    return this.#add()
  }

  #add(): Socket {
    const socket = new Socket(this.#options, () => this.#show())
    this.#sockets.add(socket)
    return socket
  }

  /** Learns from an error, above all whether the token was good and is so no longer. */
  #hasExpired(socket: Socket, error: unknown): boolean {
    if (isLovageError(error, 'TOO_MANY_SUBSCRIPTIONS')) this.#perSocket = Math.max(1, error.details.max)
    if (!isLovageError(error, 'UNAUTHORIZED')) return false
    // A socket is authenticated once, when it opens: with a new token, whoever comes next needs a new one.
    this.#retire(socket)
    return socket.isGood
  }

  #retire(socket: Socket): void {
    if (!this.#sockets.delete(socket)) return
    this.#stale.add(socket)
    this.#release(socket)
  }

  #release(socket: Socket): void {
    if (socket.lines.size > 0) return
    const isSpare = this.#stale.delete(socket) || (this.#sockets.size > 1 && this.#sockets.delete(socket))
    if (isSpare) void socket.close().then(() => this.#show())
  }

  #show(): void {
    const state = worstOf(this.#all().map((socket) => socket.state))
    this.connection.show(state)
    if (state === 'reconnecting') this.#forget ??= this.#hurryOnReturn()
    else {
      this.#forget?.()
      this.#forget = undefined
    }
  }

  #all(): Socket[] {
    return [...this.#sockets, ...this.#stale]
  }

  #hurryOnReturn(): () => void {
    const { clock, random } = this.#options
    let cancel = (): void => {}
    const forget = onReturn(() => {
      cancel()
      // By chance: a network that comes back does so for a whole office.
      cancel = clock.after(reconnectMs(0, random), () => {
        for (const socket of this.#all()) socket.hurry()
      })
    })
    return () => {
      forget()
      cancel()
    }
  }
}
