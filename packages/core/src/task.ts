/** A task: what may be enqueued, under which policy. The definition holds no server code unless `run` is given. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { retryPolicy, type RetryOptions, type RetryPolicy } from './backoff.ts'
import { durationMs, type Duration } from './duration.ts'
import { LovageError } from './errors.ts'
import type { HandlerOf, JobContext } from './handler.ts'
import { createLog } from './log.ts'
import { type Rhythm, rhythmOf, scheduleName, type TaskSchedule } from './schedule-plan.ts'
import { parse, type Schema } from './schema.ts'
import { type RuleOptions, type TaskRules, taskRules } from './task-rules.ts'

/**
 * All types of one task in one bag.
 *
 * Each schema has two faces: what its user writes and what comes out of parsing. Callers write `input`, handlers get
 * `parsed`; handlers return `returns`, callers get `output`; handlers report `reports`, followers get `progress`.
 */
export interface TaskTypes {
  name: string | undefined
  input: unknown
  parsed: unknown
  returns: unknown
  output: unknown
  reports: unknown
  progress: unknown
}

/** Notices that are written only for tasks that ask for them; each makes a no-op job cost Redis about a third more. */
export type ExtraNotice = 'queued' | 'started'

/**
 * Where a handler runs: on the event loop that it shares with all others, or in a thread or a process where it is
 * alone. Only what is alone can be stopped by force, and compute without holding up the rest.
 */
export type Isolation = 'inline' | 'thread' | 'process'

const ISOLATIONS: readonly string[] = ['inline', 'thread', 'process'] satisfies Isolation[]

export interface TaskOptions<
  In extends Schema | undefined,
  Out extends Schema | undefined,
  Prog extends Schema | undefined,
  Name extends string | undefined,
> extends RuleOptions<InputOf<In, undefined>> {
  /** The name on the wire and in Redis. Default: the keys that lead to the task, joined with dots. */
  name?: Name
  /** What callers pass. Checked when enqueued and again by the worker. Default: nothing may be passed. */
  input?: In
  /** What the handler returns. A value that it refuses fails the job at once. Default: nothing is returned. */
  output?: Out
  /** What the handler reports while it runs. */
  progress?: Prog
  retry?: RetryOptions
  /** How long one attempt may run. Default 5 min. */
  timeLimit?: Duration
  /** How long the result is kept; 0 or `false`: not at all, only its notice tells it. Default: what the queue says, 24 h. */
  resultTtl?: Duration | false
  /** Notices beyond progress, retries and outcomes. Default none. */
  notices?: readonly ExtraNotice[]
  /** Where the handler runs. Default `inline`. A worker must name the handlers of all others by their module. */
  isolation?: Isolation
  /** When jobs are enqueued by themselves, by whichever worker is there. */
  schedule?: TaskSchedule<InputOf<In, undefined>> | readonly TaskSchedule<InputOf<In, undefined>>[]
}

/** A schedule of a task, checked. */
export interface DeclaredSchedule {
  name: string | undefined
  input: unknown
  rhythm: Rhythm
}

export interface Task<T extends TaskTypes = TaskTypes> {
  readonly kind: 'task'
  readonly name: T['name']
  readonly input: Schema | undefined
  readonly output: Schema | undefined
  readonly progress: Schema | undefined
  readonly retry: RetryPolicy
  readonly timeLimitMs: number
  readonly resultTtlMs: number | undefined
  readonly notices: readonly ExtraNotice[]
  /** `undefined`: its jobs are plain. */
  readonly rules: TaskRules | undefined
  readonly schedules: readonly DeclaredSchedule[] | undefined
  readonly isolation: Isolation
  /** Only types, never a value. */
  readonly '~types'?: T
}

/** A task that brings its handler along. `run` is a direct call: no queue, no worker, no retry. */
export interface RunnableTask<T extends TaskTypes = TaskTypes> extends Task<T> {
  /**
   * Parses the input, runs the handler here and now, and parses what it returned.
   *
   * @throws LovageError `INPUT_INVALID`, `OUTPUT_INVALID`, or whatever the handler throws.
   */
  run(...args: DirectArgs<T>): Promise<T['output']>
  /** The function given as `run`, as it is: what a worker calls between its own two checks. */
  handler(input: T['parsed'], context: JobContext<T>): T['returns'] | Promise<T['returns']>
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a constraint that accepts every task must say
export type AnyTask = Task<any>

type DirectArgs<T extends TaskTypes> = undefined extends T['input']
  ? [input?: T['input'], context?: Partial<JobContext<T>>]
  : [input: T['input'], context?: Partial<JobContext<T>>]

type InputOf<S, None> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : None
type OutputOf<S, None> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : None

/** The bag of types that a definition adds up to. */
export interface TypesOf<In, Out, Prog, Name extends string | undefined, Nothing = void> extends TaskTypes {
  name: Name
  input: InputOf<In, undefined>
  parsed: OutputOf<In, undefined>
  returns: InputOf<Out, Nothing>
  output: OutputOf<Out, undefined>
  reports: InputOf<Prog, never>
  progress: OutputOf<Prog, never>
}

const DEFAULT_TIME_LIMIT_MS = 300_000 // what Celery's users set most often; long enough for a report, short enough for a hang

/**
 * Defines a task.
 *
 * @example task({ input: z.object({ to: z.email() }), retry: { attempts: 5 }, timeLimit: '30s' })
 * @throws TypeError, or LovageError `OPTION_INVALID` for a duration or a word, when an option cannot be.
 */
export function task<
  In extends Schema | undefined = undefined,
  Out extends Schema | undefined = undefined,
  Prog extends Schema | undefined = undefined,
  const Name extends string | undefined = undefined,
>(
  options: TaskOptions<In, Out, Prog, Name> & { run: HandlerOf<TypesOf<In, Out, Prog, Name>> },
): RunnableTask<TypesOf<In, Out, Prog, Name>>
export function task<
  In extends Schema | undefined = undefined,
  Out extends Schema | undefined = undefined,
  Prog extends Schema | undefined = undefined,
  const Name extends string | undefined = undefined,
>(options?: TaskOptions<In, Out, Prog, Name>): Task<TypesOf<In, Out, Prog, Name>>
export function task(
  options: TaskOptions<Schema, Schema, Schema, string> & { run?: HandlerOf<TaskTypes> } = {},
): AnyTask {
  const definition: Task = {
    kind: 'task',
    name: options.name,
    input: options.input,
    output: options.output,
    progress: options.progress,
    retry: retryPolicy(options.retry),
    timeLimitMs: durationMs(options.timeLimit ?? DEFAULT_TIME_LIMIT_MS, 'timeLimit'),
    resultTtlMs: options.resultTtl === undefined ? undefined : ttlOf(options.resultTtl),
    notices: options.notices ?? [],
    rules: taskRules(options),
    schedules: options.schedule === undefined ? undefined : declared(options.schedule, options.input),
    isolation: isolationOf(options.isolation ?? 'inline'),
  }
  return options.run === undefined ? definition : runnable(definition, options.run)
}

const ttlOf = (ttl: Duration | false): number => (ttl === false ? 0 : durationMs(ttl, 'resultTtl'))

type Schedules = TaskSchedule<unknown> | readonly TaskSchedule<unknown>[]

/** Input that the schema refuses at once is refused here; of one that takes its time, the worker hears at its start. */
function declared(schedules: Schedules, input: Schema | undefined): DeclaredSchedule[] {
  return [schedules].flat().map((schedule: TaskSchedule<unknown>) => {
    const name = schedule.name === undefined ? undefined : scheduleName(schedule.name)
    const rhythm = rhythmOf(schedule)
    const checked = parse(input, schedule.input)
    if (!(checked instanceof Promise) && !checked.ok)
      throw new LovageError('INPUT_INVALID', { task: name ?? 'of a schedule', issues: checked.issues })
    return { name, input: schedule.input, rhythm }
  })
}

function isolationOf(isolation: Isolation): Isolation {
  if (ISOLATIONS.includes(isolation)) return isolation
  const expected = ISOLATIONS.join(', ')
  throw new LovageError('OPTION_INVALID', { option: 'isolation', seen: String(isolation), expected })
}

function runnable(definition: AnyTask, handler: HandlerOf<TaskTypes>): AnyTask {
  const run = (input: unknown, context: Partial<JobContext> = {}): Promise<unknown> =>
    runHere(definition, handler, input, context)
  return { ...definition, handler, run } as AnyTask
}

/** The same definition by that name, which its direct call then says too. */
export function withName(task: AnyTask, name: string): AnyTask {
  const named = { ...task, name }
  return isRunnable(task) ? runnable(named, task.handler) : named
}

/** Whether a definition brings its handler along. */
export const isRunnable = (task: AnyTask): task is RunnableTask => 'run' in task

async function runHere(
  definition: Task,
  handler: HandlerOf<TaskTypes>,
  input: unknown,
  context: Partial<JobContext>,
): Promise<unknown> {
  const name = definition.name ?? 'task'
  const parsed = await parse(definition.input, input)
  if (!parsed.ok) throw new LovageError('INPUT_INVALID', { task: name, issues: parsed.issues })
  const returned = await handler(parsed.value, {
    job: { id: 'direct', task: name, attempt: 1, enqueuedAt: Date.now(), owner: null },
    signal: new AbortController().signal,
    progress: () => {},
    log: createLog(() => {}),
    chunk: () => {},
    ...context,
  })
  const checked = await parse(definition.output, returned)
  if (!checked.ok) throw new LovageError('OUTPUT_INVALID', { task: name, issues: checked.issues })
  return definition.output === undefined ? undefined : checked.value
}
