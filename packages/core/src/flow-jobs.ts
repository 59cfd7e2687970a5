/** From the description of a flow to its jobs, parents before their children, as a store takes them in one act. */
import type { FlowPlace } from './flow.ts'
import type { FlowNode } from './flow-calls.ts'
import { newJobId } from './id.ts'
import { refused } from './refused.ts'
import { ENQUEUE_MAX, type NewJob } from './store.ts'

/** Every node of the tree, checked for what only the tree can say. */
export function flowNodes(root: FlowNode): FlowNode[] {
  const nodes: FlowNode[] = []
  const rest = [root]
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    nodes.push(node)
    if (nodes.length > ENQUEUE_MAX)
      refused('flow', `more than ${ENQUEUE_MAX} jobs`, `at most ${ENQUEUE_MAX} jobs in one flow`)
    const { task, after, members } = node
    if ((task === undefined) === (members === undefined))
      refused('flow', node, 'what call, chain, group or chord gave')
    if (members?.length === 0) refused('flow', members, 'at least one member in each group')
    if (after !== undefined) rest.push(after)
    for (const member of members ?? []) rest.push(member)
  }
  return nodes
}

/** @param make Makes the job of a node, which is that of a task or of a group, without its place. */
export function flowJobs(root: FlowNode, make: (node: FlowNode, id: string) => NewJob): NewJob[] {
  const jobs: NewJob[] = []
  // With a list of what is to be placed instead of recursion: a chain may be as long as a flow.
  const rest: { node: FlowNode; parent: FlowPlace['parent'] }[] = [{ node: root, parent: undefined }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { node, parent } = next
    const id = newJobId()
    const job = make(node, id)
    const children = childrenOf(node)
    const flow: FlowPlace = {}
    if (parent !== undefined) flow.parent = parent
    if (children.nodes.length > 0) {
      const { input, nodes } = children
      flow.waits = { children: nodes.length, input, isGroup: node.members !== undefined }
    }
    if (parent !== undefined || flow.waits !== undefined) job.flow = flow
    jobs.push(job)
    const placed = children.nodes.map((child, part) => {
      const onFailure = child.keep === true ? ('keep' as const) : ('fail' as const)
      return { node: child, parent: { id, part, onFailure } }
    })
    rest.push(...placed.toReversed())
  }
  return jobs
}

/** A group that is not kept needs no job of its own where another job waits for its members. */
function childrenOf({ after, members }: FlowNode): { nodes: readonly FlowNode[]; input: 'only' | 'list' } {
  if (members !== undefined) return { nodes: members, input: 'list' }
  if (after === undefined) return { nodes: [], input: 'only' }
  if (after.members !== undefined && after.keep !== true) return { nodes: after.members, input: 'list' }
  return { nodes: [after], input: 'only' }
}
