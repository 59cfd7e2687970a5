/**
 * What the client of a connection still has to read. tRPC's websocket adapter takes from a subscription whatever comes
 * and never looks; what a client does not read would wait in our memory. So subscriptions look themselves: while much
 * waits they take nothing more from the feed, whose own buffers are bounded, and a client who reads nothing at all
 * loses his connection. He resumes at his cursor. (Server-Sent Events wait for their reader by themselves.)
 */
import { type Clock, sleep, systemClock } from '@lovage/core'
import { PATIENCE_MS, ROOM_BYTES } from './limits.ts'

/** The part of a websocket that is looked at: `ws` has it, and whatever is like it. */
export interface Backlog {
  readonly bufferedAmount: number
  terminate(): void
}

/** A socket does not tell when its buffer is empty again. */
export const LOOK_MS = 20

export class Outlet {
  readonly #socket: Backlog | undefined
  readonly #patienceMs: number
  readonly #clock: Clock
  /** @param connection What a tRPC adapter gives as `res`. */
  constructor(connection: unknown, patienceMs: number = PATIENCE_MS, clock: Clock = systemClock) {
    this.#socket = isBacklog(connection) ? connection : undefined
    this.#patienceMs = patienceMs
    this.#clock = clock
  }

  get isSocket(): boolean {
    return this.#socket !== undefined
  }

  get isFull(): boolean {
    return this.#socket !== undefined && this.#socket.bufferedAmount > ROOM_BYTES
  }

  /**
   * Resolves when there is room again, or the signal is aborted, with whether that had to be waited for; cuts a
   * connection where nothing moves.
   */
  async room(signal: AbortSignal): Promise<boolean> {
    const socket = this.#socket as Backlog
    await new Promise(setImmediate) // what one turn of the event loop has written goes out at its end
    if (!this.isFull) return false
    let least = socket.bufferedAmount
    let movedAt = this.#clock.now()
    while (socket.bufferedAmount > ROOM_BYTES / 2 && !signal.aborted) {
      if (socket.bufferedAmount < least) movedAt = this.#clock.now()
      else if (this.#clock.now() - movedAt >= this.#patienceMs) {
        socket.terminate()
        return true
      }
      least = socket.bufferedAmount
      await sleep(this.#clock, LOOK_MS, signal)
    }
    return true
  }
}

function isBacklog(connection: unknown): connection is Backlog {
  const { bufferedAmount, terminate } = (connection ?? {}) as Partial<Backlog>
  return typeof bufferedAmount === 'number' && typeof terminate === 'function'
}
