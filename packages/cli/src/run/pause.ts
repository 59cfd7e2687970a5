import { type PauseTarget, pauseTarget } from '@lovage/core'
import { UsageError } from '../complaint.ts'
import type { Context } from '../context.ts'
import { harmless } from '@lovage/core/harmless'
import { withEngine } from '../with-engine.ts'

interface Typed {
  queue: string
  task?: string
  key?: string
}

function targetOf({ queue, task, key }: Typed): PauseTarget {
  if (key === undefined) return task === undefined ? { queue } : { task }
  if (task !== undefined) return { task, key }
  throw new UsageError('KEY_ALONE', 'A --key is one of a --task: name that as well.')
}

const nameOf = (target: PauseTarget): string => {
  if ('queue' in target) return `queue ${target.queue}`
  return 'key' in target ? `task ${target.task}, key ${target.key}` : `task ${target.task}`
}

export const pause = (context: Context, typed: Typed): Promise<void> => change(context, typed, 'pause')

export const resume = (context: Context, typed: Typed): Promise<void> => change(context, typed, 'resume')

function change(context: Context, typed: Typed, verb: 'pause' | 'resume'): Promise<void> {
  const { out } = context
  const target = targetOf(typed)
  return withEngine(context, async (engine) => {
    const changed = await engine.store[verb](pauseTarget(engine, target))
    if (out.json) return out.document({ ...target, changed })
    const unchanged = verb === 'pause' ? 'was paused already' : 'was not paused'
    out.print(harmless(`${nameOf(target)} ${changed ? `${verb}d` : unchanged}`))
  })
}

export function paused(context: Context): Promise<void> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const targets = await engine.store.paused()
    if (out.json) out.document(targets)
    else if (targets.length === 0) out.print('Nothing is paused.')
    else for (const target of targets) out.print(harmless(nameOf(target)))
  })
}
