/** Everything that a client sends and receives, by the paths of procedures. */
import { type Clock, type Cursor, type Job, type JobSource, LovageError, type Notice } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { HttpCalls } from './http-calls.ts'
import type { Lines } from './lines.ts'
import { resume } from './resume.ts'

export interface WireParts {
  http: HttpCalls
  lines: Lines
  clock: Clock
  random: () => number
}

interface Following {
  path: string
  /** What is asked for, without the place. */
  input: object
  from: Cursor | 'start' | undefined
  signal: AbortSignal | undefined
  untilEnd: boolean
  /** Whether cursors rise, so that one which does not is a repeat. Default true. */
  inOrder?: boolean
}

export class Wire {
  readonly clock: Clock
  readonly random: () => number
  readonly #parts: WireParts
  readonly #closing = new AbortController()

  constructor(parts: WireParts) {
    this.#parts = parts
    this.clock = parts.clock
    this.random = parts.random
  }

  get connection(): Connection {
    return this.#parts.lines.connection
  }

  async query<Answer>(path: string, input: object): Promise<Answer> {
    this.#checkOpen()
    return (await this.#parts.http.query(path, input)) as Answer
  }

  async mutate<Answer>(path: string, input: object, bytes = 0): Promise<Answer> {
    this.#checkOpen()
    return (await this.#parts.http.mutate(path, input, bytes)) as Answer
  }

  /** Says goodbye, also when the client was closed; nobody is told whether it was heard. */
  async farewell(path: string, input: object): Promise<void> {
    await this.#parts.http.mutate(path, input, 0).catch(() => {})
  }

  async *follow({
    path,
    input,
    from,
    signal,
    untilEnd,
    inOrder = true,
  }: Following): AsyncGenerator<Notice, void, undefined> {
    this.#checkOpen()
    const { lines, clock, random } = this.#parts
    const { signal: closing } = this.#closing
    yield* resume({
      open: (place) => lines.line(path, { ...input, ...place }),
      from,
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
      untilEnd,
      inOrder,
      clock,
      random,
    })
  }

  /** The jobs that the procedures at a path know: those of one task, or of all. */
  jobs(path: string): JobSource {
    return {
      get: (id) => this.query<Job>(under(path, 'get'), { id }),
      cancel: (id, reason) => this.mutate(under(path, 'cancel'), { id, reason }),
      follow: (id, from, signal, logs) =>
        this.follow({
          path: under(path, 'notices'),
          input: logs ? { id } : { id, logs },
          from,
          signal,
          untilEnd: true,
        }),
    }
  }

  /** Ends every loop, and lets what carried them go. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#parts.lines.close()
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new LovageError('CLOSED', { what: 'The client' })
  }
}

/** The path of a procedure; a router that is served by itself has none of its own. */
export const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
