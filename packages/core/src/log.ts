/** What a handler says while it runs: lines of a log, and text that grows, such as the words of a language model. */
import type { Encoded } from './codec.ts'
import type { Cursor } from './cursor.ts'
import type { Held } from './store.ts'

export type LineLevel = 'debug' | 'info' | 'warn' | 'error'

/** More about a line, as JSON keeps it. */
export type LineFields = Readonly<Record<string, unknown>>

export interface LogLine {
  /** Counts the lines of one attempt, from 1. A number that is missing is a line that was dropped. */
  readonly n: number
  /** Unix ms, by the worker's clock. */
  readonly at: number
  readonly level: LineLevel
  readonly message: string
  readonly fields?: LineFields
}

/**
 * Writes a line, at level `info` when called by itself. Returns at once and never throws.
 *
 * @example log('model loaded', { ms: 840 }); log.warn('no year given, took 1900')
 */
export interface JobLog {
  (message: string, fields?: LineFields): void
  debug(message: string, fields?: LineFields): void
  info(message: string, fields?: LineFields): void
  warn(message: string, fields?: LineFields): void
  error(message: string, fields?: LineFields): void
}

/** A log whose lines all go to one function. */
export function createLog(write: (level: LineLevel, message: string, fields?: LineFields) => void): JobLog {
  const at = (level: LineLevel) => (message: string, fields?: LineFields) => write(level, message, fields)
  return Object.assign(at('info'), {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  })
}

/** Types that tell what a handler said, and nothing of what became of its job. */
export const isSaid = (type: string): type is 'log' | 'chunk' => type === 'log' || type === 'chunk'

/** Bytes of what a job said that are kept with it, at least; up to twice as many may be, and then the older half goes. */
export const SAID_KEPT_BYTES = 65_536

/** Lines that came one after the other, or a piece of text: what becomes one notice. */
export interface SaidPart {
  type: 'log' | 'chunk'
  /** The number of the first line, or how many characters of the attempt's text came before. */
  first: number
  /** Lines, or characters. */
  count: number
  /** As in `first`: those lost just before, since more was said than may wait. */
  dropped: number
  /** An array of lines without their `n`, or a string. */
  data: Encoded
}

export interface SaidReport extends Held {
  parts: readonly SaidPart[]
  /** How long what this job said is kept, counted from now. */
  keepMs: number
}

/** What is kept of a part with its job. */
export interface Said {
  cursor: Cursor
  type: SaidPart['type']
  at: number
  attempt: number
  first: number
  dropped: number
  data: Encoded
}

/** The part of the seam that keeps what handlers say. */
export interface SaidStore {
  /**
   * Writes what running jobs say, each part with its notice, and keeps it with the job. A part that begins before the
   * end of what the same hold has written is passed over, so repeating a call changes nothing. Jobs are at most
   * `STEP_MAX`. Answers the ids that were fenced out, each once.
   */
  say(session: string, reports: readonly SaidReport[]): Promise<{ lost: string[] }>
  /** What a job said, oldest first, as far as it is kept. Its notices are the same, at the same places. */
  said(id: string): Promise<Said[]>
}
