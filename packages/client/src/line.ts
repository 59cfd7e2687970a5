/** One subscription, from its opening to its end: a bounded buffer between the socket, which pushes, and a loop. */
import type { Notice } from '@lovage/core'

export interface LineCallbacks {
  onData(notice: Notice): void
  onError(error: unknown): void
  /** The token that was good for what it travels on has run out: a next line asks for another one. */
  onExpired(): void
  onComplete(): void
}

/** Opens a subscription; the returned function ends it. */
export type OpenLine = (callbacks: LineCallbacks) => () => void

/**
 * How a line ended. `full`: the loop was slower than the socket; what came is all delivered, and more is at the server.
 * `expiry`: the token was good, and is so no longer.
 */
export type LineEnd = { by: 'server' | 'full' | 'expiry' | 'us' } | { by: 'error'; error: unknown }

export interface Line {
  /** What came since the last call, or how it ended, when all that came has been taken. */
  take(): Promise<Notice[] | LineEnd>
  /** Ends it from this side; what waits is dropped. */
  hangUp(): void
}

/** Notices that may wait for a slow loop; beyond, the server's history is cheaper than our memory. */
const BUFFER_MAX = 1_000

export function createLine(open: OpenLine): Line {
  let waiting: Notice[] = []
  let end: LineEnd | undefined
  let wake = (): void => {}
  let close = (): void => {}

  function finish(how: LineEnd): void {
    if (end !== undefined) return
    end = how
    close()
    wake()
  }

  close = open({
    onData(notice) {
      if (end !== undefined) return
      if (waiting.push(notice) >= BUFFER_MAX) finish({ by: 'full' })
      wake()
    },
    onError: (error) => finish({ by: 'error', error }),
    onExpired: () => finish({ by: 'expiry' }),
    onComplete: () => finish({ by: 'server' }),
  })
  if (end !== undefined) close() // it ended while it was opened

  return {
    async take() {
      while (waiting.length === 0) {
        if (end !== undefined) return end
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const notices = waiting
      waiting = []
      return notices
    },
    hangUp() {
      waiting = []
      finish({ by: 'us' })
    },
  }
}
