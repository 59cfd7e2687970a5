/** Calls that few pages make: of many jobs at once, of flows, and of those who operate a queue. */
import type { EnqueueOptions, Flow, JobHandle, JobRef } from '@lovage/core'
import { enqueueGroups, isOneRequest } from './bulk.ts'
import { given } from './given.ts'
import { type Origin, originAt } from './origin.ts'
import { checkSendable } from './sendable.ts'

/** The procedure of the same name: with an id, or with what the caller says. */
const passOn =
  (type: 'query' | 'mutate', name: string) =>
  (at: Origin, asked: string | object = {}, reason?: string) =>
    at[type](name, given(typeof asked === 'string' ? { id: asked } : { ...asked, reason }))

export const seldomCalls = {
  async enqueueMany(
    at: Origin,
    inputs: readonly unknown[],
    options: Omit<EnqueueOptions, 'id'> = {},
  ): Promise<JobHandle[]> {
    for (const input of inputs) await checkSendable(input)
    const asked = given(options)
    const tickets = isOneRequest(at, inputs)
      ? await at.mutate<JobRef[]>('enqueueMany', { ...asked, inputs })
      : await enqueueGroups(at, inputs, asked)
    return tickets.map(at.handle)
  },

  async enqueueFlow(at: Origin, { flow }: Flow, options?: object): Promise<JobHandle> {
    await checkSendable(flow)
    return at.handle(await at.mutate('enqueueFlow', given({ flow, at: at.path || undefined, ...options })))
  },

  list: passOn('query', 'list'),
  async last(at: Origin): Promise<JobHandle | null> {
    const ref = await at.query<JobRef | null>('last', {})
    return ref && at.handle(ref)
  },
  /** At the path `jobs.failed`; the new job is one of `jobs`. */
  retry: async (at: Origin, id: string) =>
    originAt(at.wire, at.path.replace(/\.?failed$/, '')).handle(await at.mutate('retry', { id })),

  cancelMany: passOn('mutate', 'cancelMany'),
  retryAll: passOn('mutate', 'retryAll'),
  discard: passOn('mutate', 'discard'),
  discardAll: passOn('mutate', 'discardAll'),

  groups: (at: Origin) => at.query('groups', {}),
  deleteGroup: async (at: Origin, name: string) =>
    (await at.mutate<{ deleted: boolean }>('deleteGroup', { name })).deleted,
  deadNotices: (at: Origin, name: string, options: { limit?: number } = {}) =>
    at.query('deadNotices', { ...given(options), name }),
}
