/** The procedures at run time: each parses its envelope, asks the engine within the owner's scope, and answers. */
import { type Engine, isLovageError, listJobs, type NamedTask, retryFailed } from '@lovage/core'
import type { TRPCProcedureBuilder, TRPCRouterRecord, TRPCUnsetMarker } from '@trpc/server'
import { answer, deliver, type Rights } from './answer.ts'
import { enqueueFields } from './enqueue-fields.ts'
import * as field from './envelope.ts'
import { defined, envelope, optional, refuse } from './envelope.ts'
import { filterFields, PAGE_FIELDS } from './filter-fields.ts'
import type { Quotas } from './quotas.ts'
import { jobWithoutStack, pageWithoutStacks } from './without-stacks.ts'

/** A builder of which nothing is known: what ours are built from at run time. */
export type PlainBuilder = TRPCProcedureBuilder<
  object,
  object,
  object,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  false,
  unknown
>

export interface Kit {
  engine: Engine
  base: PlainBuilder
  /** The user's procedure has inputs of its own, which stand beside ours. */
  open: boolean
  /** Whose jobs the caller may touch; `undefined`: everybody's. */
  ownerOf: (ctx: object) => string | undefined
  rightsOf: (ctx: object) => Rights
  /** `undefined`: what each task says. */
  maxPriority: number | undefined
  quotas: Quotas | undefined
}

/** What one task and all tasks have in common. */
export function sharedProcedures(kit: Kit, task: string | undefined): TRPCRouterRecord {
  const { engine, base, open, ownerOf, rightsOf, quotas } = kit
  return {
    get: base
      .input(envelope({ id: field.id }, { open }))
      .query(({ ctx, input }) =>
        answer(async () => jobWithoutStack(await engine.get(input.id, { task, owner: ownerOf(ctx) }))),
      ),
    cancel: base
      .input(envelope({ id: field.id, reason: optional(field.reason) }, { open }))
      .mutation(({ ctx, input }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          const by = { by: owner ?? null, reason: input.reason ?? null }
          return await engine.cancel(input.id, { task, owner, ...by })
        }),
      ),
    list: base.input(envelope({ ...filterFields(task), ...PAGE_FIELDS }, { open })).query(({ ctx, input }) =>
      answer(async () => {
        const asked = { ...input, task: task ?? input.task, owner: ownerOf(ctx) }
        return pageWithoutStacks(await listJobs(engine, defined(asked)))
      }),
    ),
    /** A failed job again, as a new one. Under an id of the caller's making he may ask twice. */
    retry: base
      .input(envelope({ id: field.id, newId: optional(field.id) }, { open }))
      .mutation(({ ctx, input }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          await quotas?.jobs(owner, 1)
          return await retryFailed(engine, input.id, { task, owner }, input.newId)
        }),
      ),
    notices: base.input(envelope(noticesFields(task), { open })).subscription(({ ctx, input, signal }) =>
      deliver(ctx, signal, rightsOf(ctx), (listening) => {
        const owner = ownerOf(ctx)
        const { id, types, logs, tasks = task === undefined ? undefined : [task] } = input
        const start = { from: input.lastEventId ?? input.from, ...listening }
        if (id === undefined) return engine.feedInBatches(defined({ ...start, tasks, types, logs, owner }))
        for (const option of ['tasks', 'types'] as const) {
          if (input[option] !== undefined) refuse(option, input[option], 'nothing beside an id')
        }
        return engine.followInBatches(id, { ...start, logs, task, owner })
      }),
    ),
  }
}

const noticesFields = (task: string | undefined) => ({
  id: optional(field.id),
  types: optional(field.types),
  logs: optional(field.flag),
  tasks: optional(task === undefined ? field.names : field.nothing),
  from: optional(field.from),
  lastEventId: optional(field.cursor),
})

export function taskProcedures(kit: Kit, { name, task }: NamedTask): TRPCRouterRecord {
  const { engine, base, open, ownerOf, quotas } = kit
  const input = task.input === undefined ? field.noInput(name) : field.anything
  const { id, idempotencyKey, ...options } = enqueueFields(kit, task)
  return {
    ...sharedProcedures(kit, name),
    last: base
      .input(envelope({}, { open }))
      .query(({ ctx }) => answer(() => engine.last(name, ownerOf(ctx)))),
    enqueue: base
      .input(envelope({ input, id, idempotencyKey, ...options }, { open }))
      .mutation(({ ctx, input: { input, ...given } }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          if (quotas !== undefined) await quotas.jobs(owner, 1)
          const ticket = await engine.enqueue(name, input, defined({ ...given, owner }))
          // A ticket without a place is one of a job that was there before.
          if (given.id !== undefined && ticket.cursor === '')
            await refuseTaken(given.id, () => engine.get(ticket.id, { task: name, owner }))
          return ticket
        }),
      ),
    enqueueMany: base
      .input(envelope({ inputs: field.inputs(input), ...options }, { open }))
      .mutation(({ ctx, input: { inputs, ...given } }) =>
        answer(async () => {
          const owner = ownerOf(ctx)
          await quotas?.jobs(owner, inputs.length)
          return await engine.enqueueMany(name, inputs, defined({ ...given, owner }))
        }),
      ),
  }
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
