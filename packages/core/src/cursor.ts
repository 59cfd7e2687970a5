/**
 * A cursor is a place in the feed of notices: the id of the record that was seen last, and its number.
 *
 * It reads `<ms>-<n>.<seq>`. The first part is the record's id on the stream and orders the feed; `seq` counts the
 * records densely, so that whoever comes back after the history was trimmed can be told how many are missing.
 * Callers treat it as opaque.
 */
import { LovageError } from './errors.ts'

export type Cursor = string

/** The place before the first record. */
export const START: Cursor = '0-0.0'

export interface Place {
  ms: number
  n: number
  seq: number
}

/** @throws LovageError `CURSOR_INVALID` */
export function parseCursor(cursor: Cursor): Place {
  const match = /^(\d{1,16})-(\d{1,16})\.(\d{1,16})$/.exec(cursor)
  if (!match) throw new LovageError('CURSOR_INVALID', { cursor: cursor.slice(0, 100) })
  return { ms: Number(match[1]), n: Number(match[2]), seq: Number(match[3]) }
}

/** The id of the cursor's record on the stream: `<ms>-<n>`. */
export const streamId = (cursor: Cursor): string => cursor.slice(0, cursor.indexOf('.'))

/** Below zero when `a` stands before `b` in the feed, zero when they are one place. */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a === b) return 0
  const left = parseCursor(a)
  const right = parseCursor(b)
  return left.ms - right.ms || left.n - right.n
}

/** The highest `n` that a cursor can have. */
const LAST_N = Number.MAX_SAFE_INTEGER

/** The place just before a record, after `seq` others. */
export function placeBefore(cursor: Cursor, seq: number): Cursor {
  const { ms, n } = parseCursor(cursor)
  return n > 0 ? `${ms}-${n - 1}.${seq}` : `${Math.max(0, ms - 1)}-${ms > 0 ? LAST_N : 0}.${seq}`
}
