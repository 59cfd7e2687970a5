/** Everything that a client sends and receives, by the paths of procedures. */
import { anyOf, type Clock, type Cursor, LovageError, type Notice } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { Send } from './calls-out.ts'
import type { Lines } from './lines.ts'
import { resume } from './resume.ts'

export interface WireParts {
  send: Send
  /** For a client that was closed. */
  sendLate: Send
  /** Bytes that a value takes on the wire. */
  bytesOf(value: unknown): number
  lines: Lines
  clock: Clock
  random: () => number
}

export interface Following {
  from?: Cursor | 'start' | undefined
  signal?: AbortSignal | undefined
  /** One job is followed: the terminal notice is the last. */
  untilEnd?: boolean
  /** Whether cursors rise, so that one which does not is a repeat. Default true. */
  inOrder?: boolean
}

export interface Wire extends Pick<WireParts, 'clock' | 'random' | 'bytesOf' | 'send'> {
  readonly connection: Connection
  /** Says goodbye, also when the client was closed; nobody is told whether it was heard. */
  farewell(path: string, input: object): Promise<void>
  follow(path: string, input: object, following: Following): AsyncGenerator<Notice, void, undefined>
  /** Ends every loop, and lets what carried them go. */
  close(): Promise<void>
}

const LONG_MS = 2 ** 30

export function createWire({ send, sendLate, bytesOf, lines, clock, random }: WireParts): Wire {
  const closing = new AbortController()
  const checkOpen = (): void => {
    if (closing.signal.aborted) throw new LovageError('CLOSED', { what: 'The client' })
  }
  let underWay = 0
  let stay: ReturnType<typeof setInterval> | undefined
  /** The socket of a call may be gone, and a timer that ends it keeps no process: one whose call is open must stay. */
  async function staying<T>(call: () => Promise<T>): Promise<T> {
    if (underWay++ === 0) stay = setInterval(() => {}, LONG_MS)
    try {
      return await call()
    } finally {
      if (--underWay === 0) clearInterval(stay)
    }
  }
  return {
    clock,
    random,
    connection: lines.connection,
    bytesOf,
    async send(...call) {
      checkOpen()
      return await staying(() => send(...call))
    },
    async farewell(path, input) {
      const say = closing.signal.aborted ? sendLate : send
      await staying(() => say('mutation', path, input)).catch(() => {})
    },
    async *follow(path, input, { from, signal, untilEnd = false, inOrder = true }) {
      checkOpen()
      yield* resume({
        open: (place) => lines.line(path, { ...input, ...place }),
        from,
        signal: anyOf(closing.signal, signal),
        untilEnd,
        inOrder,
        clock,
        random,
      })
    },
    async close() {
      closing.abort()
      await lines.close()
    },
  }
}
