/** What Node does otherwise than a page: 20 has no WebSocket of its own, and a process ends when nothing keeps it. */
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

/** As long as timers can be. */
const LONG_MS = 2 ** 30
let underWay = 0
let stay: ReturnType<typeof setInterval> | undefined

/** The socket of a call may be gone, and a timer that ends it keeps no process: one whose call is open must stay. */
export async function staying<T>(call: () => Promise<T>): Promise<T> {
  if (underWay++ === 0) stay = setInterval(() => {}, LONG_MS)
  try {
    return await call()
  } finally {
    if (--underWay === 0) clearInterval(stay)
  }
}
