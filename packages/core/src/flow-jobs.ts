/** From the description of a flow to its jobs, parents before their children, as a store takes them in one act. */
import type { Engine } from './engine.ts'
import type { FlowEnqueueOptions, QueueEnqueueOptions } from './enqueue-options.ts'
import { LovageError } from './errors.ts'
import type { FlowPlace } from './flow.ts'
import { type Flow, type FlowNode, GROUP } from './flow-calls.ts'
import { newJobId } from './id.ts'
import { newJob, OPEN } from './new-job.ts'
import { refused } from './refused.ts'
import { parse } from './schema.ts'
import { ENQUEUE_MAX, type NewJob } from './store.ts'
import { type AnyTask, task } from './task.ts'
import type { TaskRules } from './task-rules.ts'

/** Every node of the tree, checked for what only the tree can say. */
function flowNodes(root: FlowNode): FlowNode[] {
  const nodes: FlowNode[] = []
  const rest = [root]
  while (rest.length > 0) {
    const node = rest.pop() as FlowNode
    nodes.push(node)
    if (nodes.length > ENQUEUE_MAX)
      refused('flow', `more than ${ENQUEUE_MAX} jobs`, `at most ${ENQUEUE_MAX} jobs in one flow`)
    // It may have come from a browser, or from a call without types.
    const isNode = typeof node === 'object' && node !== null
    const { task, after, members } = isNode ? node : {}
    if ((task === undefined) === (members === undefined))
      refused('flow', node, 'what call, chain, group or chord gave')
    if (members?.length === 0) refused('flow', members, 'at least one member in each group')
    if (after !== undefined) rest.push(after)
    for (const member of members ?? []) rest.push(member)
  }
  return nodes
}

/** Checked and made, root first; nothing is enqueued yet. */
export async function jobsOfFlow(
  engine: Engine,
  { flow }: Flow,
  { owner, trace, ...root }: FlowEnqueueOptions,
): Promise<[NewJob, ...NewJob[]]> {
  for (const node of flowNodes(flow)) {
    const { task: name, input, after, options } = node
    if (name === undefined) continue
    const { input: schema, rules } = engine.task(name)
    if (node !== flow) refuseOthers(name, rules, options)
    if (after !== undefined) continue
    const checked = await parse(schema, input)
    if (!checked.ok) throw new LovageError('INPUT_INVALID', { task: name, issues: checked.issues })
  }
  const jobs = flowJobs(flow, (node, id) => {
    const { task: name = GROUP, input, after, options } = node
    const task = name === GROUP ? GROUP_TASK : engine.task(name)
    const terms = engine.terms(name)
    const given = {
      ...options,
      ...(node === flow && root),
      ...(owner !== undefined && { owner }),
      ...(trace !== undefined && { trace }),
      id,
    }
    const job = newJob(task, after === undefined && name !== GROUP ? input : OPEN, given, terms)
    job.options.ttlMs = terms.ttlMs
    return job
  })
  return jobs as [NewJob, ...NewJob[]]
}

/** Only the root may be stood in for by another job: any other would leave its parent waiting for ever. */
function refuseOthers(name: string, rules: TaskRules | undefined, options: QueueEnqueueOptions = {}): void {
  if (rules?.singleton ?? rules?.debounce ?? rules?.throttleMs)
    refused('flow', name, 'singleton, debounce and throttle at none but the last task of a flow')
  for (const option of ['idempotencyKey', 'singleton', 'debounce', 'throttle'] as const) {
    const seen = options[option]
    if (seen !== undefined) refused(option, seen, 'none within a flow')
  }
}

/** What the job of a group is made by. Nothing of it ever runs. */
const GROUP_TASK: AnyTask = { ...task(), name: GROUP }

/** @param make Makes the job of a node, which is that of a task or of a group, without its place. */
function flowJobs(root: FlowNode, make: (node: FlowNode, id: string) => NewJob): NewJob[] {
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
