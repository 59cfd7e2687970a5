/**
 * How a live job rests in `jobs`: `[1,"resize",null,0,{"width":90}]` is version, task, owner, options or 0,
 * input. A rich input is followed by a comma, a line feed and its `meta`. All of it is one JSON array.
 *
 * The input stands in it as it is, neither escaped nor parsed: a claim passes it on by cutting, not by
 * reading.
 */
import { type Encoded, type JobOptions, type JobRecord, LovageError } from '@lovage/core'
import { readMeta } from './parts.ts'

export const RECORD_VERSION = 1

export function encodeRecord({ task, owner, options, input: { json, meta } }: JobRecord): string {
  if (task !== lastTask || owner !== lastOwner) {
    lastTask = task
    lastOwner = owner
    head = `[${RECORD_VERSION},${JSON.stringify(task)},${JSON.stringify(owner)},`
  }
  const rest = meta === undefined ? json : `${json},\n${meta}`
  return `${head}${encodeOptions(options)},${rest}]`
}

/** Who enqueues many jobs mostly does so for one task and one owner: how their records begin is written once. */
let head = ''
let lastTask: string | undefined
let lastOwner: string | null | undefined

/**
 * Options are one flat object, and a brace in a text is escaped: so `HEAD`, and the scripts, end them at the first
 * brace.
 */
function encodeOptions(options: JobOptions): string {
  for (const _ in options) {
    const inner = JSON.stringify(options).slice(1, -1)
    return inner === '' ? '0' : `{${inner.replaceAll('{', '\\u007b').replaceAll('}', '\\u007d')}}`
  }
  return '0'
}

const HEAD = /^\[1,("(?:[^"\\]|\\.)*"),(null|"(?:[^"\\]|\\.)*"),(0|\{[^}]*\}),/

/** One for all plain jobs: that two have the same is seen at once. */
const NO_OPTIONS: JobOptions = Object.freeze({})

/** @throws LovageError `VERSION_UNSUPPORTED`, `INTERNAL` when it is none of ours */
export function decodeRecord(id: string, record: string): JobRecord {
  try {
    if (!record.startsWith(seen.text)) seen = headOf(record)
    const { text, task, owner, options } = seen
    return { id, task, owner, options, input: inputOf(record, text.length) }
  } catch {
    throw unreadable(id, record)
  }
}

interface Head extends Pick<JobRecord, 'task' | 'owner' | 'options'> {
  text: string
}

/** Jobs that come together mostly begin alike: that is read once. At first it is what no record begins with. */
let seen: Head = { text: ']', task: '', owner: null, options: NO_OPTIONS }

function headOf(record: string): Head {
  const [text, task, owner, options] = HEAD.exec(record) as unknown as [
    text: string,
    task: string,
    owner: string,
    options: string,
  ]
  return {
    text,
    task: JSON.parse(task) as string,
    owner: JSON.parse(owner) as string | null,
    options: options === '0' ? NO_OPTIONS : Object.freeze(JSON.parse(options) as JobOptions),
  }
}

/** What stands behind the head, but for the bracket that ends the record. */
function inputOf(record: string, from: number): Encoded {
  const border = record.indexOf(',\n', from)
  if (border === -1) return { json: record.slice(from, -1) }
  const json = record.slice(from, border)
  const meta = readMeta(record.slice(border + 2, -1))
  return meta === undefined ? { json } : { json, meta }
}

export function unreadable(id: string, record: string): LovageError {
  const seen = Number(/^\[(\d+),/.exec(record)?.[1])
  if (seen > RECORD_VERSION) {
    return new LovageError('VERSION_UNSUPPORTED', {
      what: `The record of job ${id}`,
      seen,
      known: RECORD_VERSION,
    })
  }
  return new LovageError('INTERNAL', { message: `The record of job ${id} was not written by Lovage.` })
}
