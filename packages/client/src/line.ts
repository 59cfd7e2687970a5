/** One subscription, from its opening to its end: a bounded buffer between the socket, which pushes, and a loop. */
import type { Notice } from '@lovage/core'

export interface LineCallbacks {
  onData(notice: Notice): void
  onError(error: unknown): void
  onComplete(): void
}

/** Opens a subscription; the returned function ends it. */
export type OpenLine = (callbacks: LineCallbacks) => () => void

/** How a line ended. `full`: the loop was slower than the socket; what came is all delivered, and more is at the server. */
export type LineEnd = { by: 'server' | 'full' | 'us' } | { by: 'error'; error: unknown }

/** Notices that may wait for a slow loop; beyond, the server's history is cheaper than our memory. */
const BUFFER_MAX = 1_000

export class Line {
  #waiting: Notice[] = []
  #end: LineEnd | undefined
  #wake: (() => void) | undefined
  readonly #close: () => void

  constructor(open: OpenLine) {
    this.#close = open({
      onData: (notice) => this.#receive(notice),
      onError: (error) => this.#finish({ by: 'error', error }),
      onComplete: () => this.#finish({ by: 'server' }),
    })
    if (this.#end !== undefined) this.#close() // it ended while it was opened
  }

  /** What came since the last call, or how it ended, when all that came has been taken. */
  async take(): Promise<Notice[] | LineEnd> {
    while (this.#waiting.length === 0) {
      if (this.#end !== undefined) return this.#end
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const notices = this.#waiting
    this.#waiting = []
    return notices
  }

  /** Ends it from this side; what waits is dropped. */
  hangUp = (): void => {
    this.#waiting = []
    this.#finish({ by: 'us' })
  }

  #receive(notice: Notice): void {
    if (this.#end !== undefined) return
    this.#waiting.push(notice)
    if (this.#waiting.length >= BUFFER_MAX) this.#finish({ by: 'full' })
    this.#wake?.()
  }

  #finish(end: LineEnd): void {
    if (this.#end === undefined) {
      this.#end = end
      this.#close?.()
    }
    this.#wake?.()
  }
}
