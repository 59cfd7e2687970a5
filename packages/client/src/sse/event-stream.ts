/**
 * One subscription as Server-Sent Events, read with `fetch`: so the token travels in a header, where an `EventSource`
 * could only put it into the address, and a lost connection is waited for with our backoff and not with the browser's.
 */
import type { Clock, Cursor, Notice } from '@lovage/core'
import type { TRPCDataTransformer } from '@trpc/server'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { reconnectMs } from '../backoff.ts'
import type { ConnectionState } from '../connection.ts'
import type { LineCallbacks } from '../line.ts'
import type { TransportOptions } from '../lines.ts'
import { pause } from '../page.ts'
import { fetchOf, headersOf } from '../requests.ts'
import { ServerError } from '../server-error.ts'

/** Nothing of what came is an answer of tRPC's: the connection was lost, or something stands before the server. */
class Lost extends Error {}

export class EventStream {
  state: ConnectionState = 'connecting'
  readonly #options: TransportOptions
  readonly #callbacks: LineCallbacks
  readonly #onState: () => void
  readonly #stop = new AbortController()
  /** The place to go on at. */
  #lastEventId: Cursor | undefined
  #failures = 0

  constructor(
    options: TransportOptions,
    { path, input }: { path: string; input: object },
    callbacks: LineCallbacks,
    onState: () => void,
  ) {
    this.#options = options
    this.#callbacks = callbacks
    this.#onState = onState
    void this.#run(path, input)
  }

  close(): void {
    this.#stop.abort()
  }

  async #run(path: string, input: object): Promise<void> {
    const { clock, random } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#connect(path, { ...input, ...(this.#lastEventId && { lastEventId: this.#lastEventId }) })
        return this.#callbacks.onComplete()
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof Lost)) return this.#callbacks.onError(error)
      }
      this.#show('reconnecting')
      await pause(clock, reconnectMs(this.#failures, random), random, signal)
      this.#failures += 1
    }
  }

  /** Resolves when the server has ended the subscription. @throws what it said, or `Lost` */
  async #connect(path: string, input: object): Promise<void> {
    const { url, transformer, timeoutMs, clock } = this.#options
    const send = fetchOf(this.#options)
    const quiet = new Silence(clock, timeoutMs)
    try {
      const query = encodeURIComponent(JSON.stringify(transformer.serialize(input)))
      const response = await lost(
        send(`${url}/${path}?input=${query}`, {
          headers: { ...(await headersOf(this.#options)), accept: 'text/event-stream' },
          cache: 'no-store',
          signal: AbortSignal.any([this.#stop.signal, quiet.signal]),
        }),
      )
      const { body } = response
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
      if (body === null || !isStream) throw errorOf(await lost(response.text()), transformer)
      await this.#read(body.getReader(), quiet)
    } finally {
      quiet.end()
    }
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, quiet: Silence): Promise<void> {
    const { transformer } = this.#options
    let isOver = false
    const onEvent = ({ event = 'message', data, id }: EventSourceMessage): void => {
      if (this.#stop.signal.aborted) return
      if (event === 'connected') {
        quiet.allow((JSON.parse(data) as { reconnectAfterInactivityMs?: number }).reconnectAfterInactivityMs)
        this.#show('connected')
      } else if (event === 'message') {
        this.#failures = 0
        if (id !== undefined) this.#lastEventId = id
        this.#callbacks.onData(transformer.deserialize(JSON.parse(data)) as Notice)
      } else if (event === 'serialized-error') {
        throw new ServerError(transformer.deserialize(JSON.parse(data)))
      } else if (event === 'return') isOver = true
    }
    const parser = createParser({ onEvent })
    const decoder = new TextDecoder()
    try {
      while (!isOver) {
        const { done, value } = await lost(reader.read())
        if (done) throw new Lost('the stream broke off')
        quiet.heard()
        parser.feed(decoder.decode(value, { stream: true }))
      }
    } finally {
      reader.cancel().catch(() => {})
    }
  }

  #show(state: ConnectionState): void {
    this.state = state
    this.#onState()
  }
}

async function lost<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise
  } catch (cause) {
    throw new Lost('the connection failed', { cause })
  }
}

/** An answer that is no stream is an error of tRPC's, or of a stranger. */
function errorOf(text: string, transformer: TRPCDataTransformer): Error {
  try {
    const { error } = JSON.parse(text) as { error: unknown }
    if (error !== undefined) return new ServerError(transformer.deserialize(error))
  } catch {
    // A page of a proxy.
  }
  return new Lost('something else answered')
}

/** Aborts when nothing was heard for too long. */
class Silence {
  readonly #clock: Clock
  readonly #over = new AbortController()
  #allowedMs: number | undefined
  #heardAt = 0
  #cancel = (): void => {}

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.allow(ms)
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** `undefined`: for ever, for a server that does not say how often it gives a sign of life. */
  allow(ms: number | undefined): void {
    this.#allowedMs = ms
    this.heard()
    this.#cancel()
    if (ms !== undefined) this.#wait(ms)
  }

  heard(): void {
    this.#heardAt = this.#clock.now()
  }

  end(): void {
    this.#cancel()
    this.#allowedMs = undefined
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      if (this.#allowedMs === undefined) return
      const leftMs = this.#heardAt + this.#allowedMs - this.#clock.now()
      if (leftMs <= 0) this.#over.abort()
      else this.#wait(leftMs)
    })
  }
}
