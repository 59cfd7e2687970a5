/** The feed as it is written: a blocking read on a connection of its own. */
import { type Cursor, parseCursor, type StoredNotice, streamId } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { Keys } from './keys.ts'
import { runner, type Settings } from './script.ts'
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
  async *read(after: Cursor, signal: AbortSignal): AsyncGenerator<readonly StoredNotice[], void, undefined> {
    parseCursor(after)
    let place = after
    const connection = this.#open()
    const run = runner(connection, this.#keys, this.#settings)
    const end = (): void => connection.drop()
    signal.addEventListener('abort', end)
    try {
      if (!(await run(goesOn, placeArgs(place))) || !this.#isSame(connection.serverRun)) return
      const { arrivals } = connection
      while (!signal.aborted) {
        const args = ['COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', this.#keys.outcomes, streamId(place)]
        const reply = await connection.command('xread', args, READ)
        // Between two reads it may have come back from an outage by itself.
        if (connection.arrivals !== arrivals) return
        if (reply === null) {
          if (!(await run(goesOn, placeArgs(place)))) return
          continue
        }
        const [[, records]] = reply as [[stream: string, records: StreamRecord[]]]
        const { notices, cursor } = decodeRecords(records, place)
        place = cursor
        if (notices.length === 0) continue
        yield notices
        // Whoever waits for them is told before the next read is sent: a write to the socket takes as long as all of that.
        await new Promise(process.nextTick)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', end)
      connection.drop()
    }
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

const placeArgs = (place: Cursor) => ({ after: streamId(place), seq: parseCursor(place).seq })
