/** One line of a terminal that shows how far a job is: state, bar, time, and the report itself. */
import type { Notice } from '@lovage/core'
import { createLogUpdate } from 'log-update'
import prettyMs from 'pretty-ms'
import { barOf, BAR_WIDTH } from './bar-line.ts'
import { logLine } from './notice-line.ts'
import { openOutput } from './output.ts'
import { cut, oneLine } from './text.ts'

export interface ProgressLine {
  show(notice: Notice): void
  close(): void
}

const TICK_MS = 1_000 // seconds are shown

export function openProgressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  const log = createLogUpdate(stream)
  const colours = openOutput(false).errorColours
  const { dim } = colours
  const startedAt = Date.now()
  let state = 'connecting'
  let report: unknown
  const draw = (): void => {
    const fraction = fractionOf(report)
    const waitedMs = Date.now() - startedAt
    const elapsed = waitedMs < TICK_MS ? '' : prettyMs(waitedMs, { secondsDecimalDigits: 0 })
    const taken = state.length + elapsed.length + (fraction === undefined ? 0 : BAR_WIDTH + 2) + 5
    const room = stream.columns - taken
    const rest = report === undefined || room < 8 ? '' : dim(cut(oneLine(report), room))
    const bar = fraction === undefined ? '' : `${barOf(fraction, colours)}  `
    log(`${state}  ${bar}${elapsed}  ${rest}`)
  }
  const timer = setInterval(draw, TICK_MS)
  draw()
  return {
    show(notice) {
      if (notice.type === 'ready') {
        state = notice.job?.state ?? state
        if (notice.job?.state === 'running') report = notice.job.progress
        else if (notice.job?.state === 'waiting') report = { done: notice.job.done, total: notice.job.total }
      } else if (notice.type === 'progress') {
        state = 'running'
        report = notice.data
      } else if (notice.type === 'started') state = 'running'
      else if (notice.type === 'log') {
        for (const said of notice.lines) log.persist(logLine(said, colours))
      } else if (notice.type !== 'gap' && notice.type !== 'chunk') state = notice.type
      draw()
    },
    close() {
      clearInterval(timer)
      log.clear()
      log.done()
    },
  }
}

/**
 * How far a report says that a job is, from 0 to 1. `undefined` where it does not say so in one of the usual ways:
 * a number up to 1, `{ done, total }` and its kin, `{ percent }`.
 */
export function fractionOf(report: unknown): number | undefined {
  if (typeof report === 'number') return within(report, 1)
  if (typeof report !== 'object' || report === null) return undefined
  const fields = report as Readonly<Record<string, unknown>>
  for (const key of ['done', 'completed', 'current', 'processed', 'step', 'value']) {
    const total = fields['total'] ?? fields['steps'] ?? fields['max']
    if (key in fields) return within(fields[key], total)
  }
  return within(fields['percent'] ?? fields['percentage'], 100) ?? within(fields['fraction'], 1)
}

function within(part: unknown, whole: unknown): number | undefined {
  if (typeof part !== 'number' || typeof whole !== 'number') return undefined
  const fraction = part / whole
  return fraction >= 0 && fraction <= 1 ? fraction : undefined
}
