/**
 * Flows: trees of jobs in which outputs become inputs, described as data before anything is enqueued.
 *
 * ```
 * chain(a.call(x), b.step(), c.step())          a ─▶ b ─▶ c
 * group([a.call(x), a.call(y)])                 both, and then one list of their outputs
 * chord([a.call(x), b.call(y)], c.step())       both ─▶ c, which gets the list
 * ```
 * An output that does not fit the next input does not compile.
 */
import type { EnqueueOptions } from './enqueue-options.ts'
import type { FlowProgress, KeptPart } from './flow.ts'
import type { TaskTypes } from './task.ts'

/** The task of groups, as notices and `get` name it. */
export const GROUP = '~group'

/** What of the options of an enqueue makes sense for a job within a flow. */
export type FlowOptions<Options = EnqueueOptions> = Omit<
  Options,
  'id' | 'idempotencyKey' | 'owner' | 'singleton' | 'debounce' | 'throttle' | 'trace'
>
/** A step starts when its input is there, whenever that is. */
export type StepOptions<Options = EnqueueOptions> = Omit<FlowOptions<Options>, 'delay' | 'runAt'>

/** A job, or a group, of a flow. Plain data: it travels as it is. */
export interface FlowNode {
  /** Absent: a group. */
  task?: string
  input?: unknown
  options?: FlowOptions
  /** Of a step in its chain: what gives it its input. */
  after?: FlowNode
  /** Of a group. */
  members?: readonly FlowNode[]
  /** Whoever waits for it takes note of its failure, and goes on. */
  keep?: true
}

/** A tree of jobs that has all it needs; `T` are the types of its last job. `Given`: what the next step gets. */
export interface Flow<T extends TaskTypes = TaskTypes, Name extends string = string, Given = T['output']> {
  readonly flow: FlowNode
  /** Only types, never a value. */
  readonly '~types'?: { types: T; name: Name; given: Given }
}

/** A task that will get its input from what stands before it. */
export interface Step<T extends TaskTypes = TaskTypes, Name extends string = string, Given = T['output']> {
  readonly step: FlowNode
  readonly '~types'?: { types: T; name: Name; given: Given }
}

type AnyFlow = Flow<TaskTypes, string, unknown>
type AnyStep = Step<TaskTypes, string, unknown>

type GivenBy<Part> = Part extends { readonly '~types'?: { given: infer Given } } ? Given : never

/** The compiler's sentence for a step that cannot take what comes. */
type Misfit = { step: 'The output before this step does not fit its input.' }

/** Each step, if it fits, else the sentence. */
type Fitting<Given, Steps extends readonly AnyStep[]> = Steps extends readonly [
  infer First,
  ...infer Rest extends readonly AnyStep[],
]
  ? First extends Step<infer T, string, infer Next>
    ? readonly [[Given] extends [T['input']] ? First : Misfit, ...Fitting<Next, Rest>]
    : never
  : readonly []

type LastFlow<Steps extends readonly AnyStep[]> = Steps extends readonly [...AnyStep[], infer Last]
  ? Last extends Step<infer T, infer Name, infer Given>
    ? Flow<T, Name, Given>
    : never
  : never

/** The types of a group: it is given nothing, and its output is the list of what its members give. */
export interface GroupTypes<Output> extends TaskTypes {
  name: typeof GROUP
  input: undefined
  parsed: undefined
  returns: void
  output: Output
  reports: never
  progress: FlowProgress
}

type Gathered<Parts extends readonly AnyFlow[]> = { -readonly [K in keyof Parts]: GivenBy<Parts[K]> }

/** The types of a flow's handle: while it waits it tells how many of its parts are there. */
export interface FlowTypes<T extends TaskTypes> extends TaskTypes {
  name: T['name']
  input: T['input']
  parsed: T['parsed']
  returns: T['returns']
  output: T['output']
  reports: T['reports']
  progress: T['progress'] | FlowProgress
}

/** A call as data, by the name of its task. */
export const callOf = (task: string, input: unknown, options: FlowOptions | undefined): Flow => ({
  flow: { task, ...(input !== undefined && { input }), ...(options && { options }) },
})

/** A step as data. */
export const stepOf = (task: string, options: StepOptions | undefined): Step => ({
  step: { task, ...(options && { options }) },
})

/** One after the other, each with the output of the one before as its input. */
export function chain<const First extends AnyFlow, const Steps extends readonly [AnyStep, ...AnyStep[]]>(
  first: First,
  ...steps: Steps & Fitting<GivenBy<First>, Steps>
): LastFlow<Steps> {
  let node = first.flow
  for (const { step } of steps as readonly AnyStep[]) node = { ...step, after: node }
  return { flow: node } as LastFlow<Steps>
}

/** All at the same time; its output is the list of theirs, in this order. */
export function group<const Parts extends readonly AnyFlow[]>(
  parts: Parts,
): Flow<GroupTypes<Gathered<Parts>>, typeof GROUP> {
  return { flow: { members: parts.map(({ flow }) => flow) } }
}

/** A group whose list of outputs is the input of one more job, which runs once. */
export function chord<const Parts extends readonly AnyFlow[], const Last extends AnyStep>(
  parts: Parts,
  last: Last & Fitting<Gathered<Parts>, readonly [Last]>[0],
): LastFlow<readonly [Last]> {
  return { flow: { ...(last as AnyStep).step, after: group(parts).flow } } as LastFlow<readonly [Last]>
}

/**
 * With this, whoever waits for the job goes on when it fails, is cancelled or expires, and gets a `KeptPart` of it:
 * `{ ok: true, value }` or `{ ok: false, error }`. Otherwise it fails with `DEPENDENCY_FAILED`, and the rest of its
 * tree is cancelled.
 */
export function keep<T extends TaskTypes, Name extends string>(
  flow: Flow<T, Name>,
): Flow<T, Name, KeptPart<T['output']>>
export function keep<T extends TaskTypes, Name extends string>(
  step: Step<T, Name>,
): Step<T, Name, KeptPart<T['output']>>
export function keep(part: AnyFlow | AnyStep): AnyFlow | AnyStep {
  return 'flow' in part ? { flow: { ...part.flow, keep: true } } : { step: { ...part.step, keep: true } }
}
