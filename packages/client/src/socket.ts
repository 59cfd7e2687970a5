/**
 * One socket, as far as its users can see: subscriptions and calls share a connection, which opens with the first of
 * them, is replaced when it is lost or when the server asks for it, and closes when it was idle for a while.
 *
 * A subscription goes on elsewhere, at its cursor. While it moves, the old connection serves it until the new one has
 * confirmed it. A call is answered on the connection that it was sent by, or not at all.
 */
import type { Cursor, Notice } from '@lovage/core'
import type { TRPCDataTransformer } from '@trpc/server'
import { reconnectMs } from './backoff.ts'
import { Channel, type ChannelOptions, type Message } from './channel.ts'
import type { ConnectionState } from './connection.ts'
import type { LineCallbacks } from './line.ts'
import { ServerError } from './server-error.ts'

export interface SocketOptions extends ChannelOptions {
  transformer: TRPCDataTransformer
  idleCloseMs: number
  callTimeoutMs: number
  random: () => number
}

export interface SocketEvents {
  onState(): void
}

/** `unsent`: there was no connection. `lost`: it was sent, and may have been done. `late`: it may still be. */
type Why = 'unsent' | 'lost' | 'late'

/** Why a call has no answer. */
export class NoAnswer extends Error {
  readonly why: Why

  constructor(why: Why, cause: string) {
    super(cause)
    this.why = why
  }
}

/** Where a subscription runs. */
interface Place {
  channel: Channel
  id: number
}

/** One subscription, as it is opened again on another connection. */
interface SocketLine {
  path: string
  input: object
  callbacks: LineCallbacks
  lastEventId?: Cursor
  at?: Place | undefined
  /** Where it is moving to. */
  next?: Place | undefined
  /** What came by the old connection meanwhile. */
  overlap?: Set<Cursor>
}

interface Call {
  until: number
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

interface Route {
  channel: Channel
  line?: SocketLine
  call?: Call
}

export class Socket {
  readonly lines = new Set<SocketLine>()
  state: ConnectionState = 'idle'
  /** That of the newest connection. */
  token: string | null | undefined
  readonly #options: SocketOptions
  readonly #events: SocketEvents
  /** In use. */
  #open: Channel | undefined
  /** Being opened. */
  #next: Channel | undefined
  /** Left, with requests still on them. */
  readonly #old = new Set<Channel>()
  readonly #routes = new Map<number, Route>()
  #count = 0
  #calls = 0
  /** Told when there is a connection, or will not be. */
  #waiting: (() => void)[] = []
  #whenDone: (() => void)[] = []
  #wasConnected = false
  /** Connections in a row that the server has not accepted. */
  #failures = 0
  /** Until then there is none. */
  #notBefore = 0
  #usedAt = 0
  /** Ends the wait before another one. */
  #cancelWait: (() => void) | undefined
  #cancelIdle: (() => void) | undefined
  #cancelTimeouts: (() => void) | undefined

  constructor(options: SocketOptions, events: SocketEvents) {
    this.#options = options
    this.#events = events
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Whether there is a connection, or one is being opened. */
  get isUp(): boolean {
    return (this.#open ?? this.#next) !== undefined
  }

  /** Opens a subscription. The returned function ends it, and may be called when it has ended. */
  subscribe(path: string, input: object, callbacks: LineCallbacks): () => void {
    const line: SocketLine = { path, input, callbacks }
    this.lines.add(line)
    if (this.#open !== undefined) {
      this.#open.rest(false) // it may have rested since a call
      this.#start(line, this.#open)
    } else if (this.#next === undefined && this.#cancelWait === undefined) this.#connect()
    return () => this.#leave(line)
  }

  /**
   * @param input As it is sent
   * @param token What to open a connection with, if there is none
   * @throws ServerError what the server said, NoAnswer
   */
  async call(method: string, path: string, input: string, token: string | null): Promise<unknown> {
    const { clock, transformer, callTimeoutMs } = this.#options
    if (this.#open === undefined) {
      const isHopeless = this.#cancelWait !== undefined || clock.now() < this.#notBefore
      if (!isHopeless) await this.#opened(token)
    }
    const channel = this.#open
    if (channel === undefined) throw new NoAnswer('unsent', 'there is no connection')
    if (this.#calls++ === 0) channel.rest(false)
    try {
      const data = await new Promise((resolve, reject) => {
        const call = { until: clock.now() + callTimeoutMs, resolve, reject }
        const id = this.#route({ channel, call })
        channel.say(
          `{"id":${id},"method":"${method}","params":{"path":${JSON.stringify(path)},"input":${input}}}`,
        )
        this.#cancelTimeouts ??= clock.after(callTimeoutMs, () => this.#timeOut(), true)
      })
      return transformer.deserialize(data) as unknown
    } finally {
      this.#calls -= 1
      this.#rest()
    }
  }

  /** Tries to connect now, however long it still wanted to wait. */
  hurry(): void {
    if (this.state !== 'reconnecting') return
    this.#stopWaiting()
    const slow = this.#next
    this.#connect()
    slow?.close()
  }

  /** Resolves once the calls that are under way are answered. */
  async close(): Promise<void> {
    for (const line of this.lines) this.#leave(line)
    this.#stopWaiting()
    if (this.#calls > 0) await new Promise<void>((resolve) => this.#whenDone.push(resolve))
    for (const cancel of [this.#cancelIdle, this.#cancelTimeouts]) cancel?.()
    for (const channel of [this.#open, this.#next, ...this.#old]) channel?.close()
    this.#open = this.#next = undefined
    this.#tell()
    this.#show('idle')
  }

  #opened(token: string | null): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#next === undefined) this.#connect(token)
    })
  }

  #tell(): void {
    for (const tell of this.#waiting.splice(0)) tell()
  }

  #connect(known?: string | null): void {
    const { token } = this.#options
    const ask = async (): Promise<string | null> =>
      (this.token = known === undefined ? await (token as NonNullable<typeof token>)() : known)
    const channel: Channel = new Channel(
      { ...this.#options, token: token && ask },
      {
        onOpen: () => this.#onOpen(channel),
        onMessage: (message) => this.#onMessage(channel, message),
        onLost: (cause) => this.#onLost(channel, cause),
      },
    )
    this.#next = channel
    if (this.#open === undefined)
      this.#show(this.#wasConnected || this.#failures > 0 ? 'reconnecting' : 'connecting')
  }

  #onOpen(channel: Channel): void {
    if (this.#open !== undefined) this.#retire(this.#open)
    this.#open = channel
    this.#next = undefined
    this.#wasConnected = true
    this.#show('connected')
    for (const line of this.lines) this.#start(line, channel)
    this.#tell()
    this.#rest()
  }

  #onMessage(channel: Channel, { id, method, error, result }: Message): void {
    if (id === null) {
      if (error !== undefined) this.#onRefusal(channel, error)
      else if (method === 'reconnect' && channel === this.#open) this.#move(channel)
      return
    }
    const route = this.#routes.get(id)
    if (route === undefined) return
    if (error === undefined) this.#failures = 0
    const { line, call } = route
    if (line === undefined) {
      this.#drop(id)
      if (error === undefined) call?.resolve(result?.data)
      else call?.reject(this.#errorOf(error))
      return
    }
    if (line.next?.id === id) {
      if (line.at !== undefined) this.#stop(line.at)
      line.at = line.next
      line.next = undefined
    }
    if (error === undefined && result?.type === 'data') this.#onData(line, result as Required<typeof result>)
    else if (error !== undefined || result?.type === 'stopped') {
      this.#leave(line)
      if (error === undefined) line.callbacks.onComplete()
      else line.callbacks.onError(this.#errorOf(error))
    }
  }

  #onData(line: SocketLine, { id, data }: { id: Cursor; data: unknown }): void {
    if (line.next !== undefined) line.overlap?.add(id)
    else if (line.overlap?.delete(id)) return
    line.lastEventId = id
    line.callbacks.onData((this.#options.transformer.deserialize(data) as { data: Notice }).data)
  }

  /**
   * A server whose `createContext` throws says so without naming a request, closes the socket, and says the same of
   * each subscription: so each loop would come back by itself, in its own time. Where it says who may not come in, that
   * is told. Else all lines wait together, longer each time.
   */
  #onRefusal(channel: Channel, shape: unknown): void {
    const error = this.#errorOf(shape)
    const { code } = (error.data ?? {}) as { code?: unknown }
    const isFinal = code === 'UNAUTHORIZED' || code === 'FORBIDDEN'
    for (const [id, { channel: on, call, line }] of [...this.#routes]) {
      if (on !== channel) continue
      if (call !== undefined) {
        this.#drop(id)
        call.reject(error)
      } else if (isFinal) line?.callbacks.onError(error)
    }
    channel.close()
    this.#onLost(channel, error.message)
  }

  #onLost(channel: Channel, cause: string): void {
    for (const [id, { channel: on, call }] of this.#routes) {
      if (on !== channel) continue
      this.#routes.delete(id)
      call?.reject(new NoAnswer('lost', cause))
    }
    this.#old.delete(channel)
    if (channel === this.#open) this.#open = undefined
    const hasFailed = channel === this.#next
    if (hasFailed) this.#next = undefined
    for (const line of this.lines) {
      if (line.next?.channel === channel) line.next = undefined
      if (line.at?.channel !== channel) continue
      line.at = line.next
      line.next = undefined
      if (line.at === undefined && this.#open !== undefined) this.#start(line, this.#open)
    }
    if (this.#open === undefined || hasFailed) this.#lookForAnother(hasFailed)
  }

  #lookForAnother(hasFailed: boolean): void {
    if (this.#next === undefined && this.#cancelWait === undefined) {
      if (hasFailed || this.lines.size > 0) {
        const ms = reconnectMs(this.#failures++, this.#options.random)
        this.#notBefore = this.#options.clock.now() + ms
        if (this.lines.size > 0) this.#connectAfter(ms)
      }
      if (hasFailed) this.#tell()
    }
    if (this.#open !== undefined) return
    this.#wasConnected &&= this.lines.size > 0
    this.#show(this.lines.size > 0 ? 'reconnecting' : this.isUp ? 'connecting' : 'idle')
  }

  #connectAfter(ms: number): void {
    this.#cancelWait = this.#options.clock.after(ms, () => {
      this.#cancelWait = undefined
      this.#connect()
    })
  }

  #stopWaiting(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
  }

  /** To another server, which the server asks for that is about to end. Until that one is reached, this one serves. */
  #move(channel: Channel): void {
    if (this.lines.size === 0) {
      this.#open = undefined
      this.#retire(channel)
      this.#show('idle')
    } else if (this.#next === undefined && this.#cancelWait === undefined)
      this.#connectAfter(reconnectMs(0, this.#options.random))
  }

  #start(line: SocketLine, channel: Channel): void {
    const { path, input, lastEventId, at, next } = line
    if (next !== undefined) this.#stop(next)
    const place = { channel, id: this.#route({ channel, line }) }
    if (at === undefined) line.at = place
    else {
      line.next = place
      line.overlap = new Set()
    }
    const params = { path, input: this.#options.transformer.serialize(input) as unknown, lastEventId }
    channel.say(JSON.stringify({ id: place.id, method: 'subscription', params }))
  }

  #leave(line: SocketLine): void {
    if (!this.lines.delete(line)) return
    for (const place of [line.at, line.next]) if (place !== undefined) this.#stop(place)
    this.#rest()
  }

  #stop({ channel, id }: Place): void {
    if (!this.#routes.has(id)) return
    channel.say(`{"id":${id},"method":"subscription.stop"}`)
    this.#drop(id)
  }

  #route(route: Route): number {
    const id = ++this.#count
    this.#routes.set(id, route)
    route.channel.load += 1
    return id
  }

  #drop(id: number): void {
    const channel = this.#routes.get(id)?.channel
    if (channel === undefined) return
    this.#routes.delete(id)
    channel.load -= 1
    if (this.#old.has(channel)) this.#retire(channel)
  }

  #retire(channel: Channel): void {
    if (channel.load > 0) this.#old.add(channel)
    else {
      this.#old.delete(channel)
      channel.close()
    }
  }

  /** When nobody asks for anything. */
  #rest(): void {
    if (this.lines.size > 0 || this.#calls > 0) return this.#open?.rest(false)
    for (const done of this.#whenDone.splice(0)) done()
    this.#stopWaiting()
    this.#usedAt = this.#options.clock.now()
    if (this.#open === undefined) return this.isUp ? undefined : this.#show('idle')
    this.#open.rest(true)
    if (this.#cancelIdle === undefined) this.#closeAfter(this.#options.idleCloseMs)
  }

  #closeAfter(ms: number): void {
    const { clock, idleCloseMs } = this.#options
    this.#cancelIdle = clock.after(
      ms,
      () => {
        this.#cancelIdle = undefined
        if (this.lines.size > 0 || this.#calls > 0) return
        const leftMs = this.#usedAt + idleCloseMs - clock.now()
        if (leftMs > 0) return this.#closeAfter(leftMs)
        this.#open?.close()
        this.#open = undefined
        this.#wasConnected = false
        this.#show('idle')
      },
      true,
    )
  }

  #timeOut(): void {
    const { clock } = this.#options
    this.#cancelTimeouts = undefined
    for (const [id, { call }] of this.#routes) {
      if (call === undefined) continue
      const leftMs = call.until - clock.now()
      if (leftMs > 0) {
        this.#cancelTimeouts = clock.after(leftMs, () => this.#timeOut(), true)
        return
      }
      this.#drop(id)
      call.reject(new NoAnswer('late', 'timeout: no answer came'))
    }
  }

  #errorOf(shape: unknown): ServerError {
    return new ServerError(this.#options.transformer.deserialize(shape))
  }

  #show(state: ConnectionState): void {
    this.state = state
    this.#events.onState()
  }
}
