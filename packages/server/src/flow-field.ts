/** A flow as it travels: a tree of plain objects, checked for its shape alone. */
import { ENQUEUE_MAX } from '@lovage/core'
import { refuse } from './envelope.ts'

export interface WireNode {
  task?: string | undefined
  input?: unknown
  options?: unknown
  after?: WireNode | undefined
  members?: readonly WireNode[] | undefined
  keep?: true | undefined
}

const KEYS = ['task', 'input', 'options', 'after', 'members', 'keep']

/** Never goes deeper than there may be jobs. @throws LovageError `OPTION_INVALID` */
export function flowField(seen: unknown, path: string): WireNode {
  const rest: unknown[] = [seen]
  let count = 0
  while (rest.length > 0) {
    const node = rest.pop() // absent ones are looked at like all others: a list may have holes
    count += 1
    if (count > ENQUEUE_MAX)
      refuse(path, `more than ${ENQUEUE_MAX} jobs`, `at most ${ENQUEUE_MAX} jobs in one flow`)
    if (typeof node !== 'object' || node === null || Object.keys(node).some((key) => !KEYS.includes(key)))
      refuse(path, node, 'what call, chain, group or chord gave')
    const { task, after, members, keep } = node as Record<string, unknown>
    if (task !== undefined && typeof task !== 'string') refuse(`${path}.task`, task, 'the path of a task')
    if (keep !== undefined && keep !== true) refuse(`${path}.keep`, keep, 'true')
    if (members !== undefined && !Array.isArray(members)) refuse(`${path}.members`, members, 'a list')
    if (after !== undefined) rest.push(after)
    if (members !== undefined) rest.push(...(members as unknown[]).slice(0, ENQUEUE_MAX + 1))
  }
  return seen as WireNode
}

/** How many jobs a checked flow is, its groups included. */
export function jobsIn({ after, members = [] }: WireNode): number {
  const parts = after === undefined ? members : [...members, after]
  return parts.reduce((sum, part) => sum + jobsIn(part), 1)
}
