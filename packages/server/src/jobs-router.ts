/** The jobs router: a queue as ordinary tRPC procedures, behind the user's own procedure. */
import { type Duration, durationMs, type Engine, LovageError, type Queue, type TaskTree } from '@lovage/core'
import type {
  AnyTRPCRootTypes,
  inferProcedureBuilderResolverOptions,
  TRPCBuiltRouter,
  TRPCProcedureBuilder,
  TRPCRootConfig,
  TRPCRouterBuilder,
  TRPCRouterRecord,
} from '@trpc/server'
import { answer } from './answer.ts'
import { consumerProcedures, DEFAULT_MAX_GROUPS } from './consumer-procedures.ts'
import { formatter } from './errors.ts'
import { flattened } from './flat.ts'
import type { JobsRecord, WithLovage } from './procedures.ts'
import { ownJobs } from './own-jobs.ts'
import { type QuotaOptions, Quotas } from './quotas.ts'
import { Revocation, REVOKED_EVERY_MS } from './revocation.ts'
import { openStreams } from './streams.ts'
import { type Kit, type PlainBuilder, sharedProcedures, taskProcedures } from './resolvers.ts'

export interface JobsRouterOptions<
  Tree extends TaskTree,
  Root extends AnyTRPCRootTypes,
  Procedure extends AnyProcedureBuilder,
> {
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
  /**
   * Until when the caller may listen, in Unix ms; `undefined`: for as long as he likes. A subscription ends then with
   * `UNAUTHORIZED`, and a client with a new token goes on at its cursor. Say it where tokens run out: a context is made
   * once for each socket, and a socket lives for days.
   */
  expires?: (options: { ctx: inferProcedureBuilderResolverOptions<Procedure>['ctx'] }) => number | undefined
  /** The highest priority that callers may give their jobs. Default: that of the task, and none where it has none. */
  maxPriority?: number
  /**
   * Whether the caller's right to listen was taken away: a session that was ended, a user who was banned. Asked when a
   * subscription begins, and again before a notice is delivered upon an answer older than `revokedEvery`; `true` ends
   * it with `UNAUTHORIZED`. One that throws ends it as well, and the client tries again.
   */
  revoked?: (options: {
    ctx: inferProcedureBuilderResolverOptions<Procedure>['ctx']
  }) => boolean | Promise<boolean>
  /** How long an answer of `revoked` stands. Default 5 s; 0: each notice asks, for one who answers from memory. */
  revokedEvery?: Duration
  /** How many consumer groups one owner may have; 0 for none. Each keeps the feed from being trimmed. Default 10. */
  maxGroups?: number
  /** What one owner may ask of this API; beyond, calls fail with `QUOTA_EXCEEDED`. Default: as much as he likes. */
  quotas?: QuotaOptions
}

export type JobsRouter<Tree, Root extends AnyTRPCRootTypes> = TRPCBuiltRouter<
  Root,
  JobsRecord<Tree, WithLovage<Root['errorShape']>>
>

// oxlint-disable-next-line typescript/no-explicit-any -- what a constraint that accepts every builder must say
export type AnyProcedureBuilder = TRPCProcedureBuilder<any, any, any, any, any, any, any, any, any>

/**
 * For each task `enqueue`, `enqueueMany`, `get`, `cancel`, `notices`, `list`, `last`, `retry`, nested as the tasks are;
 * and `get`, `cancel`, `notices`, `list`, `retry`, `cancelMany`, `enqueueFlow`, those of `failed`, and what durable
 * consumers need, across all of them.
 *
 * Errors carry `data.lovage`, a code with its details, and never a stack. Subscriptions resume at their cursor with
 * every tRPC client. The number of subscriptions of one connection is limited by `limitSubscriptions`.
 *
 * @example t.router({ jobs: jobsRouter({ t, queue, procedure: signedIn, owner: ({ ctx }) => ctx.userId }) })
 */
export function jobsRouter<
  Tree extends TaskTree,
  Root extends AnyTRPCRootTypes,
  Procedure extends AnyProcedureBuilder,
>({
  t,
  queue,
  procedure,
  owner,
  expires,
  maxPriority,
  revoked,
  revokedEvery = REVOKED_EVERY_MS,
  maxGroups = DEFAULT_MAX_GROUPS,
  quotas: quotaOptions,
}: JobsRouterOptions<Tree, Root, Procedure>): JobsRouter<Tree, Root> {
  const everyMs = durationMs(revokedEvery, 'revokedEvery')
  const builder = procedure as unknown as PlainBuilder
  const quotas = quotaOptions && new Quotas(quotaOptions)
  const ownerOf: Kit['ownerOf'] = owner === 'public' ? () => undefined : (ctx) => checkedOwner(owner({ ctx }))
  const base = builder.use(openStreams as never).errors(formatter(t._config.errorFormatter)) as PlainBuilder
  const kit: Kit = {
    // Asked for by name alone: to look through all members of a tree of tasks that is not known yet has no end.
    engine: (queue as { readonly '~engine': Engine })['~engine'],
    base: quotas === undefined ? base : base.use(counted(quotas, ownerOf)),
    open: builder._def.inputs.length > 0,
    ownerOf,
    maxPriority,
    quotas,
    rightsOf: (ctx) => ({
      subscribe: () => quotas?.subscribe(ownerOf(ctx)),
      expiresAt: expires?.({ ctx }),
      revocation: revoked && new Revocation(() => revoked({ ctx }), everyMs),
    }),
  }
  const record = {
    ...sharedProcedures(kit, undefined),
    ...ownJobs(kit),
    ...consumerProcedures(kit, maxGroups),
  }
  for (const task of kit.engine.tasks) place(record, task.keys, taskProcedures(kit, task))
  flattened(record, builder._def.middlewares)
  return t.router(record) as unknown as JobsRouter<Tree, Root>
}

/** Counts each call before anything else is done for it. */
const counted =
  (quotas: Quotas, ownerOf: Kit['ownerOf']): Parameters<PlainBuilder['use']>[0] =>
  async ({ ctx, next }) => {
    await answer(() => quotas.call(ownerOf(ctx)))
    return await next()
  }

/** An owner that is no text would lift the fence between owners; better nobody gets in. */
function checkedOwner(owner: unknown): string {
  if (typeof owner === 'string' && owner !== '') return owner
  throw new LovageError('UNAUTHORIZED', { message: 'The caller could not be identified.' })
}

function place(into: TRPCRouterRecord, keys: readonly string[], value: TRPCRouterRecord): void {
  const [key, ...rest] = keys as [string, ...string[]]
  if (rest.length === 0) into[key] = value
  else place((into[key] ??= {}) as TRPCRouterRecord, rest, value)
}
