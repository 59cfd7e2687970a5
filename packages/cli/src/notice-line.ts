/** Notices as lines for a person. */
import type { LogLine, Notice } from '@lovage/core'
import prettyMs from 'pretty-ms'
import type { Colours, Output } from './output.ts'
import { colourOf } from './state-colours.ts'
import { harmless } from '@lovage/core/harmless'
import { cut, oneLine, timeOfDay } from './text.ts'

const TYPE_COLUMNS = 'succeeded'.length
/** Of what a notice says, however narrow the terminal is. */
const DETAIL_COLUMNS_MIN = 20

type Colour = (text: string) => string

/** None for what a person need not see, several for the lines of a log. */
export function noticeLines(notice: Notice, { colours, columns }: Output): string[] {
  if (notice.type === 'ready') return []
  if (notice.type === 'gap') {
    const trimmed = `${notice.missed} earlier notice(s) were trimmed before they could be shown.`
    return [colours.red(trimmed)]
  }
  const { dim, bold } = colours
  const { jobId, task } = notice
  const line = (at: number, word: string, paint: Colour, detail: string): string => {
    const columnsLeft = columns - timeOfDay(at).length - TYPE_COLUMNS - task.length - jobId.length - 8
    const shown = cut(flat(detail), Math.max(DETAIL_COLUMNS_MIN, columnsLeft))
    const head = `${dim(timeOfDay(at))}  ${paint(word.padEnd(TYPE_COLUMNS))}  ${bold(flat(task))}  ${dim(jobId)}`
    return shown === '' ? head : `${head}  ${shown}`
  }
  if (notice.type === 'log') {
    return notice.lines.map((said) =>
      line(said.at, said.level, levelColour(said.level, colours), saidIn(said)),
    )
  }
  return [line(notice.at, notice.type, colourOf(notice.type, colours), detailOf(notice))]
}

/** A line of a job's log without its job, where only one is looked at. */
export const logLine = (said: LogLine, colours: Colours): string =>
  `${colours.dim(timeOfDay(said.at))}  ${levelColour(said.level, colours)(said.level.padEnd(5))}  ${flat(saidIn(said))}`

const flat = (text: string): string => harmless(text).replaceAll(/\s*\n\s*/g, ' ')

const saidIn = ({ message, fields }: LogLine): string =>
  fields === undefined ? message : `${message} ${oneLine(fields)}`

function levelColour(level: LogLine['level'], { red, yellow, dim }: Colours): Colour {
  switch (level) {
    case 'error':
      return red
    case 'warn':
      return yellow
    case 'info':
    case 'debug':
      return dim
    default:
      return level satisfies never
  }
}

function detailOf(notice: Exclude<Notice, { type: 'ready' | 'gap' | 'log' }>): string {
  switch (notice.type) {
    case 'queued':
    case 'expired':
      return ''
    case 'started':
      return notice.attempt > 1 ? `attempt ${notice.attempt}` : ''
    case 'progress':
      return oneLine(notice.data)
    case 'chunk':
      return notice.text
    case 'succeeded':
      return notice.result === undefined ? '' : oneLine(notice.result)
    case 'failed':
      return `${notice.error.name}: ${notice.error.message}`
    case 'retrying': {
      const inMs = Math.max(0, notice.runAt - notice.at)
      return `in ${prettyMs(inMs)} after ${notice.error.name}: ${notice.error.message}`
    }
    case 'cancelled':
      return [notice.by === null ? '' : `by ${notice.by}`, notice.reason ?? ''].filter(Boolean).join(': ')
    default:
      return notice satisfies never
  }
}
