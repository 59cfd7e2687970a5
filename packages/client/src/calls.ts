/** What the last word of a path does: `jobs.batchScore.enqueue` is the verb `enqueue` at the path `jobs.batchScore`. */
import {
  type ConsumeOptions,
  type Cursor,
  type EnqueueOptions,
  type JobHandle,
  type NoticesOptions,
  type ResultOptions,
  waitForResult,
} from '@lovage/core'
import { given } from './given.ts'
import { lazy } from './lazy.ts'
import { newId } from './ids.ts'
import type { Origin } from './origin.ts'
import { checkSendable } from './sendable.ts'

const seldom = lazy(() => import('./seldom.ts'))

/** Those of `seldom.ts`, by name, so that what is no call is known before anything is loaded. */
const SELDOM = [
  'enqueueMany',
  'enqueueFlow',
  'list',
  'last',
  'retry',
  'cancelMany',
  'retryAll',
  'discard',
  'discardAll',
  'groups',
  'deleteGroup',
  'deadNotices',
] as const

const verbs = {
  async enqueue(at: Origin, input: unknown, options?: EnqueueOptions): Promise<JobHandle> {
    await checkSendable(input)
    // With an id of our making, so that it can be asked once more where no answer came.
    const { id = newId(at.wire.clock.now()), ...rest } = options ?? {}
    return at.handle(await at.mutate('enqueue', given({ ...rest, id, input })))
  },

  get: (at: Origin, id: string) => at.jobs.get(id),
  cancel: (at: Origin, id: string, reason?: string) => at.jobs.cancel(id, reason ?? null),
  result: (at: Origin, id: string, options?: ResultOptions) =>
    waitForResult(at.jobs, id, at.wire.clock, options),

  notices: (at: Origin, { from, signal, ...wanted }: NoticesOptions = {}) =>
    at.follow('notices', given(wanted), { from, signal }),

  call: (at: Origin, input: unknown, options?: object) => ({
    flow: given({ task: at.path, input, options }),
  }),
  step: (at: Origin, options?: object) => ({ step: given({ task: at.path, options }) }),

  async *consume(at: Origin, name: string, options?: ConsumeOptions) {
    const { consume } = await seldom(at.wire)
    yield* consume(at, name, options)
  },

  attach: (at: Origin, { id, task, cursor = '' }: { id: string; task: string; cursor?: Cursor }) =>
    at.handle({ id, task, cursor }),
}

type Act = (at: Origin, ...args: readonly unknown[]) => unknown

/** @throws TypeError when the word is no verb. */
export function call(at: Origin, verb: string, args: readonly unknown[]): unknown {
  if (Object.hasOwn(verbs, verb)) return (verbs[verb as keyof typeof verbs] as Act)(at, ...args)
  const rare = SELDOM.find((each) => each === verb)
  if (rare) return seldom(at.wire).then(({ seldomCalls }) => (seldomCalls[rare] as Act)(at, ...args))
  throw new TypeError(
    `${at.under(verb)} is no call. Calls end in ${[...Object.keys(verbs), ...SELDOM].join(', ')}.`,
  )
}
