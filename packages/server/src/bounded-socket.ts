/** A socket that costs its client the connection when he does not read, or writes nonsense. */
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { Outgoing } from './frames.ts'
import { MAX_BUFFERED_BYTES } from './limits.ts'
import { Strikes } from './strikes.ts'

/** What tRPC answers to frames that are no calls; nobody else is told of them. */
const TO_GARBAGE = '{"id":null,"error"'

export class BoundedSocket extends WebSocket {
  #strikes: Strikes | undefined
  #stream: Duplex | undefined
  #isCorked = false

  /** Tells what it writes to: so the frames of one turn of the event loop go out together, at the price of one. */
  corks(stream: Duplex): void {
    this.#stream = stream
  }

  /** Sends frames that each have this beginning, unless the socket is no longer open. */
  sendFrames(head: string, texts: readonly string[]): boolean {
    if (this.readyState !== WebSocket.OPEN) return false
    this.send(new Outgoing(head, texts))
    return true
  }

  /** A client who does not read makes his frames wait here, in memory: beyond a bound he loses the connection. */
  override send(...args: unknown[]): void {
    const [data] = args
    if (typeof data === 'string' && data.startsWith(TO_GARBAGE)) this.strike()
    if (this.bufferedAmount > MAX_BUFFERED_BYTES) return this.terminate()
    this.#cork()
    if (data instanceof Outgoing) for (const text of data.texts) super.send(data.head + text)
    else (super.send as (...args: unknown[]) => void)(...args)
  }

  strike(): void {
    this.#strikes ??= new Strikes()
    if (this.#strikes.isOut()) this.terminate()
  }

  #cork(): void {
    if (this.#stream === undefined || this.#isCorked) return
    this.#isCorked = true
    this.#stream.cork()
    corked.push(this)
    if (corked.length === 1) setImmediate(BoundedSocket.#uncorkAll)
  }

  static #uncorkAll(): void {
    const all = corked
    corked = []
    for (const socket of all) {
      socket.#isCorked = false
      socket.#stream?.uncork()
    }
  }
}

/** Those that have written in this turn of the event loop. */
let corked: BoundedSocket[] = []
