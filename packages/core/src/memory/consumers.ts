/** The consumers' part of the seam, each act at its moment. */
import type { ConsumerStore } from '../consumer-store.ts'
import type { Groups } from './groups.ts'

export function memoryConsumers(
  act: <Reply>(act: (groups: Groups, now: number) => Reply) => Reply,
): ConsumerStore {
  return {
    open: async (request) => act((groups) => groups.open(request)),
    pull: async (request) => act((groups, now) => groups.pull(request, now)),
    ack: async (group, acks) => act((groups) => groups.ack(group, acks)),
    release: async (group, member, seen) => act((groups) => groups.release(group, member, seen)),
    groups: async (owner) => act((groups) => groups.list(owner)),
    delete: async (group) => act((groups) => groups.delete(group)),
    dead: async (group, limit) => act((groups) => groups.dead(group, limit)),
  }
}
