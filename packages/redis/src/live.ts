/** The feed as it is written: a blocking read on a connection of its own. */
import { type Cursor, parseCursor, type StoredNotice, streamId } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { Keys } from './keys.ts'
import { type Run, runner, type Settings } from './script.ts'
import { goesOn } from './scripts/look.ts'
import { decodeRecords, type StreamRecord } from './stream-record.ts'

const BATCH = 500
const BLOCK_MS = 5_000
/** Not patient: another server is asked first whether the feed goes on there. */
const READ = { repeatable: false, isPatient: false, answerMs: BLOCK_MS + 2_000 }

export class LiveFeed {
  readonly #open: () => Connection
  readonly #keys: Keys
  readonly #settings: Settings
  /** The run of the server from which was read last; `null`: nobody has read yet. */
  #run: string | undefined | null = null

  constructor(open: () => Connection, keys: Keys, settings: Settings) {
    this.#open = open
    this.#keys = keys
    this.#settings = settings
  }

  /**
   * Ends, and its connection with it, when the signal is aborted: a read takes nothing away, so it may be cut.
   *
   * It also ends where something may have been lost. That is where the feed does not go on from its place: a server that
   * lost its memory has nothing for whoever waits there, and would say nothing, so it is asked at the start and whenever
   * nothing has come for a while. And it is where another server answers than before, or the same one after a start:
   * jobs of which the feed has not spoken yet may be gone.
   */
  read(after: Cursor, signal: AbortSignal): AsyncIterable<readonly StoredNotice[]> {
    const connection = this.#open()
    return new Reading(after, {
      signal,
      connection,
      run: runner(connection, this.#keys, this.#settings),
      outcomes: this.#keys.outcomes,
      isSame: () => this.#isSame(connection.serverRun),
    })
  }

  /** The tail was asked for: the first reader goes on from there, and perhaps at another server. */
  begin(run: string | undefined): void {
    if (run !== undefined) this.#run ??= run
  }

  /** A server that does not tell its run may be any other. */
  #isSame(run: string | undefined): boolean {
    const before = this.#run
    this.#run = run
    return before === null || (run !== undefined && run === before)
  }
}

interface Means {
  signal: AbortSignal
  connection: Connection
  run: Run
  /** The key. */
  outcomes: string
  /** Whether the server that answers is the one of before. */
  isSame: () => boolean
}

type Batch = IteratorResult<readonly StoredNotice[], undefined>

const OVER: Batch = { value: undefined, done: true }

/** No generator: for those a job on its own waits four turns of promises more. */
class Reading implements AsyncIterableIterator<readonly StoredNotice[], undefined> {
  readonly #means: Means
  #place: Cursor
  /** Sent ahead. */
  #reply: Promise<unknown> | undefined
  /** Of the connection, when this began. */
  #arrivals: number | undefined
  #isOver = false

  constructor(after: Cursor, means: Means) {
    this.#place = after
    this.#means = means
    means.signal.addEventListener('abort', this)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The signal is aborted. */
  handleEvent(): void {
    this.#means.connection.drop()
  }

  async next(): Promise<Batch> {
    if (this.#isOver) return OVER
    const { signal, connection, isSame } = this.#means
    try {
      if (this.#arrivals === undefined) {
        if (!(await this.#goesOn()) || !isSame()) return this.#end()
        this.#arrivals = connection.arrivals
      } else if (this.#reply === undefined) {
        // Who was told of the notices is not kept waiting for it, and what he sends upon them goes first.
        await new Promise(setImmediate)
      }
      while (!signal.aborted) {
        const reply = await (this.#reply ?? this.#ask(streamId(this.#place)))
        this.#reply = undefined
        // Between two reads it may have come back from an outage by itself.
        if (connection.arrivals !== this.#arrivals) break
        if (reply === null) {
          if (!(await this.#goesOn())) break
          continue
        }
        const [[, records]] = reply as [[stream: string, records: StreamRecord[]]]
        if (records.length === BATCH) this.#askAhead((records.at(-1) as StreamRecord)[0])
        const { notices, cursor } = decodeRecords(records, this.#place)
        this.#place = cursor
        if (notices.length > 0) return { value: notices, done: false }
      }
    } catch (error) {
      this.#end()
      if (!signal.aborted) throw error
    }
    return this.#end()
  }

  return(): Promise<Batch> {
    return Promise.resolve(this.#end())
  }

  #ask(id: string): Promise<unknown> {
    const { connection, outcomes } = this.#means
    const args = ['COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', outcomes, id]
    return connection.command('xread', args, READ)
  }

  /** There is more: the server has it ready when what came is read. */
  #askAhead(id: string): void {
    this.#reply = this.#ask(id)
    this.#reply.catch(() => {}) // whoever asks for the next batch hears of it
  }

  #goesOn(): Promise<boolean> {
    return this.#means.run(goesOn, { after: streamId(this.#place), seq: parseCursor(this.#place).seq })
  }

  #end(): Batch {
    const { signal, connection } = this.#means
    signal.removeEventListener('abort', this)
    connection.drop()
    this.#isOver = true
    return OVER
  }
}
