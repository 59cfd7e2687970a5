/** The handlers, inline or in a thread or process of their own: they do as their input says, and write it down. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import type { JobContext } from '@lovage/core'
import { defineHandlers } from '@lovage/worker/handlers'
import { Scribe } from '../history.ts'
import { tasks } from '../tasks.ts'
import type { Casting } from './player.ts'

const { folder, who } = JSON.parse(process.env['CASTING'] as string) as Casting
const scribe = new Scribe(folder, `${who}-hands-${process.pid}-${threadId}`)

interface Input {
  n: number
  ms: number
  fails: number
  key: string
}

type Context = Pick<JobContext, 'job' | 'signal' | 'log'> & { progress(report: { step: number }): void }

async function act({ n, ms, fails }: Input, { job, signal, progress, log }: Context) {
  const { id, attempt } = job
  const run = randomUUID()
  scribe.write('began', { id, run, attempt })
  try {
    progress({ step: 1 })
    if (n % 5 === 0) log(`the ${attempt}. attempt`, { n })
    await pause(ms, undefined, { signal })
    if (attempt <= fails) throw new Error(`attempt ${attempt} was to fail`)
    progress({ step: 2 })
    scribe.write('ended', { id, run, how: 'returned' })
    return { doubled: 2 * n, run }
  } catch (error) {
    const { reason } = signal as { reason?: { type?: string } }
    scribe.write('ended', { id, run, how: signal.aborted ? `aborted: ${reason?.type}` : 'threw' })
    throw error
  }
}

const actions = { threaded: act, apart: act }
export const handlers = defineHandlers(tasks, actions)

export const inline = {
  plain: act,
  flaky: act,
  pair: act,
  keyed: act,
  ordered: act,
  rated: act,
  urgent: act,
  tick(_: unknown, { job: { id, attempt } }: Pick<JobContext, 'job'>) {
    const run = randomUUID()
    scribe.write('began', { id, run, attempt })
    scribe.write('ended', { id, run, how: 'returned' })
  },
}
