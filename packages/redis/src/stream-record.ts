/**
 * A record of the `outcomes` stream. First the fields of anybody's Celery bridge, in their order: `task_id`,
 * `task_name`, `status` (Celery's words), `timestamp` (ISO 8601, UTC), `result` (JSON) or `error` (the
 * message). Then ours: `seq`, and where they apply `v` and `attempt` (when they are not 1), `owner`, `meta`,
 * `error_name`, `run_at`, `by`, `reason`, `trace` (a W3C traceparent). What a handler says comes as `lines` (JSON)
 * or `text` in the place of
 * a result, then with `first`, the number of the first line or character, and `dropped` where some were. A result above `INLINE_MAX` bytes is not copied: `ref` names the
 * key that holds it.
 *
 * Others may append to the stream. What has no `seq` is theirs: a notice, where it has a bridge's fields.
 */
import {
  type Cursor,
  type Encoded,
  type JobNoticeType,
  LovageError,
  numberIn,
  type Page,
  parseCursor,
  type StoredNotice,
  streamId,
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

/** Words of `status` that are Celery's: what other programs may say. */
const isOfOthers = (status: string): boolean => status !== 'LOG' && status !== 'CHUNK'

/** All words of `status`, for scripts: each between two spaces. */
export const WORDS = ` ${Object.keys(TYPES).join(' ')} `

/** Those that others may say as well. */
export const STATUSES = ` ${Object.keys(TYPES).filter(isOfOthers).join(' ')} `

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
  let seq: string | undefined
  for (const [id, fields] of records) {
    const plain = decodePlain(id, fields)
    if (plain !== null) {
      seq = fields[PLAIN_SIZE - 1] as string
      notices.push(plain)
      continue
    }
    const field = fieldsOf(fields)
    if (!isOurs(field)) {
      seq ??= String(parseCursor(after).seq)
      const notice = decodeForeign(`${id}.${seq}`, field)
      if (notice !== null) notices.push(notice)
    } else {
      seq = field.seq
      notices.push(decodeNotice(`${id}.${seq}`, field))
    }
  }
  const last = records.at(-1)
  return { notices, cursor: last === undefined ? after : `${last[0]}.${seq}` }
}

/**
 * @param records What stands behind `after`, at most one more than `limit`.
 * @param continues Whether they came after what stood there: otherwise the server has lost some of that.
 */
export function decodePage(
  records: readonly StreamRecord[],
  after: Cursor,
  { tail, limit, continues }: { tail: Cursor; limit: number; continues: boolean },
): Page {
  const page = records.slice(0, limit)
  const end = records.length <= limit
  const { seq } = parseCursor(after)
  const first = firstNumber(records)
  // Where nothing of ours is left, the tail remembers what there was.
  const next = first !== undefined ? Number(first) : end ? parseCursor(tail).seq + 1 : seq + 1
  const missed = Math.max(missedBetween(seq, next), continues ? 0 : 1)
  if (page.length === 0) return { notices: [], missed, cursor: missed > 0 ? tail : after, end }
  return { ...decodeRecords(page, missed > 0 ? `${streamId(after)}.${next - 1}` : after), missed, end }
}

/**
 * How many records stood between two numbers of the feed. Where the later record has no higher number, counting
 * began anew, since the server lost its memory: how much that was is not known, but that it was something.
 */
const missedBetween = (seq: number, next: number): number => (next > seq ? next - seq - 1 : next)

type Fields = Partial<Record<string, string>>

const PLAIN = ['task_id', 'task_name', 'status', 'timestamp', 'result', 'seq']
const PLAIN_SIZE = 2 * PLAIN.length
type Field = [name: string, value: string]
type PlainFields = [...Field, ...Field, ...Field, ...Field, ...Field, ...Field]

/** A success of which there is nothing more to say, as a step writes it: nearly every record. `null`: any other. */
function decodePlain(id: string, fields: readonly string[]): StoredNotice | null {
  if (fields.length !== PLAIN_SIZE || fields[5] !== 'SUCCESS') return null
  for (let n = 0; n < PLAIN.length; n++) if (fields[2 * n] !== PLAIN[n]) return null
  const [, jobId, , task, , , , timestamp, , json, , seq] = fields as PlainFields
  if (!isNumber(seq)) return null
  const at = momentOf(timestamp)
  return {
    cursor: `${id}.${seq}`,
    type: 'succeeded',
    jobId,
    task,
    owner: null,
    at,
    attempt: 1,
    data: { json },
  }
}

/** Characters of a timestamp up to its whole second, and the length of one that scripts write: `2025-12-16T15:00:00.000Z`. */
const [SECOND, TIMESTAMP] = [19, 24]
let lastSecond = ''
let lastSecondMs = 0

/** Unix ms. To take a date apart takes longer than the rest of a record, and those of one second are alike but for three digits. */
function momentOf(timestamp: string): number {
  if (timestamp.length !== TIMESTAMP) return Date.parse(timestamp)
  const second = timestamp.slice(0, SECOND)
  if (second !== lastSecond) {
    lastSecondMs = Date.parse(`${second}Z`)
    lastSecond = second
  }
  const ms = numberIn(timestamp, SECOND + 1, TIMESTAMP - 1)
  return ms < 0 ? Date.parse(timestamp) : lastSecondMs + ms
}

const isNumber = (text: string): boolean => numberIn(text, 0, text.length) >= 0

/** Others may have fields of the same names: what cannot be of this version, nor say that it is of a newer one, is theirs. */
function isOurs(field: Fields): field is Fields & { seq: string } {
  const { seq = '', v = '1', status = '' } = field
  if (!isNumber(seq) || !/^\d{1,9}$/.test(v)) return false
  return Object.hasOwn(TYPES, status) || Number(v) > STREAM_VERSION
}

/** Of the first record of ours, and no further: a page of thousands is read once, when it is decoded. */
function firstNumber(records: readonly StreamRecord[]): string | undefined {
  for (const [, flat] of records) {
    const field = fieldsOf(flat)
    if (isOurs(field)) return field.seq
  }
  return undefined
}

function fieldsOf(flat: readonly string[]): Fields {
  const fields: Fields = {} // a text under `__proto__` is passed over: it can be no prototype
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string
  return fields
}

function decodeNotice(cursor: Cursor, field: Fields): StoredNotice {
  const type = TYPES[field['status'] ?? '']
  const version = Number(field['v'] ?? 1)
  if (type === undefined || version > STREAM_VERSION) {
    throw new LovageError('VERSION_UNSUPPORTED', {
      what: `The notice at ${cursor}`,
      seen: version,
      known: STREAM_VERSION,
    })
  }
  const {
    task_id: jobId = '',
    task_name: task = '',
    owner = null,
    timestamp = '',
    result,
    meta,
    trace,
  } = field
  const at = momentOf(timestamp)
  // Nearly every record is of this kind, and made in one piece.
  if (type === 'succeeded' && result !== undefined && trace === undefined) {
    const attempt = Number(field['attempt'] ?? 1)
    return { cursor, type, jobId, task, owner, at, attempt, data: encodedOf(result, meta) }
  }
  const notice = { cursor, type, jobId, task, owner, at, ...detailsOf(type, field) }
  return trace === undefined ? notice : { ...notice, trace }
}

function encodedOf(json: string, text: string | undefined): Encoded {
  const meta = text === undefined ? undefined : readMeta(text)
  return meta === undefined ? { json } : { json, meta }
}

/**
 * A record of another program, such as a Celery bridge: one with a job's id and one of Celery's words is a notice, and
 * whatever else there may be is nobody's. Its time is that of the stream, since its own may be of any zone.
 */
function decodeForeign(cursor: Cursor, field: Fields): StoredNotice | null {
  const { status = '' } = field
  const type = isOfOthers(status) ? TYPES[status] : undefined
  const { task_id: jobId, task_name: task = '', owner = null, result = 'null' } = field
  if (type === undefined || jobId === undefined) return null
  const at = parseCursor(cursor).ms
  const details = detailsOf(type, { run_at: `${at}`, ...field, attempt: '1', result: asJson(result) })
  return { cursor, foreign: true, type, jobId, task, owner, at, ...details }
}

/** Celery bridges write JSON for lists and dictionaries, and whatever `str` makes of anything else. */
function asJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
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
