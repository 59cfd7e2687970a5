/** What the last word of a path does: `jobs.batchScore.enqueue` is the verb `enqueue` at the path `jobs.batchScore`. */
import {
  createHandle,
  type Cursor,
  type EnqueueOptions,
  type Flow,
  isLovageError,
  type JobHandle,
  type JobRef,
  LovageError,
  type NoticesOptions,
  type ResultOptions,
  waitForResult,
} from '@lovage/core'
import { groupsOf, type Group, sizeOf } from './bulk.ts'
import { consume } from './consume.ts'
import { under, type Wire } from './wire.ts'

const handleOf = (wire: Wire, path: string, ref: unknown): JobHandle =>
  createHandle(wire.jobs(path), ref as JobRef, wire.clock)

/** Calls that are the procedure of their name: with an id, or with what the caller says. */
const passOn = (wire: Wire, path: string, verb: string, [asked = {}, reason]: readonly unknown[]) =>
  wire[verb === 'list' ? 'query' : 'mutate'](
    under(path, verb),
    given(typeof asked === 'string' ? { id: asked } : { ...(asked as object), reason }),
  )

const PASSED_ON = 'list, cancelMany, retryAll, discard, discardAll'

const verbs = {
  async enqueue(wire: Wire, path: string, input: unknown, options?: EnqueueOptions): Promise<JobHandle> {
    const asked = given({ ...options, input })
    return handleOf(wire, path, await wire.mutate(under(path, 'enqueue'), asked, sizeOf(input)))
  },

  /** Group after group; what was enqueued before a group failed stays enqueued. */
  async enqueueMany(
    wire: Wire,
    path: string,
    inputs: readonly unknown[],
    options: Omit<EnqueueOptions, 'id'> = {},
  ): Promise<JobHandle[]> {
    const handles: JobHandle[] = []
    for (const group of groupsOf(inputs)) {
      const tickets = await enqueueGroup(wire, path, group, options)
      for (const ticket of tickets) handles.push(handleOf(wire, path, ticket))
    }
    return handles
  },

  get: (wire: Wire, path: string, id: string) => wire.jobs(path).get(id),
  cancel: (wire: Wire, path: string, id: string, reason?: string) =>
    wire.jobs(path).cancel(id, reason ?? null),
  result: (wire: Wire, path: string, id: string, options?: ResultOptions) =>
    waitForResult(wire.jobs(path), id, wire.clock, options),

  notices: (wire: Wire, path: string, { from, signal, ...wanted }: NoticesOptions = {}) =>
    wire.follow({ path: under(path, 'notices'), input: given(wanted), from, signal, untilEnd: false }),

  async last(wire: Wire, path: string): Promise<JobHandle | null> {
    const ref = await wire.query(under(path, 'last'), {})
    return ref === null ? null : handleOf(wire, path, ref)
  },

  call: (_: Wire, task: string, input: unknown, options?: object) => ({
    flow: given({ task, input, options }),
  }),
  step: (_: Wire, task: string, options?: object) => ({ step: given({ task, options }) }),
  async enqueueFlow(wire: Wire, path: string, { flow }: Flow, options?: object): Promise<JobHandle> {
    const asked = given({ flow, at: path || undefined, ...options })
    return handleOf(wire, path, await wire.mutate(under(path, 'enqueueFlow'), asked, sizeOf(flow)))
  },
  /** At the path `jobs.failed`; the new job is one of `jobs`. */
  retry: async (wire: Wire, path: string, id: string) =>
    handleOf(wire, path.replace(/\.?failed$/, ''), await wire.mutate(under(path, 'retry'), { id })),
  consume,
  groups: (wire: Wire, path: string) => wire.query(under(path, 'groups'), {}),
  deleteGroup: async (wire: Wire, path: string, name: string) =>
    (await wire.mutate<{ deleted: boolean }>(under(path, 'deleteGroup'), { name })).deleted,
  deadNotices: (wire: Wire, path: string, name: string, options: { limit?: number } = {}) =>
    wire.query(under(path, 'deadNotices'), { ...given(options), name }),

  attach: (
    wire: Wire,
    path: string,
    { id, task, cursor = '' }: { id: string; task: string; cursor?: Cursor },
  ) => handleOf(wire, path, { id, task, cursor }),
}

async function enqueueGroup(wire: Wire, path: string, group: Group, options: object): Promise<JobRef[]> {
  try {
    return await wire.mutate(
      under(path, 'enqueueMany'),
      { ...given(options), inputs: group.inputs },
      group.bytes,
    )
  } catch (error) {
    throw asOfAll(group, error)
  }
}

/** @throws TypeError when the last word of the path is no verb. */
export function call(wire: Wire, path: readonly string[], args: readonly unknown[]): unknown {
  const verb = path.at(-1) as string
  const place = path.slice(0, -1).join('.')
  if (PASSED_ON.split(', ').includes(verb)) return passOn(wire, place, verb, args)
  if (!Object.hasOwn(verbs, verb)) {
    throw new TypeError(
      `${path.join('.')} is no call. Calls end in ${[...Object.keys(verbs), PASSED_ON].join(', ')}.`,
    )
  }
  const act = verbs[verb as keyof typeof verbs] as (
    wire: Wire,
    path: string,
    ...args: readonly unknown[]
  ) => unknown
  return act(wire, place, ...args)
}

/** Without what is undefined: on the wire, absent says it shorter. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** An error about the inputs of one group, with their places among all inputs: `[3].texts` becomes `[503].texts`. */
function asOfAll({ from }: Group, error: unknown): unknown {
  if (from === 0 || !isLovageError(error, 'INPUT_INVALID')) return error
  const ofAll = (text: string): string =>
    text.replace(
      /(^|[:;] )\[(\d+)\]/g,
      (_, before: string, place: string) => `${before}[${from + Number(place)}]`,
    )
  const issues = error.details.issues.map(({ path, message }) => ({ path: ofAll(path), message }))
  const message = ofAll(error.message)
  return new LovageError('INPUT_INVALID', { ...error.details, issues }, { cause: error, message })
}
