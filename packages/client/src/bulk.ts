/** More inputs than one request can carry: in groups. */
import { ENQUEUE_MAX, isLovageError, type JobRef, LovageError } from '@lovage/core'
import type { Origin } from './origin.ts'

/** What inputs of one request may take, with room for what stands around them below a server's limit of 1 MiB. */
const REQUEST_MAX_BYTES = 786_432

const bytesOf = (at: Origin, value: unknown): number =>
  new Blob([JSON.stringify(at.wire.serialize(value))]).size

export const isOneRequest = (at: Origin, inputs: readonly unknown[]): boolean =>
  inputs.length <= ENQUEUE_MAX && bytesOf(at, inputs) <= REQUEST_MAX_BYTES

interface Group {
  /** The place of its first input among all. */
  from: number
  inputs: unknown[]
}

/** Group after group; what was enqueued before a group failed stays enqueued. */
export async function enqueueGroups(
  at: Origin,
  inputs: readonly unknown[],
  options: object,
): Promise<JobRef[]> {
  const tickets: JobRef[] = []
  for (const group of groupsOf(inputs, (input) => bytesOf(at, input))) {
    try {
      tickets.push(...(await at.mutate<JobRef[]>('enqueueMany', { ...options, inputs: group.inputs })))
    } catch (error) {
      throw asOfAll(group, error)
    }
  }
  return tickets
}

/** An input that is larger than the bound gets a group of its own: the server will say that it is too large. */
function groupsOf(inputs: readonly unknown[], bytesOf: (input: unknown) => number): Group[] {
  const groups: Group[] = []
  let group: Group | undefined
  let room = 0
  for (const [from, input] of inputs.entries()) {
    const bytes = bytesOf(input)
    if (group === undefined || group.inputs.length >= ENQUEUE_MAX || bytes > room) {
      groups.push((group = { from, inputs: [] }))
      room = REQUEST_MAX_BYTES
    }
    group.inputs.push(input)
    room -= bytes
  }
  return groups
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
