/** Many inputs in groups that one request can carry. */
import { encode, encodedBytes, ENQUEUE_MAX } from '@lovage/core'

/** With room for what stands around them below a server's limit of 1 MiB. */
const MAX_BYTES = 786_432

export interface Group {
  /** The place of its first input among all. */
  from: number
  inputs: unknown[]
  bytes: number
}

/**
 * An input that is larger than the bound gets a group of its own: the server will say that it is too large.
 *
 * @throws LovageError `NOT_SERIALIZABLE`
 */
export function groupsOf(inputs: readonly unknown[]): Group[] {
  const groups: Group[] = []
  let group: Group | undefined
  for (const [index, input] of inputs.entries()) {
    const bytes = sizeOf(input)
    if (group === undefined || group.inputs.length >= ENQUEUE_MAX || group.bytes + bytes > MAX_BYTES) {
      group = { from: index, inputs: [], bytes: 0 }
      groups.push(group)
    }
    group.inputs.push(input)
    group.bytes += bytes
  }
  return groups
}

/**
 * Bytes that an input takes, encoded. Encoding it here also refuses, as the queue itself would, what a transformer
 * would turn into something else without a word: functions, instances of classes.
 *
 * @throws LovageError `NOT_SERIALIZABLE`
 */
export const sizeOf = (input: unknown): number => encodedBytes(encode(input))
