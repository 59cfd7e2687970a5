/** A socket that costs its client the connection when he does not read, or writes nonsense. */
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { MAX_BUFFERED_BYTES } from './limits.ts'
import { Strikes } from './strikes.ts'
import { framed } from './text-frames.ts'

/** More than this is not gathered: what waits for a client must be seen to. */
const PIECE_CHARS = 65_536

export class BoundedSocket extends WebSocket {
  #strikes: Strikes | undefined
  #stream: Duplex | undefined
  /** Said in this turn of the event loop. */
  #said: string[] = []
  #chars = 0

  /** Tells what it writes to: so all that is said in one turn of the event loop goes out as one piece, at the price of one. */
  writesTo(stream: Duplex): void {
    this.#stream = stream
  }

  get isOpen(): boolean {
    return this.readyState === WebSocket.OPEN
  }

  /** Says texts that each have this beginning, unless the socket is no longer open. */
  sendFrames(head: string, texts: readonly string[]): boolean {
    if (!this.isOpen) return false
    for (const text of texts) this.say(head + text)
    return true
  }

  /** A client who does not read makes his frames wait here, in memory: beyond a bound he loses the connection. */
  say(text: string): void {
    if (this.bufferedAmount > MAX_BUFFERED_BYTES) return this.terminate()
    this.#chars += text.length
    if (this.#said.push(text) === 1 && speakers.push(this) === 1) setImmediate(BoundedSocket.#flushAll)
    else if (this.#chars > PIECE_CHARS) this.#flush()
  }

  strike(): void {
    this.#strikes ??= new Strikes()
    if (this.#strikes.isOut()) this.terminate()
  }

  override close(code?: number, reason?: string | Buffer): void {
    this.#flush()
    super.close(code, reason)
  }

  #flush(): void {
    const said = this.#said
    if (said.length === 0) return
    this.#said = []
    this.#chars = 0
    if (this.isOpen) this.#stream?.write(framed(said))
  }

  static #flushAll(): void {
    const all = speakers
    speakers = []
    for (const socket of all) socket.#flush()
  }
}

/** Those that have said something in this turn of the event loop. */
let speakers: BoundedSocket[] = []
