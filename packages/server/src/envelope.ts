/**
 * The border: what a procedure may be sent, beside the task's own input. Written by hand, since a schema library
 * would be one more thing to install for a dozen fields.
 *
 * Each field is a function from what came to what is meant; it throws an error that names the field.
 */
import {
  type Cursor,
  durationMs,
  ENQUEUE_MAX,
  isTraceparent,
  JOB_NOTICE_TYPES,
  type JobNoticeType,
  type JobState,
  LovageError,
  type Metadata,
  checkCursor,
  START,
  type Traceparent,
  WINDOW_MAX,
} from '@lovage/core'

/** @throws LovageError `OPTION_INVALID`, `CURSOR_INVALID` */
type Field<Value> = (seen: unknown, path: string) => Value

type Values<Fields> = { [K in keyof Fields]: Fields[K] extends Field<infer Value> ? Value : never }

/** Fields and keys beyond these lengths are no mistake but an attack. */
const MAX_ID_LENGTH = 100
const MAX_REASON_LENGTH = 1_000
const MAX_NAMES = 1_000
const MAX_TAGS = 100
/** A longer delay is a mistake of units. */
const MAX_DELAY_MS = 366 * 86_400_000
const SHOWN_LENGTH = 80

/**
 * A parser for an object of fields. Absent is the same as empty. A key that is none of the fields is refused, since
 * a misspelt option that is ignored is worse than an error; `open` lets it pass, for procedures with inputs of their own.
 * What it answers has no key of what is absent: of a dozen options a caller says one or two.
 */
export function envelope<Fields extends Record<string, Field<unknown>>>(
  fields: Fields,
  { open }: { open: boolean },
): (raw: unknown) => Values<Fields> {
  const known = Object.keys(fields).join(', ')
  const entries = Object.entries(fields)
  return (raw) => {
    const seen = raw ?? {}
    if (typeof seen !== 'object' || Array.isArray(seen)) refuse('input', raw, `an object of ${known}`)
    if (!open) {
      for (const key of Object.keys(seen)) {
        if (!Object.hasOwn(fields, key))
          refuse(key.slice(0, SHOWN_LENGTH), (seen as Values<Fields>)[key], `one of ${known}`)
      }
    }
    const values: Record<string, unknown> = {}
    for (const [key, field] of entries) {
      const value = field((seen as Record<string, unknown>)[key], key)
      if (value !== undefined) values[key] = value
    }
    return values as Values<Fields>
  }
}

export const optional =
  <Value>(field: Field<Value>): Field<Value | undefined> =>
  (seen, path) =>
    seen === undefined || seen === null ? undefined : field(seen, path)

export const anything: Field<unknown> = (seen) => seen
/** The input of a task without a schema: otherwise strangers could store there what they like. */
export function noInput(task: string): Field<undefined> {
  return (seen, path) => {
    if (seen === undefined || seen === null) return undefined
    const issue = {
      path: path.replace(/^inputs?/, ''),
      message: `This task takes no input, and ${shown(seen)} came`,
    }
    throw new LovageError('INPUT_INVALID', { task, issues: [issue] })
  }
}
export const nothing: Field<never> = (seen, path) =>
  refuse(path, seen, 'nothing: this procedure has one task')

export const id: Field<string> = textOf(MAX_ID_LENGTH, 'the id of a job')
export const reason: Field<string> = textOf(
  MAX_REASON_LENGTH,
  `a text of at most ${MAX_REASON_LENGTH} characters`,
)

/** A task's own limit is also the caller's: otherwise anybody could hold a worker for as long as he likes. */
export function attempts(most: number): Field<number> {
  return (seen, path) => {
    if (typeof seen === 'number' && Number.isInteger(seen) && seen >= 1 && seen <= most) return seen
    return refuse(path, seen, `a whole number from 1 to ${most}, the attempts of the task`)
  }
}

export const timeLimit = (mostMs: number): Field<number> => span(mostMs, 'the time limit of the task')
export const delay: Field<number> = span(MAX_DELAY_MS, 'a year')

function span(mostMs: number, most: string): Field<number> {
  return (seen, path) => {
    const ms =
      typeof seen === 'number' || typeof seen === 'string' ? durationMs(seen as number, path) : Number.NaN
    if (ms <= mostMs) return ms
    return refuse(path, seen, `milliseconds or a text such as '30s', at most ${most} (${mostMs} ms)`)
  }
}

export const cursor: Field<Cursor> = (seen, path) => {
  if (typeof seen !== 'string') refuse(path, seen, 'a cursor, which is a text')
  checkCursor(seen)
  return seen
}

/** Of a job that was there before, the ticket has no place: it is followed from a snapshot. */
export const from: Field<Cursor | undefined> = (seen, path) =>
  seen === 'start' ? START : seen === '' ? undefined : cursor(seen, path)

/** A moment as a `Date`, or as its text where no transformer makes one of it. */
export const moment: Field<Date> = (seen, path) => {
  const date = typeof seen === 'string' ? new Date(seen) : seen
  if (date instanceof Date && date.getTime() <= Date.now() + MAX_DELAY_MS) return date
  return refuse(path, seen, 'a date within a year from now')
}

/** At most what the task or the router allows: 0 is none. */
export function priority(most: number): Field<number> {
  return (seen, path) => {
    if (typeof seen === 'number' && Number.isInteger(seen) && seen >= 1 && seen <= most) return seen
    const expected =
      most === 0 ? 'none: callers may not give this task one' : `a whole number from 1 to ${most}`
    return refuse(path, seen, expected)
  }
}

export const idempotencyKey: Field<string | { key: string; window: number }> = (seen, path) => {
  if (typeof seen !== 'object' || seen === null) return text(seen, path)
  const { key, window } = seen as { key?: unknown; window?: unknown }
  return { key: text(key, `${path}.key`), window: delay(window, `${path}.window`) }
}

export const metadata: Field<Metadata> = (seen, path) =>
  typeof seen === 'object' && seen !== null && !Array.isArray(seen)
    ? (seen as Metadata)
    : refuse(path, seen, 'an object')

export const trace: Field<Traceparent> = (seen, path) =>
  isTraceparent(seen) ? seen : refuse(path, seen, 'a W3C traceparent')

export const state: Field<JobState> = (seen, path) =>
  typeof seen === 'string' ? (seen as JobState) : refuse(path, seen, 'a state')
export const limit: Field<number> = (seen, path) =>
  typeof seen === 'number' ? seen : refuse(path, seen, 'a whole number')

/** As many as the store takes in one act: so a bulk call is enqueued whole, or not at all. */
export const inputs = (input: Field<unknown>): Field<unknown[]> => list(ENQUEUE_MAX, input)
export const name: Field<string> = textOf(MAX_REASON_LENGTH, 'the name of a task')
export const text: Field<string> = textOf(
  MAX_REASON_LENGTH,
  `a text of at most ${MAX_REASON_LENGTH} characters`,
)
export const tags: Field<string[]> = list(MAX_TAGS, text)
export const names: Field<string[]> = list(MAX_NAMES, name)
export const flag: Field<boolean> = (seen, path) =>
  typeof seen === 'boolean' ? seen : refuse(path, seen, 'true or false')
export const types: Field<JobNoticeType[]> = list(JOB_NOTICE_TYPES.length, (seen, path) =>
  (JOB_NOTICE_TYPES as readonly unknown[]).includes(seen)
    ? (seen as JobNoticeType)
    : refuse(path, seen, `one of ${JOB_NOTICE_TYPES.join(', ')}`),
)

/** Of a consumer group; what a name may be is said where the group is made. */
export const group: Field<string> = textOf(MAX_ID_LENGTH, 'the name of a consumer group')
export const member: Field<string> = (seen, path) =>
  typeof seen === 'string' && /^[\w-]{1,64}$/.test(seen)
    ? seen
    : refuse(path, seen, 'up to 64 letters, digits, dashes and underscores')
export const start: Field<Cursor | 'new'> = (seen, path) =>
  seen === 'new' ? seen : seen === 'start' ? START : cursor(seen, path)
export const count: Field<number> = (seen, path) =>
  typeof seen === 'number' && Number.isInteger(seen) && seen >= 1 && seen <= WINDOW_MAX
    ? seen
    : refuse(path, seen, `a whole number from 1 to ${WINDOW_MAX}`)
export const duration: Field<number> = span(MAX_DELAY_MS, 'a year')

const MAX_TOKEN_LENGTH = 150
const token = textOf(MAX_TOKEN_LENGTH, 'the token of a delivered notice')
export const tokens: Field<string[]> = list(ENQUEUE_MAX, token)
/** As many as a member may hold. */
export const held: Field<string[]> = list(WINDOW_MAX + 1, token)

function textOf(maxLength: number, expected: string): Field<string> {
  return (seen, path) =>
    typeof seen === 'string' && seen !== '' && seen.length <= maxLength ? seen : refuse(path, seen, expected)
}

function list<Value>(most: number, field: Field<Value>): Field<Value[]> {
  return (seen, path) => {
    if (!Array.isArray(seen) || seen.length > most) return refuse(path, seen, `a list of at most ${most}`)
    return seen.map((item, index) => field(item, `${path}[${index}]`))
  }
}

/** @throws LovageError `OPTION_INVALID` */
export function refuse(option: string, seen: unknown, expected: string): never {
  throw new LovageError('OPTION_INVALID', { option, seen: shown(seen), expected })
}

/** What came, short enough for a message. */
function shown(seen: unknown): string {
  if (seen === undefined) return 'absent'
  if (Array.isArray(seen)) return `a list of ${seen.length}`
  if (typeof seen === 'number') return `${seen}`
  if (seen === null || typeof seen === 'boolean') return JSON.stringify(seen)
  if (typeof seen !== 'string') return typeof seen === 'object' ? 'an object' : `a ${typeof seen}`
  const text = JSON.stringify(seen)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

/** Without the keys that are undefined: for options where absent and undefined are two things. */
export function defined<Options extends object>(
  options: Options,
): { [K in keyof Options]: Exclude<Options[K], undefined> } {
  const said: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) if (value !== undefined) said[key] = value
  return said as never
}
