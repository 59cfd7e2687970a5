import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Cursor } from './cursor.ts'
import type { Failure, FinalState, Job, JobState } from './job.ts'
import { isFinal } from './job.ts'
import {
  isTerminal,
  type JobNotice,
  type JobNoticeType,
  type JobOf,
  type Notice,
  type NoticeOf,
} from './notice.ts'
import { task } from './task.ts'
import { defineTasks, type TasksOf } from './tasks.ts'

const tasks = defineTasks({
  score: task({
    output: z.object({ score: z.number().transform(String) }),
    progress: z.object({ share: z.number().transform((share) => `${share} %`) }),
  }),
  mail: { send: task({ output: z.date() }), ping: task() },
})

type All = TasksOf<typeof tasks>
type ScoreTypes = Extract<All, { name: 'score' }>['types']

declare const notice: Notice<ScoreTypes, 'score'>
declare const any: NoticeOf<All>
declare const job: Job<ScoreTypes, 'score'>
declare const anyJob: JobOf<All>

test('a notice of one task narrows on its type, to what comes out of the schemas', () => {
  if (notice.type === 'succeeded') {
    expectTypeOf(notice.result).toEqualTypeOf<{ score: string }>()
    expectTypeOf(notice.task).toEqualTypeOf<'score'>()
    expectTypeOf(notice.attempt).toEqualTypeOf<number>()
  }
  if (notice.type === 'progress') expectTypeOf(notice.data).toEqualTypeOf<{ share: string }>()
  if (notice.type === 'failed') expectTypeOf(notice.error).toEqualTypeOf<Failure>()
  if (notice.type === 'retrying') expectTypeOf(notice.runAt).toEqualTypeOf<number>()
  if (notice.type === 'cancelled') expectTypeOf(notice.by).toEqualTypeOf<string | null>()
  if (notice.type === 'gap') expectTypeOf(notice.missed).toEqualTypeOf<number>()
  if (notice.type === 'ready') expectTypeOf(notice.job).toEqualTypeOf<Job<ScoreTypes, 'score'> | undefined>()
  expectTypeOf(notice.cursor).toEqualTypeOf<Cursor>()
})

test('each type has just the fields that exist in it', () => {
  // @ts-expect-error a notice that is not known to be of a success has no result
  void notice.result
  // @ts-expect-error the feed's own notices are of no job
  void notice.jobId
  if (notice.type === 'queued') {
    // @ts-expect-error it has no attempt yet
    void notice.attempt
  }
  if (notice.type === 'cancelled') {
    // @ts-expect-error a cancelled job has no error
    void notice.error
  }
})

test('a notice of many tasks narrows on task and type together', () => {
  if (any.type === 'succeeded') {
    expectTypeOf(any.task).toEqualTypeOf<'score' | 'mail.send' | 'mail.ping'>()
    if (any.task === 'score') expectTypeOf(any.result).toEqualTypeOf<{ score: string }>()
    if (any.task === 'mail.send') expectTypeOf(any.result).toEqualTypeOf<Date>()
    if (any.task === 'mail.ping') expectTypeOf(any.result).toEqualTypeOf<undefined>()
  }
  if (any.type === 'progress' && any.task === 'score')
    expectTypeOf(any.data).toEqualTypeOf<{ share: string }>()
  // @ts-expect-error there is no task of that name
  if (any.type === 'failed' && any.task === 'mail.receive') void any
})

test('isTerminal narrows to the four ends', () => {
  if (isTerminal(notice)) expectTypeOf(notice.type).toEqualTypeOf<FinalState>()
  else
    expectTypeOf(notice.type).toEqualTypeOf<
      'queued' | 'started' | 'progress' | 'log' | 'chunk' | 'retrying' | 'ready' | 'gap'
    >()
})

test('a job narrows on its state', () => {
  expectTypeOf(job.state).toEqualTypeOf<JobState>()
  if (job.state === 'succeeded') expectTypeOf(job.result).toEqualTypeOf<{ score: string }>()
  if (job.state === 'running') {
    expectTypeOf(job.startedAt).toEqualTypeOf<number>()
    expectTypeOf(job.progress).toEqualTypeOf<{ share: string } | undefined>()
  }
  if (job.state === 'scheduled' || job.state === 'retrying') expectTypeOf(job.runAt).toEqualTypeOf<number>()
  if (job.state === 'failed') expectTypeOf(job.error).toEqualTypeOf<Failure>()
  if (isFinal(job.state)) expectTypeOf(job.state).toEqualTypeOf<FinalState>()
  if (job.state === 'queued') {
    // @ts-expect-error it has not started
    void job.startedAt
  }
  // @ts-expect-error a job that is not known to have succeeded has no result
  void job.result
})

test('a job of many tasks narrows on task and state together', () => {
  if (anyJob.state === 'succeeded' && anyJob.task === 'mail.send')
    expectTypeOf(anyJob.result).toEqualTypeOf<Date>()
  if (anyJob.state === 'succeeded' && anyJob.task === 'score')
    expectTypeOf(anyJob.result).toEqualTypeOf<{ score: string }>()
})

test('a switch over the types can be proved complete', () => {
  const seen = (one: JobNotice): string => {
    switch (one.type) {
      case 'queued':
      case 'started':
      case 'progress':
      case 'log':
      case 'chunk':
      case 'retrying':
      case 'succeeded':
      case 'failed':
      case 'cancelled':
      case 'expired':
        return one.type
      default:
        return one satisfies never
    }
  }
  expectTypeOf(seen).parameter(0).toHaveProperty('type').toEqualTypeOf<JobNoticeType>()
})
