import { schedulesOf, triggerSchedule } from '@lovage/core'
import { UsageError } from '../complaint.ts'
import type { Context } from '../context.ts'
import { nearest } from '../nearest.ts'
import { scheduleLines } from '../schedule-table.ts'
import { plain } from '../text.ts'
import { withEngine } from '../with-engine.ts'

export function list(context: Context): Promise<void> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const schedules = await schedulesOf(engine).list()
    if (out.json) return out.document(plain(schedules))
    for (const line of scheduleLines(schedules, out)) out.print(line)
  })
}

export function runNow(context: Context, _options: object, name: string): Promise<void> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const known = (await schedulesOf(engine).list()).map((schedule) => schedule.name)
    if (!known.includes(name)) throw unknown(name, known)
    const ref = await triggerSchedule(engine, name)
    if (out.json) out.document(ref)
    else out.print(ref.id)
  })
}

function unknown(name: string, known: readonly string[]): UsageError {
  const near = nearest(name, known)
  const names = known.length === 0 ? '' : ` Schedules: ${known.join(', ')}.`
  return new UsageError('SCHEDULE_UNKNOWN', `There is no schedule "${name}".${names}`, {
    ...(near !== undefined && { help: `Did you mean ${near}?` }),
  })
}
