/**
 * A cursor is a place in the feed of notices: the id of the record that was seen last, and its number.
 *
 * It reads `<ms>-<n>.<seq>`. The first part is the record's id on the stream and orders the feed; `seq` counts the
 * records densely, so that whoever comes back after the history was trimmed can be told how many are missing.
 * Callers treat it as opaque.
 *
 * The joint feed of a partitioned queue has a place in each partition: its cursors are those of all partitions, in
 * their order, with commas between them.
 */
import { LovageError } from './errors.ts'
import { numberIn } from './number-in.ts'

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
  const dash = cursor.indexOf('-')
  const dot = cursor.indexOf('.', dash)
  const ms = numberIn(cursor, 0, dash)
  const n = numberIn(cursor, dash + 1, dot)
  const seq = numberIn(cursor, dot + 1, cursor.length)
  if (ms < 0 || n < 0 || seq < 0) throw new LovageError('CURSOR_INVALID', { cursor: cursor.slice(0, 100) })
  return { ms, n, seq }
}

const BETWEEN = ','

/** The places of a joint cursor; of any other that one. */
export const splitCursor = (cursor: Cursor): Cursor[] => cursor.split(BETWEEN)

export const jointCursor = (places: readonly Cursor[]): Cursor => places.join(BETWEEN)

/** @throws LovageError `CURSOR_INVALID` for what is no cursor, joint or not */
export function checkCursor(cursor: Cursor): void {
  for (const place of splitCursor(cursor)) parseCursor(place)
}

/** How many records of the feed are not behind a place. */
export const seqOf = (cursor: Cursor): number =>
  splitCursor(cursor).reduce((sum, place) => sum + parseCursor(place).seq, 0)

/** The id of the cursor's record on the stream: `<ms>-<n>`. */
export const streamId = (cursor: Cursor): string => cursor.slice(0, cursor.indexOf('.'))

/**
 * Below zero when `a` stands before `b` in the feed, zero when they are one place. A joint place that is ahead in any
 * partition is not behind the other.
 *
 * @throws LovageError `CURSOR_INVALID`, also where only one of them is joint
 */
export function compareCursors(a: Cursor, b: Cursor): number {
  if (a === b) return 0
  if (!a.includes(BETWEEN)) return comparePlaces(a, b)
  const others = splitCursor(b)
  const steps = splitCursor(a).map((place, n) => comparePlaces(place, others[n] ?? ''))
  return Math.max(...steps) > 0 ? 1 : Math.min(...steps)
}

function comparePlaces(a: Cursor, b: Cursor): number {
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
