/**
 * A record of the `outcomes` stream. First the fields of anybody's Celery bridge, in their order: `task_id`,
 * `task_name`, `status` (Celery's words), `timestamp` (ISO 8601, UTC), `result` (JSON) or `error` (the
 * message). Then ours: `seq`, `v`, and where they apply `owner`, `attempt` (when it is not 1), `meta`,
 * `error_name`, `run_at`, `by`, `reason`. What a handler says comes as `lines` (JSON) or `text` in the place of
 * a result, then with `first`, the number of the first line or character, and `dropped` where some were. A result above `INLINE_MAX` bytes is not copied: `ref` names the
 * key that holds it.
 *
 * Others may append to the stream. What has no `seq` is theirs, and passed over.
 */
import {
  type Cursor,
  type Encoded,
  type JobNoticeType,
  LovageError,
  type Page,
  parseCursor,
  type StoredNotice,
} from '@lovage/core'
import { readMeta } from './parts.ts'

export const STREAM_VERSION = 1

/** Bytes of a result that are still copied into the stream, which keeps thousands of them. */
export const INLINE_MAX = 4_096

const TYPES: Readonly<Record<string, JobNoticeType>> = {
  PENDING: 'queued',
  STARTED: 'started',
  PROGRESS: 'progress',
  LOG: 'log',
  CHUNK: 'chunk',
  RETRY: 'retrying',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  REVOKED: 'cancelled',
  EXPIRED: 'expired',
}

/** The words of `status`, for scripts: each between two spaces. */
export const STATUSES = ` ${Object.keys(TYPES).join(' ')} `

/** The word of `status` for a type of notice. */
export const statusOf = (type: JobNoticeType): string =>
  Object.keys(TYPES).find((status) => TYPES[status] === type) as string

/** As Redis answers it: its id, then names and values in turn. */
export type StreamRecord = [id: string, fields: string[]]

/** The notices among some records that follow `after`, and the place where they end. */
export function decodeRecords(
  records: readonly StreamRecord[],
  after: Cursor,
): { notices: StoredNotice[]; cursor: Cursor } {
  const notices: StoredNotice[] = []
  let seq = String(parseCursor(after).seq)
  for (const [id, fields] of records) {
    const field = fieldsOf(fields)
    if (field['seq'] === undefined) continue
    seq = field['seq']
    notices.push(decodeNotice(`${id}.${seq}`, field))
  }
  const last = records.at(-1)
  return { notices, cursor: last === undefined ? after : `${last[0]}.${seq}` }
}

/** @param records What stands behind `after`, at most one more than `limit`. */
export function decodePage(
  records: readonly StreamRecord[],
  after: Cursor,
  tail: Cursor,
  limit: number,
): Page {
  const { notices, cursor } = decodeRecords(records.slice(0, limit), after)
  const end = records.length <= limit
  const { seq } = parseCursor(after)
  const first = notices[0]?.cursor
  if (first !== undefined) return { notices, missed: missedBetween(seq, parseCursor(first).seq), cursor, end }
  // Nothing of ours is left. The tail remembers what there was.
  const next = parseCursor(tail).seq + 1
  const missed = end ? missedBetween(seq, next) : 0
  return { notices, missed, cursor: missed > 0 ? tail : cursor, end }
}

/**
 * How many records stood between two numbers of the feed. Where the later record has no higher number, counting
 * began anew, since the server lost its memory: how much that was is not known, but that it was something.
 */
const missedBetween = (seq: number, next: number): number => (next > seq ? next - seq - 1 : next)

type Fields = Partial<Record<string, string>>

function fieldsOf(flat: readonly string[]): Fields {
  const fields: Fields = {}
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string
  return fields
}

function decodeNotice(cursor: Cursor, field: Fields): StoredNotice {
  const type = TYPES[field['status'] ?? '']
  const version = Number(field['v'])
  if (type === undefined || version > STREAM_VERSION) {
    throw new LovageError('VERSION_UNSUPPORTED', {
      what: `The notice at ${cursor}`,
      seen: version,
      known: STREAM_VERSION,
    })
  }
  const { task_id: jobId = '', task_name: task = '', owner = null, timestamp = '' } = field
  return { cursor, type, jobId, task, owner, at: Date.parse(timestamp), ...detailsOf(type, field) }
}

function encodedOf(json: string, text: string | undefined): Encoded {
  const meta = text === undefined ? undefined : readMeta(text)
  return meta === undefined ? { json } : { json, meta }
}

function detailsOf(type: JobNoticeType, field: Fields): Partial<StoredNotice> {
  const attempt = Number(field['attempt'] ?? 1)
  const { result, meta, error_name: name = 'Error', error: message = '', by = null, reason = null } = field
  const data = result === undefined ? {} : { data: encodedOf(result, meta) }
  switch (type) {
    case 'queued':
    case 'expired':
      return {}
    case 'started':
      return { attempt }
    case 'progress':
      return data
    case 'log':
    case 'chunk': {
      const json = type === 'log' ? (field['lines'] ?? '[]') : JSON.stringify(field['text'] ?? '')
      const { first, dropped = 0 } = field
      return { attempt, data: { json }, first: Number(first), dropped: Number(dropped) }
    }
    case 'retrying':
      return { attempt, error: { name, message }, runAt: Number(field['run_at']) }
    case 'succeeded':
      return { attempt, ...data }
    case 'failed':
      return { attempt, error: { name, message } }
    case 'cancelled':
      return { by, reason }
    default:
      return type satisfies never
  }
}
