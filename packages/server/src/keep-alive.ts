/** Signs of life that a server asks of a socket that has fallen silent, as tRPC's clients give them. */
import type { KeepAlive } from './event-stream.ts'

export interface Watched {
  say(text: string): void
  terminate(): void
}

export class Watch {
  readonly #socket: Watched
  readonly #keepAlive: KeepAlive
  #timer: NodeJS.Timeout
  #isAsked = false

  constructor(socket: Watched, keepAlive: KeepAlive) {
    this.#socket = socket
    this.#keepAlive = keepAlive
    this.#timer = setTimeout(this.#ask, keepAlive.pingMs)
  }

  /** Something was heard. */
  heard(): void {
    if (!this.#isAsked) return void this.#timer.refresh()
    this.stop()
    this.#isAsked = false
    this.#timer = setTimeout(this.#ask, this.#keepAlive.pingMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #ask = (): void => {
    this.#socket.say('PING')
    this.#isAsked = true
    this.#timer = setTimeout(() => this.#socket.terminate(), this.#keepAlive.pongWaitMs)
  }
}
