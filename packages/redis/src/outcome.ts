/**
 * The document in `r:<id>` that says how a job ended: JSON for anyone, in the manner of Celery's results.
 *
 * ```
 * {"status":"SUCCESS","result":{"width":90},"task":"resize","started":1765893600000,"date_done":"…Z"}
 * {"status":"FAILURE","error":{"name":"RangeError","message":"…"},"traceback":"…","task":"resize",…}
 * ```
 *
 * `owner`, `attempt` and `v` (when they are 1), `meta`, `trace`, `options` (what was asked for the job) and what does
 * not apply are left out. `date_done` comes last, because it is the script that knows the time.
 */
import {
  type AttemptRecord,
  type Failure,
  type FinalState,
  isLovageError,
  LovageError,
  type Outcome,
  type Settlement,
  shownOf,
  type ShownOptions,
} from '@lovage/core'
import { msText } from './ms-text.ts'
import { readMeta } from './parts.ts'

const OUTCOME_VERSION = 1

/** Longest message and stack that are kept, in characters: hundreds of frames tell no more than the first. */
export const MESSAGE_MAX = 4_096
const STACK_MAX = 8_192

export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`

/** The document without its beginning (`{"status":"SUCCESS","result":…`) and its last time stamp. */
export function successDocument(settlement: Settlement): string {
  return documentEnd(settlement)
}

/** The document without its beginning (`{"status":"FAILURE"`) and its last time stamp. */
export function failureDocument(settlement: Settlement, error: Failure): string {
  const { name, message, stack } = error
  const said = JSON.stringify({ name, message: cut(message, MESSAGE_MAX) })
  const traceback = stack === undefined ? '' : `,"traceback":${JSON.stringify(cut(stack, STACK_MAX))}`
  return `,"error":${said}${traceback}${documentEnd(settlement)}`
}

function documentEnd({ task, owner, attempt, claimedAt: started, options, trace }: Settlement): string {
  const whose = owner === null ? '' : `,"owner":${JSON.stringify(owner)}`
  const which = attempt === 1 ? '' : `,"attempt":${attempt}`
  const where = trace === undefined ? '' : `,"trace":"${trace}"`
  const when = `,"started":${msText(started)},"date_done":"`
  const shown = options && shownOf(options)
  const asked = shown === undefined ? '' : `,"options":${JSON.stringify(shown)}`
  return `${ofTask(task)}${whose}${which}${where}${asked}${when}`
}

/** Outcomes that are written in a row are mostly of one task. */
function ofTask(task: string): string {
  if (task !== lastTask) {
    lastTask = task
    lastText = `,"task":${JSON.stringify(task)}`
  }
  return lastText
}

let lastTask: string | undefined
let lastText = ''

interface Document {
  v?: number
  status: string
  task: string
  date_done: string
  owner?: string
  attempt?: number
  started?: number
  result?: unknown
  meta?: unknown
  error?: { name: string; message: string }
  traceback?: string
  by?: string
  reason?: string
  worker?: string
  history?: AttemptRecord[]
  options?: ShownOptions
  trace?: string
}

const STATES: Readonly<Record<string, FinalState>> = {
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  REVOKED: 'cancelled',
  EXPIRED: 'expired',
}

/** @throws LovageError `VERSION_UNSUPPORTED`, `INTERNAL` when it is none of ours */
export function decodeOutcome(id: string, text: string): Outcome {
  try {
    return outcomeOf(id, JSON.parse(text) as Document)
  } catch (error) {
    if (isLovageError(error)) throw error
    throw new LovageError('INTERNAL', { message: `The outcome of job ${id} was not written by Lovage.` })
  }
}

function outcomeOf(id: string, document: Document): Outcome {
  const { v = OUTCOME_VERSION, task, owner = null, attempt = 1, started, worker, history } = document
  const { options, trace } = document
  const state = STATES[document.status]
  if (v > OUTCOME_VERSION || state === undefined) {
    throw new LovageError('VERSION_UNSUPPORTED', {
      what: `The outcome of job ${id}`,
      seen: v,
      known: OUTCOME_VERSION,
    })
  }
  const times = {
    ...(started !== undefined && { startedAt: started }),
    finishedAt: Date.parse(document.date_done),
  }
  const past = { ...(worker !== undefined && { worker }), ...(history !== undefined && { history }) }
  const more = { ...(options && { options }), ...(trace !== undefined && { trace }) }
  return { state, id, task, owner, attempt, ...times, ...past, ...more, ...endOf(state, document) }
}

function endOf(state: FinalState, document: Document): Pick<Outcome, 'result' | 'error' | 'by' | 'reason'> {
  switch (state) {
    case 'succeeded': {
      const json = JSON.stringify(document.result ?? null)
      const meta = document.meta === undefined ? undefined : readMeta(JSON.stringify(document.meta))
      return { result: { json, ...(meta !== undefined && { meta }) } }
    }
    case 'failed': {
      const { error = { name: 'Error', message: 'Unknown error' }, traceback } = document
      return { error: { ...error, ...(traceback !== undefined && { stack: traceback }) } }
    }
    case 'cancelled':
      return { by: document.by ?? null, reason: document.reason ?? null }
    case 'expired':
      return {}
    default:
      return state satisfies never
  }
}
