/** For TanStack Query: a job in the query cache, kept live. */
import type { Job, JobHandle } from '@lovage/core'
import { reduceJob } from '../reduce.ts'

/** The part of a `QueryClient` that is used. */
export interface JobCache {
  cancelQueries(filters: { queryKey: readonly unknown[] }): Promise<void>
  setQueryData(queryKey: readonly unknown[], update: (job: Job | undefined) => Job | undefined): unknown
}

/**
 * Writes each change of a job to the cache, where `useQuery` finds it, and resolves with its end. The key is that of
 * `get`. A fetch that is under way is cancelled, since what it brings may be older.
 *
 * @example await syncJob(queryClient, trpc.jobs.score.get.queryKey({ id: job.id }), job)
 * @throws LovageError as following the handle does; an aborted `signal` ends it quietly.
 */
export async function syncJob(
  cache: JobCache,
  queryKey: readonly unknown[],
  job: JobHandle,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  for await (const notice of job.notices({ ...options, logs: false })) {
    if (notice.type === 'gap' || (notice.type === 'ready' && notice.job === undefined)) continue
    await cache.cancelQueries({ queryKey })
    cache.setQueryData(queryKey, (old) => (notice.type === 'ready' ? notice.job : reduceJob(old, notice)))
  }
}
