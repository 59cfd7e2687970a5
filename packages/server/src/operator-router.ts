/** The operator router: how a queue and its workers do, as tRPC procedures for those whom the user's procedure lets in. */
import type { Engine, Inspection, InspectOptions, Queue, TaskTree } from '@lovage/core'
import type {
  AnyTRPCRootTypes,
  TRPCBuiltRouter,
  TRPCQueryProcedure,
  TRPCRootConfig,
  TRPCRouterBuilder,
  TRPCRouterRecord,
} from '@trpc/server'
import { answer } from './answer.ts'
import { anything, envelope, optional } from './envelope.ts'
import { formatter } from './errors.ts'
import type { AnyProcedureBuilder } from './jobs-router.ts'
import type { Def, WithLovage } from './procedures.ts'
import type { PlainBuilder } from './resolvers.ts'

export interface OperatorRouterOptions<
  Tree extends TaskTree,
  Root extends AnyTRPCRootTypes,
  Procedure extends AnyProcedureBuilder,
> {
  /** What `initTRPC.create()` gave; the router can be merged into every router of the same `t`. */
  t: { router: TRPCRouterBuilder<Root>; _config: TRPCRootConfig<Root> }
  queue: Queue<Tree>
  /**
   * What all procedures start from. It must let operators in and nobody else: they see the jobs of all owners, and
   * which machines the workers run on.
   */
  procedure: Procedure
}

/** The procedures for operators. */
export type OperatorProcedures<Shape> = {
  inspect: TRPCQueryProcedure<Def<InspectOptions | undefined, Inspection, Shape>>
}

export type OperatorRouter<Root extends AnyTRPCRootTypes> = TRPCBuiltRouter<
  Root,
  OperatorProcedures<WithLovage<Root['errorShape']>>
>

/**
 * What `queue.inspect()` answers, for operators who are not beside Redis. A router of its own, so that no line of a
 * jobs router can open it by mistake.
 *
 * @example t.router({ jobs: jobsRouter({ … }), operator: operatorRouter({ t, queue, procedure: admin }) })
 */
export function operatorRouter<
  Tree extends TaskTree,
  Root extends AnyTRPCRootTypes,
  Procedure extends AnyProcedureBuilder,
>({ t, queue, procedure }: OperatorRouterOptions<Tree, Root, Procedure>): OperatorRouter<Root> {
  const builder = procedure as unknown as PlainBuilder | undefined
  // The types say so as well; but JavaScript may have left it out, or named one that is not there.
  if (builder === undefined)
    throw new TypeError('operatorRouter() needs a `procedure` that lets operators in and nobody else.')
  // Asked for by name alone: to look through all members of a tree of tasks that is not known yet has no end.
  const engine = (queue as { readonly '~engine': Engine })['~engine']
  const base = builder.errors(formatter(t._config.errorFormatter))
  const open = builder._def.inputs.length > 0
  const record: TRPCRouterRecord = {
    inspect: base
      .input(envelope({ running: optional(anything) }, { open }))
      .query(({ input: { running } }) =>
        answer(() => engine.inspect(running === undefined ? {} : { running: running as number })),
      ),
  }
  return t.router(record) as unknown as OperatorRouter<Root>
}
