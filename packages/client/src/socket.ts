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
  lastEventId?: Cursor | undefined
  at?: Place | undefined
  /** Where it is moving to. What came by the old connection meanwhile comes again: `seen.ts` drops it, and consumers. */
  next?: Place | undefined
}

interface Call {
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
  /** Its token was good: something was heard. */
  isGood = false
  readonly #options: SocketOptions
  readonly #onState: () => void
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
  /** Ends the wait before another one. */
  #cancelWait: (() => void) | undefined
  #cancelIdle: (() => void) | undefined

  constructor(options: SocketOptions, onState: () => void) {
    this.#options = options
    this.#onState = onState
  }

  /** Whether there is a connection, or one is being opened. */
  get isUp(): boolean {
    return (this.#open ?? this.#next) !== undefined
  }

  get #isBusy(): boolean {
    return this.lines.size > 0 || this.#calls > 0
  }

  /** Whether another connection is on its way. */
  get #isOnItsWay(): boolean {
    return (this.#next ?? this.#cancelWait) !== undefined
  }

  /** Opens a subscription. The returned function ends it, and may be called when it has ended. */
  subscribe(path: string, input: object, callbacks: LineCallbacks): () => void {
    const line: SocketLine = { path, input, callbacks }
    this.lines.add(line)
    if (this.#open) {
      this.#open.rest(false) // it may have rested since a call
      this.#start(line, this.#open)
    } else if (!this.#isOnItsWay) this.#connect()
    return () => this.#leave(line)
  }

  /**
   * @param input As it is sent
   * @param token What to open a connection with, if there is none
   * @throws ServerError what the server said, NoAnswer
   */
  async call(method: string, path: string, input: string, token: string | null): Promise<unknown> {
    const { clock, transformer, callTimeoutMs } = this.#options
    const isHopeless = this.#cancelWait !== undefined || clock.now() < this.#notBefore
    if (!this.#open && !isHopeless) await this.#opened(token)
    const channel = this.#open
    if (!channel) throw new NoAnswer('unsent', 'there is no connection')
    if (this.#calls++ === 0) channel.rest(false)
    let cancelTimeout = (): void => {}
    try {
      const data = await new Promise((resolve, reject) => {
        const id = this.#route({ channel, call: { resolve, reject } })
        channel.say(
          `{"id":${id},"method":"${method}","params":{"path":${JSON.stringify(path)},"input":${input}}}`,
        )
        const timeOut = (): void => {
          this.#drop(id)
          reject(new NoAnswer('late', 'timeout: no answer came'))
        }
        cancelTimeout = clock.after(callTimeoutMs, timeOut, true)
      })
      return transformer.deserialize(data) as unknown
    } finally {
      cancelTimeout()
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
    this.#cancelIdle?.()
    for (const channel of [this.#open, this.#next, ...this.#old]) channel?.close()
    this.#open = this.#next = undefined
    this.#tell()
    this.#show('idle')
  }

  #opened(token: string | null): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#next) this.#connect(token)
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
    if (!this.#open) this.#show(this.#wasConnected || this.#failures > 0 ? 'reconnecting' : 'connecting')
  }

  #onOpen(channel: Channel): void {
    if (this.#open) this.#retire(this.#open)
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
      if (error) this.#onRefusal(channel, error)
      else if (method === 'reconnect' && channel === this.#open) this.#move(channel)
      return
    }
    const route = this.#routes.get(id)
    if (!route) return
    if (!error) this.#failures = 0
    const { line, call } = route
    if (!line) {
      this.#drop(id)
      if (error) return call?.reject(this.#errorOf(error))
      this.isGood = true
      return call?.resolve(result?.data)
    }
    if (line.next?.id === id) {
      this.#stop(line.at)
      line.at = line.next
      line.next = undefined
    }
    if (error) {
      this.#leave(line)
      line.callbacks.onError(this.#errorOf(error))
    } else if (result?.type === 'stopped') {
      this.#leave(line)
      line.callbacks.onComplete()
    } else if (result?.type === 'data') {
      this.isGood = true
      line.lastEventId = result.id
      line.callbacks.onData((this.#options.transformer.deserialize(result.data) as { data: Notice }).data)
    }
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
      if (call) {
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
      if (!line.at && this.#open) this.#start(line, this.#open)
    }
    if (!this.#open || hasFailed) this.#lookForAnother(hasFailed)
  }

  #lookForAnother(hasFailed: boolean): void {
    if (!this.#isOnItsWay) {
      if (hasFailed || this.lines.size > 0) {
        const ms = reconnectMs(this.#failures++, this.#options.random)
        this.#notBefore = this.#options.clock.now() + ms
        if (this.lines.size > 0) this.#connectAfter(ms)
      }
      if (hasFailed) this.#tell()
    }
    if (this.#open) return
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
    } else if (!this.#isOnItsWay) this.#connectAfter(reconnectMs(0, this.#options.random))
  }

  #start(line: SocketLine, channel: Channel): void {
    const { path, input, lastEventId, at, next } = line
    this.#stop(next)
    const place = { channel, id: this.#route({ channel, line }) }
    line[at ? 'next' : 'at'] = place
    const params = { path, input: this.#options.transformer.serialize(input) as unknown, lastEventId }
    channel.say(JSON.stringify({ id: place.id, method: 'subscription', params }))
  }

  #leave(line: SocketLine): void {
    if (!this.lines.delete(line)) return
    this.#stop(line.at)
    this.#stop(line.next)
    this.#rest()
  }

  #stop(place: Place | undefined): void {
    if (!place || !this.#routes.has(place.id)) return
    place.channel.say(`{"id":${place.id},"method":"subscription.stop"}`)
    this.#drop(place.id)
  }

  #route(route: Route): number {
    const id = ++this.#count
    this.#routes.set(id, route)
    route.channel.load += 1
    return id
  }

  #drop(id: number): void {
    const channel = this.#routes.get(id)?.channel
    if (!channel) return
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
    if (this.#isBusy) return this.#open?.rest(false)
    for (const done of this.#whenDone.splice(0)) done()
    this.#stopWaiting()
    if (!this.#open) return this.isUp ? undefined : this.#show('idle')
    this.#open.rest(true)
    this.#cancelIdle?.()
    this.#cancelIdle = this.#options.clock.after(this.#options.idleCloseMs, () => this.#closeIdle(), true)
  }

  #closeIdle(): void {
    if (this.#isBusy) return
    this.#open?.close()
    this.#open = undefined
    this.#wasConnected = false
    this.#show('idle')
  }

  #errorOf(shape: unknown): ServerError {
    return new ServerError(this.#options.transformer.deserialize(shape))
  }

  #show(state: ConnectionState): void {
    this.state = state
    this.#onState()
  }
}
