/** Queues of three partitions, to be asked as one store is. */
import type { PartitionedStore } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { partitionedStore } from '@lovage/core/partitions'
import { openStore, type RedisStoreOptions } from '@lovage/redis'
import { asOne } from './as-one.ts'
import { ALL_GROUPS, type Exceptions, type Open } from './store-contract.ts'

const COUNT = 3

export const partitionsInMemory =
  (spread = (store: PartitionedStore): PartitionedStore => store): Open =>
  async (clock, options) => {
    const stores = Array.from({ length: COUNT }, () => createMemoryStore({ clock, ...options }))
    const store = asOne(spread(partitionedStore(stores)))
    return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
  }

export const partitionsOnRedis = ({ namespace, ...redis }: RedisStoreOptions) =>
  asOne(openStore({ redis, namespace, partitions: COUNT }) as PartitionedStore)

/** Enqueues all jobs as those of a task with a limit are: in one partition. */
export const together = (store: PartitionedStore): PartitionedStore => ({
  ...store,
  enqueue: (jobs, replication) =>
    store.enqueue(
      jobs.map((job) => ({ ...job, together: true })),
      replication,
    ),
})

/** Each partition has these of its own, and the contract is asked of it; test/core/partitions.test.ts joins them. */
const OF_EACH = ['feedContract', 'consumersContract'] as const

export const EXCEPTIONS: Exceptions = {
  'a place in the feed is one of the partition of its job': [
    'answers a cursor that stands before every notice of the job, the first one included',
    'answers for an existing job a cursor that stands before what is still to come of it',
    'says up to which place in the feed it is true',
    'ends the waits and the live feeds',
  ],
  'jobs of different partitions have no order': [
    'puts jobs in line in their order, behind those of earlier calls',
    'does the same with those whose ids were made for the call, one or many',
    'shows what was asked for a job, while it lives and however it ended',
    'in the order in which jobs are due, behind those that stand in line',
    'are asked in the order that the worker names them',
    'remembers the count when nobody waits in a plain line, and forgets it with a lane',
    'are like any others without a key',
    'of a key lets the other keys pass, and those without one',
    'waits until all have given it its input, then stands at the end of its line',
    'of nobody succeeds at once with nothing',
    'lets its parent stand before what becomes due in the same ms, when it expires',
    'come in the order in which they are due, then by name',
    'are kept, newest first, of the same ms by id, and no others are',
    'are tried anew as jobs of their own, with the same record',
    'by tag answers a page at a time, without hole or repeat',
    'by state answers who is in it',
    'is that of the enqueue where a job ends without its worker',
  ],
  'lanes of different partitions take their turns apart': [
    'take turns, each first in, first out',
    'take turns with the plain line, however many wait in it',
    'stand behind all others when they begin, or begin again',
    'let the plain line go first as long as it has had no turn beside them',
    'remember when the plain line had its turn, though it was empty since',
    'are of one task each, and the one without a key is one of them',
    'may have any key',
    'get what comes back from a worker at their head, oldest first, and take turns in that order',
    'that come back empty-handed take their turns by their oldest jobs',
    'are served by many workers as by one',
  ],
  'a limit of a queue is dealt out, and must be large enough for that': [
    'of a queue holds for its plain line and its lanes, of whatever task',
    'lets a job start only when all that concern it do',
    'gives the place of a job free that is tried again later, and of one that comes back',
    'of keys holds for each key apart, and of a queue for all of it',
  ],
  'jobs of a task with a limit have to say so (`together`), as below': [
    'of a task holds in all queues and lanes, and no other task waits for it',
    'counts what runs already when it is set',
    'leave their place in other limits free between their attempts',
    'keeps its place in every limit until its worker releases it',
  ],
  'an id that is no UUIDv7 does not tell its partition': [
    'answers `exists` for a job that runs, waits for a retry, or has ended',
    'are passed over where there is nothing to try, or the new id is known',
  ],
  'a schedule is where the rules of its jobs lead, and these here have none': [
    'enqueue as anybody does: uniqueness holds',
    'come at most 100 at a time',
  ],
}

/** What is asked of partitions together. */
export const OF_ALL = ALL_GROUPS.filter((group) => !OF_EACH.some((other) => other === group))
