/** The jobs router: a queue as ordinary tRPC procedures, behind the user's own procedure. */
import { type Cursor, type Engine, isLovageError, LovageError, type NamedTask, type Notice, type Queue, type TaskTree } from '@lovage/core'
import {
  type AnyTRPCProcedure, type AnyTRPCRootTypes, type inferProcedureBuilderResolverOptions, tracked, type TRPCBuiltRouter,
  type TRPCProcedureBuilder, type TRPCRootConfig, type TRPCRouterBuilder, type TRPCRouterRecord, type TRPCUnsetMarker,
} from '@trpc/server'
import {
  anything, attempts, cursor, delay, envelope, from, id, inputs, names, optional, reason, refuse, timeLimit, types,
} from './envelope.ts'
import { formatter, toTRPCError } from './errors.ts'
import type { JobsRecord, WithLovage } from './procedures.ts'
import { takeSeat } from './seats.ts'
import { jobWithoutStack, noticeWithoutStack } from './without-stacks.ts'

export interface JobsRouterOptions<Tree extends TaskTree, Root extends AnyTRPCRootTypes, Procedure extends AnyProcedureBuilder> {
  /** What `initTRPC.create()` gave; the router can be merged into every router of the same `t`. */
  t: { router: TRPCRouterBuilder<Root>; _config: TRPCRootConfig<Root> }
  queue: Queue<Tree>
  /** What all procedures start from: authentication, rate limits, logging. */
  procedure: Procedure
  /**
   * Whose jobs a caller enqueues, sees, follows and cancels; those of others do not exist for him.
   * `'public'`: everybody has all jobs of the queue.
   */
  owner: 'public' | ((options: { ctx: inferProcedureBuilderResolverOptions<Procedure>['ctx'] }) => string)
}

export type JobsRouter<Tree, Root extends AnyTRPCRootTypes> = TRPCBuiltRouter<
  Root,
  JobsRecord<Tree, WithLovage<Root['errorShape']>>
>

// oxlint-disable-next-line typescript/no-explicit-any -- what a constraint that accepts every builder must say
type AnyProcedureBuilder = TRPCProcedureBuilder<any, any, any, any, any, any, any, any, any>

/** A builder of which nothing is known: what ours are built from at run time. */
type PlainBuilder = TRPCProcedureBuilder<
  object, object, object, TRPCUnsetMarker, TRPCUnsetMarker, TRPCUnsetMarker, TRPCUnsetMarker, false, unknown
>

/**
 * For each task `enqueue`, `enqueueMany`, `get`, `cancel`, `notices`, nested as the tasks are; and `get`, `cancel`,
 * `notices` across all of them.
 *
 * Errors carry `data.lovage`, a code with its details, and never a stack. Subscriptions resume at their cursor with
 * every tRPC client. The number of subscriptions of one connection is limited by `limitSubscriptions`.
 *
 * @example t.router({ jobs: jobsRouter({ t, queue, procedure: signedIn, owner: ({ ctx }) => ctx.userId }) })
 */
export function jobsRouter<Tree extends TaskTree, Root extends AnyTRPCRootTypes, Procedure extends AnyProcedureBuilder>({
  t,
  queue,
  procedure,
  owner,
}: JobsRouterOptions<Tree, Root, Procedure>): JobsRouter<Tree, Root> {
  const builder = procedure as unknown as PlainBuilder
  const kit: Kit = {
    // Asked for by name alone: to look through all members of a tree of tasks that is not known yet has no end.
    engine: (queue as { readonly '~engine': Engine })['~engine'],
    base: builder.errors(formatter(t._config.errorFormatter)),
    open: builder._def.inputs.length > 0,
    ownerOf: owner === 'public' ? () => undefined : (ctx) => checkedOwner(owner({ ctx })),
  }
  const record: TRPCRouterRecord = { ...shared(kit, undefined), notices: feed(kit) }
  for (const task of kit.engine.tasks) place(record, task.keys, ofTask(kit, task))
  return t.router(record) as unknown as JobsRouter<Tree, Root>
}

interface Kit {
  engine: Engine
  base: PlainBuilder
  /** The user's procedure has inputs of its own, which stand beside ours. */
  open: boolean
  ownerOf: (ctx: object) => string | undefined
}

/** An owner that is no text would lift the fence between owners; better nobody gets in. */
function checkedOwner(owner: unknown): string {
  if (typeof owner === 'string' && owner !== '') return owner
  throw new LovageError('UNAUTHORIZED', { message: 'The caller could not be identified.' })
}

function ofTask(kit: Kit, { name, task }: NamedTask): TRPCRouterRecord {
  const { engine, base, open, ownerOf } = kit
  const options = {
    delay: optional(delay),
    attempts: optional(attempts(task.retry.attempts)),
    timeLimit: optional(timeLimit(task.timeLimitMs)),
  }
  return {
    ...shared(kit, name),
    enqueue: base.input(envelope({ input: anything, id: optional(id), ...options }, { open })).mutation(({ ctx, input }) =>
      answer(async () => {
        const { input: value, ...given } = input
        const owner = ownerOf(ctx)
        const ticket = await engine.enqueue(name, value, defined({ ...given, owner }))
        if (given.id !== undefined) await refuseTaken(given.id, () => engine.snapshot(ticket.id, { task: name, owner }))
        return ticket
      }),
    ),
    enqueueMany: base.input(envelope({ inputs, ...options }, { open })).mutation(({ ctx, input }) =>
      answer(async () => {
        const { inputs: values, ...given } = input
        return await engine.enqueueMany(name, values, defined({ ...given, owner: ownerOf(ctx) }))
      }),
    ),
    notices: base
      .input(envelope({ id: optional(id), types: optional(types), ...places }, { open }))
      .subscription(({ ctx, input, signal }) =>
        deliver(ctx, signal, (own) => {
          const owner = ownerOf(ctx)
          const start = { from: input.lastEventId ?? input.from, signal: own }
          if (input.id === undefined) return engine.feed({ ...defined({ ...start, types: input.types, owner }), tasks: [name] })
          alone('types', input.types)
          return engine.follow(input.id, { ...start, task: name, owner })
        }),
      ),
  }
}

/** Across all tasks: the notices of one job, or of many. */
function feed({ engine, base, open, ownerOf }: Kit): AnyTRPCProcedure {
  return base
    .input(envelope({ id: optional(id), tasks: optional(names), types: optional(types), ...places }, { open }))
    .subscription(({ ctx, input, signal }) =>
      deliver(ctx, signal, (own) => {
        const owner = ownerOf(ctx)
        const { tasks, types: wanted } = input
        const start = { from: input.lastEventId ?? input.from, signal: own }
        if (input.id === undefined) return engine.feed(defined({ ...start, tasks, types: wanted, owner }))
        alone('tasks', tasks)
        alone('types', wanted)
        return engine.follow(input.id, { ...start, owner })
      }),
    )
}

/** What one task and all tasks have in common. */
function shared({ engine, base, open, ownerOf }: Kit, task: string | undefined): TRPCRouterRecord {
  return {
    get: base
      .input(envelope({ id }, { open }))
      .query(({ ctx, input }) => answer(async () => jobWithoutStack(await engine.get(input.id, { task, owner: ownerOf(ctx) })))),
    cancel: base.input(envelope({ id, reason: optional(reason) }, { open })).mutation(({ ctx, input }) =>
      answer(() => {
        const owner = ownerOf(ctx)
        return engine.cancel(input.id, { task, owner, by: owner ?? null, reason: input.reason ?? null })
      }),
    ),
  }
}

const places = { from: optional(from), lastEventId: optional(cursor) }

/** An id says already which job is meant. */
function alone(option: string, seen: unknown): void {
  if (seen !== undefined) refuse(option, seen, 'nothing beside an id')
}

/** A caller's own id may be that of a stranger's job, or of another task: then nothing was enqueued, and he is told. */
async function refuseTaken(given: string, look: () => Promise<unknown>): Promise<void> {
  try {
    await look()
  } catch (error) {
    if (isLovageError(error, 'NOT_FOUND')) refuse('id', given, 'an id that is not taken')
    throw error
  }
}

async function answer<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    throw toTRPCError(error)
  }
}

/**
 * Yields everything through `tracked`, since a single event without an id would erase the client's cursor. Ends when
 * the client goes: by the signal, or by leaving a loop of its own.
 */
async function* deliver(
  ctx: object,
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<Notice>,
): AsyncGenerator<ReturnType<typeof tracked<Notice>>, void, undefined> {
  const left = new AbortController()
  let leave = (): void => {}
  try {
    leave = takeSeat(ctx)
    const notices = open(signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]))
    for await (const notice of notices) yield tracked(notice.cursor satisfies Cursor, noticeWithoutStack(notice))
  } catch (error) {
    throw toTRPCError(error)
  } finally {
    left.abort()
    leave()
  }
}

/** Without the keys that are undefined: for options where absent and undefined are two things. */
function defined<Options extends object>(options: Options): { [K in keyof Options]: Exclude<Options[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

function place(into: TRPCRouterRecord, keys: readonly string[], value: TRPCRouterRecord): void {
  const [key, ...rest] = keys as [string, ...string[]]
  if (rest.length === 0) into[key] = value
  else place((into[key] ??= {}) as TRPCRouterRecord, rest, value)
}
