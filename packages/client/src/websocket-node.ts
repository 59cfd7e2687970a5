/** Node 20 has no WebSocket of its own. */
import { WebSocket as NodeWebSocket } from 'ws'

/** A peer who accepts a connection and then says nothing would be waited for without end. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** A dead peer never confirms the end of a socket; `ws` would wait 30 s for him before we may reconnect. */
const CLOSE_TIMEOUT_MS = 3_000

class PatientWebSocket extends NodeWebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    } as object)
  }
}

export const WebSocket = PatientWebSocket as unknown as typeof globalThis.WebSocket
