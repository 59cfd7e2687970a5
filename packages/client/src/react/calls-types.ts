/** What hooks take: a task of a client, or the jobs of all tasks. Their types are read from the calls themselves. */
import type { Job, JobHandle, Notice } from '@lovage/core'

/** Anything that knows jobs by their ids: `jobs.score`, or `jobs` for those of every task. */
export interface JobCalls {
  get(id: string): Promise<Job>
}

/** Anything with a feed: `jobs.score`, or `jobs`. */
export interface FeedCalls extends JobCalls {
  notices(options?: object): AsyncGenerator<Notice, void, undefined>
}

/** The jobs that the calls know, discriminated by `state`, and by `task` where there are several. */
export type JobIn<C extends JobCalls> = Awaited<ReturnType<C['get']>>

/** What the feed says of jobs, without its own events. */
export type NoticeIn<C extends FeedCalls> =
  ReturnType<C['notices']> extends AsyncGenerator<infer N> ? Extract<N, { jobId: string }> : never

/** What the feed may be asked for. */
export type FeedFilter<C extends FeedCalls> = C extends { notices(options?: infer Options): unknown }
  ? Omit<NonNullable<Options>, 'signal'>
  : never

/** A job by its id, by its handle, or by what the handle left in storage. */
export type Which = string | Pick<JobHandle, 'id'> | null | undefined

export const idOf = (which: Which): string | null => (typeof which === 'string' ? which : which?.id) ?? null
