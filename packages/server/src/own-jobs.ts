/** The procedures by which a caller looks for jobs, ends many of them, runs failed ones again, and enqueues flows. */
import {
  cancelMany,
  discardAllFailed,
  discardFailed,
  type Flow,
  type FlowNode,
  type FlowOptions,
  listFailed,
  retryAllFailed,
  retryFailed,
} from '@lovage/core'
import type { TRPCRouterRecord } from '@trpc/server'
import { answer } from './answer.ts'
import { enqueueFields } from './enqueue-fields.ts'
import * as field from './envelope.ts'
import { defined, envelope, optional, refuse } from './envelope.ts'
import { flowField, jobsIn, type WireNode } from './flow-field.ts'
import { filterFields, PAGE_FIELDS } from './filter-fields.ts'
import type { Kit } from './resolvers.ts'
import { pageWithoutStacks } from './without-stacks.ts'

export function ownJobs(kit: Kit): TRPCRouterRecord {
  const { engine, base, open, ownerOf, quotas } = kit
  return {
    cancelMany: base
      .input(envelope({ ...filterFields(undefined), reason: optional(field.reason) }, { open }))
      .mutation(({ ctx, input: { reason, ...filter } }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          const why = { by: owner ?? null, reason: reason ?? null }
          return await cancelMany(engine, defined({ ...filter, owner }), why)
        }),
      ),
    enqueueFlow: base
      .input(
        envelope(
          {
            flow: flowField,
            at: optional(field.text),
            idempotencyKey: optional(field.idempotencyKey),
            trace: optional(field.trace),
          },
          { open },
        ),
      )
      .mutation(({ ctx, input: { flow, at, idempotencyKey, trace } }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          await quotas?.jobs(owner, jobsIn(flow))
          const given = defined({ idempotencyKey, trace, owner })
          return await engine.enqueueFlow(flowOf(kit, flow, at), given)
        }),
      ),
    failed: {
      list: base
        .input(envelope({ task: optional(field.name), ...PAGE_FIELDS }, { open }))
        .query(({ ctx, input }) =>
          answer(async () =>
            pageWithoutStacks(await listFailed(engine, defined({ ...input, owner: ownerOf(ctx) }))),
          ),
        ),
      retry: base.input(envelope({ id: field.id }, { open })).mutation(({ ctx, input }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          await quotas?.jobs(owner, 1)
          return await retryFailed(engine, input.id, { owner })
        }),
      ),
      retryAll: base.input(envelope({ task: optional(field.name) }, { open })).mutation(({ ctx, input }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          await quotas?.jobs(owner, 1)
          const { retried } = await retryAllFailed(engine, defined({ ...input, owner }))
          await quotas?.charge(owner, retried - 1)
          return { retried }
        }),
      ),
      discard: base
        .input(envelope({ id: field.id }, { open }))
        .mutation(({ ctx, input }) => answer(() => discardFailed(engine, input.id, { owner: ownerOf(ctx) }))),
      discardAll: base
        .input(envelope({ task: optional(field.name) }, { open }))
        .mutation(({ ctx, input }) =>
          answer(() => discardAllFailed(engine, defined({ ...input, owner: ownerOf(ctx) }))),
        ),
    },
  }
}

/** The caller's tree, its tasks by their names, and of its options only what a caller may say. */
function flowOf(kit: Kit, root: WireNode, at: string | undefined): Flow {
  const prefix = at === undefined ? '' : `${at}.`
  const { tasks } = kit.engine
  const node = (wire: WireNode): FlowNode => {
    const { task: path, options, input, after, members, keep } = wire
    const rest = {
      ...(after && { after: node(after) }),
      ...(members && { members: members.map(node) }),
      ...(keep && { keep }),
    }
    if (path === undefined) return rest
    const keys = path.startsWith(prefix) ? path.slice(prefix.length) : path
    const named = tasks.find((other) => other.keys.join('.') === keys)
    if (named === undefined) return refuse('flow', path, 'tasks of this router')
    const { id: _, idempotencyKey: __, ...fields } = enqueueFields(kit, named.task)
    const checked = envelope(fields, { open: false })(options)
    const checkedInput =
      named.task.input === undefined && after === undefined
        ? field.noInput(named.name)(input, 'input')
        : input
    return {
      ...rest,
      task: named.name,
      options: defined(checked) as FlowOptions,
      ...(checkedInput !== undefined && { input: checkedInput }),
    }
  }
  return { flow: node(root) }
}
