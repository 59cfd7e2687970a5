import {
  type Engine,
  JOB_NOTICE_TYPES,
  type JobNoticeType,
  type Notice,
  checkCursor,
  START,
} from '@lovage/core'
import { UsageError } from '../complaint.ts'
import type { Context } from '../context.ts'
import { nearest } from '../nearest.ts'
import { noticeLines } from '../notice-line.ts'
import { plain } from '../text.ts'
import { withEngine } from '../with-engine.ts'

interface NoticesOptions {
  follow?: boolean
  task?: string[]
  type?: string[]
  job?: string
  from?: string
  last?: number
}

export async function notices(context: Context, options: NoticesOptions): Promise<void> {
  const { out } = context
  const { last } = options
  const types = options.type?.map(noticeType)
  if (options.from !== undefined && options.from !== 'start') checkCursor(options.from)
  const show = (notice: Notice): void => {
    if (out.json) out.document(plain(notice))
    else for (const line of noticeLines(notice, out)) out.print(line)
  }
  await withEngine(context, async (engine) => {
    /** The end of the history, while only that is wanted. */
    const held: Notice[] = []
    let isHistory = true
    for await (const notice of source(engine, options, types)) {
      const isWanted = !('task' in notice) || types === undefined || types.includes(notice.type)
      if (notice.type === 'ready') {
        for (const one of held.splice(0)) show(one)
        isHistory = false
        if (!options.follow) break
        if (out.json) show(notice)
      } else if (isHistory && last !== undefined) {
        if (isWanted && notice.type !== 'gap') held.push(notice)
        if (held.length > last) held.shift()
      } else if (isWanted) show(notice)
    }
    for (const one of held) show(one)
  })
}

function source(
  engine: Engine,
  { follow, task, job, from, last }: NoticesOptions,
  types: JobNoticeType[] | undefined,
): AsyncGenerator<Notice, void, undefined> {
  const signal = new AbortController().signal // until it is killed, or the reader goes
  const isLiveOnly = follow === true && from === undefined && last === undefined
  const begin = isLiveOnly ? undefined : from === undefined || from === 'start' ? START : from
  return job === undefined
    ? engine.feed({
        signal,
        ...(task !== undefined && { tasks: task }),
        ...(types !== undefined && { types }),
        ...(begin !== undefined && { from: begin }),
      })
    : engine.follow(job, { from: begin, signal })
}

function noticeType(word: string): JobNoticeType {
  const known: readonly JobNoticeType[] = JOB_NOTICE_TYPES
  const type = known.find((one) => one === word)
  if (type !== undefined) return type
  const near = nearest(word, known)
  throw new UsageError('TYPE_UNKNOWN', `There is no type of notice "${word}". Types: ${known.join(', ')}.`, {
    ...(near !== undefined && { help: `Did you mean ${near}?` }),
  })
}
