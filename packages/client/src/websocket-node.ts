/** Node 20 has no WebSocket of its own. */
import type { Socket } from 'node:net'
import { WebSocket as NodeWebSocket } from 'ws'

/** A peer who accepts a connection and then says nothing would be waited for without end. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** A dead peer never confirms the end of a socket; `ws` would wait 30 s for him before we may reconnect. */
const CLOSE_TIMEOUT_MS = 3_000

class PatientWebSocket extends NodeWebSocket {
  #connection: Socket | undefined

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    } as object)
    this.on('upgrade', ({ socket }) => {
      this.#connection = socket
    })
  }

  /** A process that has nothing else to do need not stay for an idle socket. */
  rest(isIdle: boolean): void {
    // A socket that has ended takes each word for one about its next connection, and keeps a listener for it.
    if (this.#connection?.destroyed === true) return
    if (isIdle) this.#connection?.unref()
    else this.#connection?.ref()
  }
}

export const WebSocket = PatientWebSocket as unknown as typeof globalThis.WebSocket
