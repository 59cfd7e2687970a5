/** Enqueues jobs of one task. */
import type { EnqueueOptions, JobHandle, TaskCalls, TaskTypes } from '@lovage/core'
import { useSyncExternalStore } from 'react'
import { originOf } from '../origin.ts'
import { type Enqueued, Enqueuer, NONE } from './enqueuer.ts'
import { followedJobs } from './followed-jobs.ts'
import { useKeyed } from './use-keyed.ts'

export interface UseEnqueue<T extends TaskTypes, Name extends string> extends Enqueued<JobHandle<T, Name>> {
  /**
   * Enqueues a job. The same input again is the same job while the call is under way, within half a second, and
   * after an error; so a double click makes one job. An error is in `error` as well, so nobody has to catch it.
   */
  enqueue: TaskCalls<T, Name, EnqueueOptions>['enqueue']
  /** The last input again: after an error under the same id, else as a new job. Absent where there is no input. */
  retry: (() => Promise<JobHandle<T, Name>>) | undefined
  /** Forgets the newest job, and an error. The job itself goes on. */
  reset: () => void
}

/** @example const { enqueue, id, isPending, error } = useEnqueue(jobs.batchScore) */
export function useEnqueue<T extends TaskTypes, Name extends string>(
  task: TaskCalls<T, Name, EnqueueOptions>,
): UseEnqueue<T, Name> {
  const origin = originOf(task)
  const enqueuer = useKeyed([origin], () => {
    const enqueue = task.enqueue as (input: unknown, options?: EnqueueOptions) => Promise<JobHandle>
    return new Enqueuer(enqueue, origin.wire.clock, followedJobs(origin))
  })
  const state = useSyncExternalStore(enqueuer.subscribe, enqueuer.get, none)
  const { enqueue, retry, reset } = enqueuer
  return { ...state, enqueue, retry, reset } as unknown as UseEnqueue<T, Name>
}

const none = (): Enqueued => NONE
