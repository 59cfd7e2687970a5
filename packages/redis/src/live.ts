/** The feed as it is written: a blocking read on a connection of its own. */
import { type Cursor, parseCursor, type StoredNotice, streamId } from '@lovage/core'
import type { Connection } from './connection.ts'
import { decodeRecords, type StreamRecord } from './stream-record.ts'

const BATCH = 500
const BLOCK_MS = 5_000
const ANSWER_MS = BLOCK_MS + 2_000

/**
 * Ends, and its connection with it, when the signal is aborted: a read takes nothing away, so it may be cut.
 */
export async function* readLive(
  connection: Connection,
  stream: string,
  after: Cursor,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredNotice[], void, undefined> {
  parseCursor(after)
  const end = (): void => connection.drop()
  signal.addEventListener('abort', end)
  try {
    let place = after
    while (!signal.aborted) {
      const args = ['COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', stream, streamId(place)]
      const reply = await connection.command('xread', args, { repeatable: false, answerMs: ANSWER_MS })
      if (reply === null) continue
      const [[, records]] = reply as [[stream: string, records: StreamRecord[]]]
      const { notices, cursor } = decodeRecords(records, place)
      place = cursor
      if (notices.length > 0) yield notices
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', end)
    connection.drop()
  }
}
