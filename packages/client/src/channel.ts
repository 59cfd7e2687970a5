/**
 * One connection: it opens once, and is lost once. It carries tRPC's messages, as they are said in each tick together,
 * and notices when the other side has fallen silent. Who asks for what is `socket.ts`.
 */
import type { Clock } from '@lovage/core'

export interface ChannelOptions {
  url: string
  WebSocket: typeof WebSocket
  /** The caller's token; `undefined` where nobody has one. */
  token: (() => Promise<string | null>) | undefined
  keepAlive: { intervalMs: number; pongTimeoutMs: number }
  clock: Clock
}

/** What a server says, as far as it is looked at. */
export interface Message {
  /** `null`: to nobody's question. */
  id: number | null
  method?: string
  error?: unknown
  result?: { type?: 'started' | 'data' | 'stopped'; id?: string; data?: unknown }
}

export interface ChannelEvents {
  onOpen(): void
  onMessage(message: Message): void
  /** Not after `close`. */
  onLost(cause: string): void
}

/** A websocket of Node's, which a process need not stay for. */
type Restful = WebSocket & { rest?: (isIdle: boolean) => void }

/** As many calls as servers take at once, and less than the frames that they take: a character has up to three bytes. */
const MAX_BATCH = 100
const MAX_CHARS = 262_144
/** Where something swallows the handshake, nobody says so. */
const OPEN_TIMEOUT_MS = 10_000

export class Channel {
  isOpen = false
  /** Requests that have no answer yet, counted by who makes them. */
  load = 0
  #socket: Restful | undefined
  #isOver = false
  readonly #said: string[] = []
  readonly #options: ChannelOptions
  readonly #events: ChannelEvents
  #heardAt: number
  #cancelTimer = (): void => {}

  constructor(options: ChannelOptions, events: ChannelEvents) {
    this.#options = options
    this.#events = events
    this.#heardAt = options.clock.now()
    void this.#start().catch((error: unknown) =>
      this.#lose(error instanceof Error ? error.message : String(error)),
    )
  }

  /** Sends with all that is said in this tick. */
  say(text: string): void {
    if (this.#said.push(text) === 1) queueMicrotask(() => this.#flush())
  }

  /** Whether a process that has nothing else to do may end. */
  rest(isIdle: boolean): void {
    this.#socket?.rest?.(isIdle)
  }

  close(): void {
    if (this.#isOver) return
    this.#flush()
    this.#isOver = true
    this.isOpen = false
    this.#cancelTimer()
    this.#socket?.close()
  }

  async #start(): Promise<void> {
    const { url, WebSocket, token, clock } = this.#options
    this.#cancelTimer = clock.after(OPEN_TIMEOUT_MS, () => this.#lose('timeout while it was opened'), true)
    const asked = token?.()
    asked?.catch(() => {}) // told below, once it is awaited
    const address = new URL(url)
    if (asked !== undefined) address.searchParams.set('connectionParams', '1')
    const socket = new WebSocket(address)
    this.#socket = socket
    let reason = 'the connection was lost'
    socket.onerror = (event) => {
      // Node says why; browsers do not, lest a page look around in its network.
      const { message } = event as Partial<ErrorEvent>
      if (message) reason = message
    }
    socket.onclose = ({ code }) => this.#lose(code === 1006 ? reason : `it was closed (${code})`)
    socket.onmessage = ({ data }) => this.#hear(data)
    await new Promise<unknown>((resolve) => (socket.onopen = resolve))
    if (asked !== undefined) {
      const own = await asked
      if (this.#isOver) return
      socket.send(JSON.stringify({ method: 'connectionParams', data: own === null ? null : { token: own } }))
    }
    if (this.#isOver) return
    this.isOpen = true
    this.#cancelTimer()
    this.#watch(this.#options.keepAlive.intervalMs)
    this.#events.onOpen()
    this.#flush()
  }

  #hear(data: unknown): void {
    if (this.#isOver) return
    this.#heardAt = this.#options.clock.now()
    if (data === 'PING') this.#socket?.send('PONG')
    else if (data !== 'PONG') {
      try {
        this.#events.onMessage(JSON.parse(data as string) as Message)
      } catch (error) {
        this.#lose(`it sent what cannot be read: ${(error as Error).message}`)
      }
    }
  }

  #flush(): void {
    if (!this.isOpen) return
    const said = this.#said
    while (said.length > 0) {
      let count = 0
      for (let chars = 0; count < said.length && count < MAX_BATCH; count++) {
        chars += (said[count] as string).length
        if (chars > MAX_CHARS && count > 0) break
      }
      const frame = said.splice(0, count)
      this.#socket?.send(count === 1 ? (frame[0] as string) : `[${frame.join()}]`)
    }
  }

  /** Asks for a sign of life after a silence. */
  #watch(ms: number): void {
    const { clock, keepAlive } = this.#options
    this.#cancelTimer = clock.after(
      ms,
      () => {
        const silentMs = clock.now() - this.#heardAt
        if (silentMs < keepAlive.intervalMs) return this.#watch(keepAlive.intervalMs - silentMs)
        const askedAt = clock.now()
        this.#socket?.send('PING')
        this.#cancelTimer = clock.after(
          keepAlive.pongTimeoutMs,
          () => {
            if (this.#heardAt < askedAt) this.#lose('timeout: no sign of life')
            else this.#watch(keepAlive.intervalMs)
          },
          true,
        )
      },
      true,
    )
  }

  #lose(cause: string): void {
    if (this.#isOver) return
    this.close()
    this.#events.onLost(cause)
  }
}
