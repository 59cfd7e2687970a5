/**
 * A queue over more than one store. Each *partition* is a whole store with a feed and sessions of its own; a job lives
 * in one of them from its beginning to its end. What is asked of jobs is asked of the partition that has them; what is
 * asked of all of them is put together. Workers and readers of the feed go to the partitions themselves.
 */
import { newJobId } from '../id.ts'
import type { LimitRule } from '../limits.ts'
import type { StoredSchedule } from '../schedule.ts'
import type { Store } from '../store.ts'

/** What is asked of jobs: all that a store does but for its workers and its feed. */
export type JobStore = Omit<
  Store,
  | 'consumers'
  | 'extend'
  | 'fire'
  | 'handBack'
  | 'join'
  | 'keepAlive'
  | 'leave'
  | 'live'
  | 'progress'
  | 'pulse'
  | 'range'
  | 'say'
  | 'step'
  | 'tail'
  | 'wait'
>

export interface Partition {
  readonly store: Store
  /** A new id for a job that is to be kept here. */
  newId(): string
  /** Its part of limits that are set for the whole queue. @throws LovageError `OPTION_INVALID` */
  shareOf(rules: readonly LimitRule[]): readonly LimitRule[]
  /** Whether a schedule is fired here. */
  keeps(schedule: StoredSchedule): boolean
}

export interface PartitionedStore extends JobStore {
  readonly partitions: readonly Partition[]
  /** Which partition a job is in; `undefined`: an id like this one is in none. */
  indexOf(id: string): number | undefined
  /** `newId` as it has to be for a job beside another one. */
  idBeside(id: string, newId: string): string
}

export type AnyStore = Store | PartitionedStore

const isPartitioned = (store: AnyStore): store is PartitionedStore => 'partitions' in store

/** A store that is not partitioned is its own and only one. */
export function partitionsOf(store: AnyStore): readonly Partition[] {
  if (isPartitioned(store)) return store.partitions
  return [{ store, newId: newJobId, shareOf: (rules) => rules, keeps: () => true }]
}

export const partitionOf = (store: AnyStore, id: string): number =>
  isPartitioned(store) ? (store.indexOf(id) ?? 0) : 0

export const idBeside = (store: AnyStore, id: string, newId: string): string =>
  isPartitioned(store) ? store.idBeside(id, newId) : newId
