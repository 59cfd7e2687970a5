/** What the last word of a path does: `jobs.batchScore.enqueue` is the verb `enqueue` at the path `jobs.batchScore`. */
import {
  createHandle,
  type Cursor,
  type EnqueueOptions,
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

const verbs = {
  async enqueue(wire: Wire, path: string, input: unknown, options: EnqueueOptions = {}): Promise<JobHandle> {
    const bytes = sizeOf(input)
    const ticket = await wire.mutate<JobRef>(
      under(path, 'enqueue'),
      { ...given(options), ...given({ input }) },
      bytes,
    )
    return createHandle(wire.jobs(path), ticket, wire.clock)
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
      for (const ticket of tickets) handles.push(createHandle(wire.jobs(path), ticket, wire.clock))
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
  ) => createHandle(wire.jobs(path), { id, task, cursor }, wire.clock),
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
  if (!Object.hasOwn(verbs, verb)) {
    throw new TypeError(`${path.join('.')} is no call. Calls end in ${Object.keys(verbs).join(', ')}.`)
  }
  const act = verbs[verb as keyof typeof verbs] as (
    wire: Wire,
    path: string,
    ...args: readonly unknown[]
  ) => unknown
  return act(wire, path.slice(0, -1).join('.'), ...args)
}

/** Without what is undefined: on the wire, absent says it shorter. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** An error about the inputs of one group, with their places among all inputs: `[3].texts` becomes `[503].texts`. */
function asOfAll({ from }: Group, error: unknown): unknown {
  if (from === 0 || !isLovageError(error, 'INPUT_INVALID')) return error
  const issues = error.details.issues.map(({ path, message }) => ({
    path: path.replace(/^\[(\d+)\]/, (_, place: string) => `[${from + Number(place)}]`),
    message,
  }))
  return new LovageError('INPUT_INVALID', { ...error.details, issues }, { cause: error })
}
