/** Schedules as a store keeps them: when to enqueue what. The store knows only the next moment; when that is, and the
 * one after it, is said by whoever declares and fires (`nextTick` is in the worker, with the calendar). */
import type { JobRecord, NewJob } from './store.ts'

export interface StoredSchedule {
  /** Unique in a store. */
  name: string
  /** The job to enqueue at each tick, but for its id. */
  job: Omit<JobRecord, 'id'>
  /** JSON of when, and what to do about missed and overlapping ticks: for those who fire, unread by the store. */
  spec: string
  /** `code`: declared beside its task, and vanishes when it is no longer. `user`: added at run time. */
  source: 'code' | 'user'
  /** Unix ms. */
  nextAt: number
}

/** A schedule that is due, with the moment for which it was. */
export interface Tick {
  schedule: StoredSchedule
  /** Store time, Unix ms, by which to judge how late it is. */
  now: number
}

export interface FireRequest {
  name: string
  /** The tick that is fired: the `nextAt` that was read. */
  at: number
  /** The one after it; `null`: there is none, and the schedule ends. */
  nextAt: number | null
  /** Several when missed ticks are made up for, none when this one is skipped. */
  jobs: readonly NewJob[]
}

export interface FireReply {
  /** `stale`: somebody fired it before, or it was changed or removed; nothing was written. */
  outcome: 'fired' | 'stale'
}
