/** What the last word of a path does: `jobs.batchScore.enqueue` is the verb `enqueue` at the path `jobs.batchScore`. */
import {
  type ConsumeOptions,
  type Cursor,
  ENQUEUE_MAX,
  type EnqueueOptions,
  type Flow,
  type JobHandle,
  type JobRef,
  type NoticesOptions,
  type ResultOptions,
  waitForResult,
} from '@lovage/core'
import { newId } from './new-id.ts'
import { type Origin, originAt } from './origin.ts'
import { checkSendable } from './sendable.ts'

/** What inputs of one request may take, with room for what stands around them below a server's limit of 1 MiB. */
const REQUEST_MAX_BYTES = 786_432

/** Calls that are the procedure of their name: with an id, or with what the caller says. */
const passOn = (at: Origin, verb: string, [asked = {}, reason]: readonly unknown[]) =>
  at[verb === 'list' ? 'query' : 'mutate'](
    verb,
    given(typeof asked === 'string' ? { id: asked } : { ...(asked as object), reason }),
  )

const PASSED_ON = ['list', 'cancelMany', 'retryAll', 'discard', 'discardAll']

const verbs = {
  async enqueue(at: Origin, input: unknown, options?: EnqueueOptions): Promise<JobHandle> {
    await checkSendable(input)
    // With an id of our making, so that it can be asked once more where no answer came.
    const { id = newId(at.wire.clock.now()), ...rest } = options ?? {}
    return at.handle(await at.mutate('enqueue', given({ ...rest, id, input })))
  },

  async enqueueMany(
    at: Origin,
    inputs: readonly unknown[],
    options: Omit<EnqueueOptions, 'id'> = {},
  ): Promise<JobHandle[]> {
    for (const input of inputs) await checkSendable(input)
    const asked = given(options)
    const isOneRequest = inputs.length <= ENQUEUE_MAX && at.wire.bytesOf(inputs) <= REQUEST_MAX_BYTES
    const tickets = isOneRequest
      ? await at.mutate<JobRef[]>('enqueueMany', { ...asked, inputs })
      : await (await import('./seldom.ts')).enqueueGroups(at, inputs, asked, REQUEST_MAX_BYTES)
    return tickets.map(at.handle)
  },

  get: (at: Origin, id: string) => at.jobs.get(id),
  cancel: (at: Origin, id: string, reason?: string) => at.jobs.cancel(id, reason ?? null),
  result: (at: Origin, id: string, options?: ResultOptions) =>
    waitForResult(at.jobs, id, at.wire.clock, options),

  notices: (at: Origin, { from, signal, ...wanted }: NoticesOptions = {}) =>
    at.follow('notices', given(wanted), { from, signal }),

  async last(at: Origin): Promise<JobHandle | null> {
    const ref = await at.query<JobRef | null>('last', {})
    return ref && at.handle(ref)
  },

  call: (at: Origin, input: unknown, options?: object) => ({
    flow: given({ task: at.path, input, options }),
  }),
  step: (at: Origin, options?: object) => ({ step: given({ task: at.path, options }) }),
  async enqueueFlow(at: Origin, { flow }: Flow, options?: object): Promise<JobHandle> {
    await checkSendable(flow)
    return at.handle(await at.mutate('enqueueFlow', given({ flow, at: at.path || undefined, ...options })))
  },
  /** At the path `jobs.failed`; the new job is one of `jobs`. */
  retry: async (at: Origin, id: string) =>
    originAt(at.wire, at.path.replace(/\.?failed$/, '')).handle(await at.mutate('retry', { id })),

  /** Few pages consume, so it is loaded by those that do. */
  async *consume(at: Origin, name: string, options?: ConsumeOptions) {
    const { consume } = await import('./seldom.ts')
    yield* consume(at, name, options)
  },
  groups: (at: Origin) => at.query('groups', {}),
  deleteGroup: async (at: Origin, name: string) =>
    (await at.mutate<{ deleted: boolean }>('deleteGroup', { name })).deleted,
  deadNotices: (at: Origin, name: string, options: { limit?: number } = {}) =>
    at.query('deadNotices', { ...given(options), name }),

  attach: (at: Origin, { id, task, cursor = '' }: { id: string; task: string; cursor?: Cursor }) =>
    at.handle({ id, task, cursor }),
}

/** @throws TypeError when the word is no verb. */
export function call(at: Origin, verb: string, args: readonly unknown[]): unknown {
  if (PASSED_ON.includes(verb)) return passOn(at, verb, args)
  if (!Object.hasOwn(verbs, verb)) {
    throw new TypeError(
      `${at.under(verb)} is no call. Calls end in ${[...Object.keys(verbs), ...PASSED_ON].join(', ')}.`,
    )
  }
  const act = verbs[verb as keyof typeof verbs] as (at: Origin, ...args: readonly unknown[]) => unknown
  return act(at, ...args)
}

/** Without what is undefined: on the wire, absent says it shorter. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
