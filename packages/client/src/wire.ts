/** Everything that a client sends and receives, by the paths of procedures. */
import { staying } from '#runtime'
import { anyOf, type Clock, type Cursor, LovageError, type Notice } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { Send } from './calls-out.ts'
import type { Lines } from './lines.ts'
import { resume } from './resume.ts'

export interface WireParts {
  send: Send
  /** For a client that was closed. */
  sendLate: Send
  /** As it is sent. */
  serialize(value: unknown): unknown
  /** Of the server, for errors. */
  url: string
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

export interface Wire extends Pick<WireParts, 'clock' | 'random' | 'serialize' | 'url' | 'send'> {
  readonly connection: Connection
  /** As `send`, also when the client was closed. */
  sendLate: Send
  follow(path: string, input: object, following: Following): AsyncGenerator<Notice, void, undefined>
  /** Ends every loop, and lets what carried them go. */
  close(): Promise<void>
}

export function createWire({ send, sendLate, lines, ...shared }: WireParts): Wire {
  const { clock, random } = shared
  const closing = new AbortController()
  const checkOpen = (): void => {
    if (closing.signal.aborted) throw new LovageError('CLOSED', { what: 'The client' })
  }
  return {
    ...shared,
    connection: lines.connection,
    async send(...call) {
      checkOpen()
      return await staying(() => send(...call))
    },
    sendLate: (...call) => staying(() => (closing.signal.aborted ? sendLate : send)(...call)),
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
