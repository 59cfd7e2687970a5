/**
 * Which jobs have to be in one partition: those that the store has to count, order or compare with each other. Others
 * go wherever their id leads.
 */
import { refused } from '../refused.ts'
import { readPlan } from '../schedule-plan.ts'
import type { StoredSchedule } from '../schedule.ts'
import type { NewJob } from '../store.ts'
import { homeOf, homeOfName } from './ids.ts'

type Placed = Pick<NewJob, 'task' | 'owner' | 'options' | 'unique' | 'isLast' | 'together'>

/** The name of the company that a job has to be in; `undefined`: of none. */
function companyOf({ task, owner, options, unique, isLast, together }: Placed): string | undefined {
  const { lane } = options
  if (together === true || lane === '') return JSON.stringify([task])
  if (lane !== undefined) return JSON.stringify([task, lane])
  if (unique?.[0] !== undefined) return unique[0].name
  return isLast === true ? JSON.stringify([task, owner, 'last']) : undefined
}

const homeOfJob = (job: Placed, count: number): number | undefined => {
  const company = companyOf(job)
  return company === undefined ? undefined : homeOfName(company, count)
}

/**
 * Where each of these jobs goes. Jobs of a flow stay together, and so do jobs that go anywhere: they are one call.
 *
 * @throws LovageError `OPTION_INVALID` for a flow whose jobs have to be in different partitions
 */
export function homesOf(jobs: readonly NewJob[], count: number): number[] {
  const roots = rootsOf(jobs)
  const homes = new Map<string, { home: number; task: string }>()
  for (const [n, job] of jobs.entries()) {
    const home = homeOfJob(job, count)
    const root = roots[n] as string
    const known = homes.get(root)
    if (home === undefined) continue
    if (known === undefined) homes.set(root, { home, task: job.task })
    else if (known.home !== home) refuseFlow(known.task, job.task)
  }
  let anywhere: number | undefined
  return jobs.map(({ id, flow }, n) => {
    const home = homes.get(roots[n] as string)?.home
    if (home !== undefined) return home
    const own = (of: string): number => homeOf(of, count) ?? homeOfName(of, count)
    if (flow !== undefined) return own(roots[n] as string)
    return (anywhere ??= own(id))
  })
}

/** The root of the tree that each job belongs to: parents come before their children. */
function rootsOf(jobs: readonly NewJob[]): string[] {
  const roots = new Map<string, string>()
  return jobs.map(({ id, flow }) => {
    const parent = flow?.parent?.id
    const root = (parent !== undefined && roots.get(parent)) || id
    roots.set(id, root)
    return root
  })
}

const refuseFlow = (one: string, other: string): never =>
  refused(
    'flow',
    one === other ? `jobs of ${one} with different keys` : `jobs of ${one} and of ${other}`,
    'a flow whose jobs may be in one partition: those with limits, keys or rules of their own lead to different ones. ' +
      'Enqueue one of them from a handler of the flow instead',
  )

/** Its jobs are enqueued where it is, in one act with its next tick. */
export function homeOfSchedule({ name, job, spec }: StoredSchedule, count: number): number {
  const { unique, isLast, together } = planOf(spec)
  const placed = {
    ...job,
    ...(unique && { unique }),
    ...(isLast && { isLast }),
    ...(together && { together }),
  }
  return homeOfJob(placed, count) ?? homeOfName(JSON.stringify(['schedule', name]), count)
}

/** What is not to be read was not written by `storedSchedule`, and asks for nothing. */
function planOf(spec: string): Partial<ReturnType<typeof readPlan>> {
  try {
    return readPlan(spec)
  } catch {
    return {}
  }
}
