/** The hooks' types come from the type of the router alone; what is wrong does not compile. */
import { createJobsClient } from '@lovage/client'
import {
  createJobsContext,
  useEnqueue,
  useJob,
  useJobResult,
  useJobs,
  useNotices,
} from '@lovage/client/react'
import { syncJob } from '@lovage/client/tanstack'
import type { Cursor, Failure, JobHandle, JobState } from '@lovage/core'
import type { RouterOf } from '@lovage/server'
import type { QueryClient } from '@tanstack/react-query'
import { expectTypeOf } from 'vitest'
import type { tasks } from '../kit/contract.ts'

type AppRouter = RouterOf<typeof tasks>
type Scores = { text: string; label: 'positive' | 'negative' }[]
type Progress = { done: number; total: number }

const { jobs } = createJobsClient<AppRouter>({ url: '/trpc' })

export function oneJob(): void {
  const { status, progress, result, error, job, cancel, connection } = useJob(jobs.score, 'id')
  expectTypeOf(progress).toEqualTypeOf<Progress | undefined>()
  expectTypeOf(result).toEqualTypeOf<Scores | undefined>()
  expectTypeOf(status).toEqualTypeOf<'idle' | 'pending' | JobState | 'error'>()
  expectTypeOf(connection).toEqualTypeOf<'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed'>()
  void cancel('not needed')
  // Parts of one view are known by its status.
  if (status === 'succeeded') expectTypeOf(result).toEqualTypeOf<Scores>()
  if (status === 'failed') expectTypeOf(error).toEqualTypeOf<Failure>()
  if (status === 'error') expectTypeOf(error).toEqualTypeOf<Error>()
  if (status === 'running') expectTypeOf(job.startedAt).toEqualTypeOf<number>()
  if (status === 'cancelled') expectTypeOf(job.reason).toEqualTypeOf<string | null>()
  // @ts-expect-error a job that runs has no result yet
  if (status === 'running') void result.length
  // @ts-expect-error there is no such status
  void (status === 'done')

  const map = useJob(jobs.mail.send, null)
  if (map.status === 'succeeded') expectTypeOf(map.result).toEqualTypeOf<Map<string, Date>>()
  // @ts-expect-error there is no such task
  useJob(jobs.scroe, 'id')
  // @ts-expect-error an id is text
  useJob(jobs.score, 7)

  const any = useJob(jobs, 'id')
  if (any.status === 'succeeded' && any.job.task === 'score')
    expectTypeOf(any.job.result).toEqualTypeOf<Scores>()
  expectTypeOf(useJobResult(jobs.score, 'id')).toEqualTypeOf<Scores>()
  // @ts-expect-error there is nothing to wait for
  useJobResult(jobs.score, null)
}

export async function enqueueing(): Promise<void> {
  const { enqueue, job, id, error, retry } = useEnqueue(jobs.score)
  expectTypeOf(id).toEqualTypeOf<string | null>()
  expectTypeOf(error).toEqualTypeOf<Error | undefined>()
  expectTypeOf(job?.task).toEqualTypeOf<'score' | undefined>()
  expectTypeOf(await (await enqueue({ texts: ['a'] }, { delay: '10s' })).result()).toEqualTypeOf<Scores>()
  expectTypeOf(await (await retry?.())?.result()).toEqualTypeOf<Scores | undefined>()
  useJob(jobs.score, job)
  await useEnqueue(jobs.sweep).enqueue()
  await useEnqueue(jobs.mail.greet).enqueue()
  // @ts-expect-error texts are strings
  await enqueue({ texts: [1] })
  // @ts-expect-error the input is not optional
  await enqueue()
  // @ts-expect-error a duration has a unit
  await enqueue({ texts: [] }, { delay: 'soon' })
  // @ts-expect-error jobs of all tasks are not enqueued as one
  useEnqueue(jobs)
}

export function feeds(): void {
  const { notices, cursor } = useNotices(jobs, {
    tasks: ['score', 'send-mail'],
    types: ['succeeded'],
    onNotice(notice) {
      if (notice.task === 'score' && notice.type === 'succeeded')
        expectTypeOf(notice.result).toEqualTypeOf<Scores>()
    },
  })
  expectTypeOf(cursor).toEqualTypeOf<Cursor | undefined>()
  expectTypeOf(notices[0]?.jobId).toEqualTypeOf<string | undefined>()
  const [newest] = useJobs(jobs.score, { limit: 10 }).jobs
  if (newest?.state === 'running') expectTypeOf(newest.progress).toEqualTypeOf<Progress | undefined>()
  const [first] = useJobs(jobs, { tasks: ['mail.greet'] }).jobs
  if (first?.task === 'mail.greet' && first.state === 'succeeded')
    expectTypeOf(first.result).toEqualTypeOf<string>()
  useJobs(jobs.score, { list: (page) => jobs.score.list({ state: 'running', ...page }) })
  useJobs(jobs, { list: (page) => jobs.list({ tag: 'import', ...page }) })
  // @ts-expect-error jobs of another task
  useJobs(jobs.score, { list: (page) => jobs.sweep.list(page) })
  // @ts-expect-error there is no such task
  useJobs(jobs, { tasks: ['scroe'] })
  // @ts-expect-error the feed of one task has no tasks to choose from
  useNotices(jobs.score, { tasks: ['score'] })
  // @ts-expect-error there is no such notice
  useNotices(jobs, { types: ['done'] })
}

export async function others(): Promise<void> {
  const { useJobsClient } = createJobsContext<AppRouter>()
  expectTypeOf(useJobsClient().jobs).toEqualTypeOf<typeof jobs>()
  const cache = {} as QueryClient
  await syncJob(cache, ['key'], {} as JobHandle)
  await syncJob(cache, ['key'], await jobs.score.enqueue({ texts: [] }))
}
