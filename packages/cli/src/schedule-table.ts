import type { Schedule } from '@lovage/core'
import prettyMs from 'pretty-ms'
import type { Output } from './output.ts'
import { table } from './table.ts'
import { dateTime } from './text.ts'

export function scheduleLines(schedules: readonly Schedule[], out: Output): string[] {
  if (schedules.length === 0) return ['There is no schedule.']
  const rows = schedules.map((schedule) => {
    const { name, task, nextAt, source } = schedule
    return [name, task, dateTime(nextAt).slice(0, 'yyyy-mm-dd hh:mm:ss'.length), timingOf(schedule), source]
  })
  return table(['SCHEDULE', 'TASK', 'NEXT', 'WHEN', 'FROM'], rows, out)
}

const timingOf = ({ everyMs, cron, tz }: Schedule): string =>
  everyMs === undefined ? `${cron} ${tz}` : `every ${prettyMs(everyMs)}`
