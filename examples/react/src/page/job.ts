// A job as the list shows it, and how notices change it. Pure: what happens to a list is tested without a page.
import { isFinal, isTerminal, type JobOf, type NoticeOf, type TasksOf } from '@lovage/core'
import type { tasks } from '../server/tasks.ts'

type Tasks = TasksOf<typeof tasks>
export type AnyJob = JobOf<Tasks>
export type AnyNotice = NoticeOf<Tasks>
export type JobNotice = Exclude<AnyNotice, { type: 'ready' | 'gap' }>
type Result = Extract<AnyJob, { state: 'succeeded' }>['result']
export type Task = AnyJob['task']

export interface JobView {
  readonly id: string
  readonly task: Task
  /** Known to the tab that enqueued the job, and to others from its first report on. */
  readonly title: string | undefined
  readonly state: AnyJob['state']
  readonly done: number
  readonly total: number | undefined
  readonly result: Result | undefined
  /** Why it failed, is tried again, or was cancelled. */
  readonly message: string | undefined
}

export const isLive = ({ state }: JobView): boolean => !isFinal(state)

export function newJob(id: string, task: Task, title?: string): JobView {
  return {
    id,
    task,
    title,
    state: 'queued',
    done: 0,
    total: undefined,
    result: undefined,
    message: undefined,
  }
}

/** The job after a notice. */
export function reduce(job: JobView, notice: JobNotice): JobView {
  if (!isLive(job) && !isTerminal(notice)) return job // nothing follows the end
  switch (notice.type) {
    case 'queued':
    case 'log':
    case 'chunk':
      return job
    case 'started':
      return { ...job, state: 'running', message: undefined }
    case 'progress':
      return { ...job, state: 'running', ...notice.data }
    case 'retrying':
      return { ...job, state: 'retrying', message: notice.error.message }
    case 'succeeded':
      return succeeded(job, notice.result)
    case 'failed':
      return { ...job, state: 'failed', message: notice.error.message }
    case 'cancelled':
      return { ...job, state: 'cancelled', message: notice.reason ?? undefined }
    case 'expired':
      return { ...job, state: 'expired', message: 'It waited too long.' }
    default:
      return notice satisfies never
  }
}

/** The job as the server knows it, after notices of it were missed. */
export function refreshed(before: JobView, job: AnyJob): JobView {
  switch (job.state) {
    case 'succeeded':
      return succeeded(before, job.result)
    case 'failed':
      return { ...before, state: 'failed', message: job.error.message }
    case 'cancelled':
      return { ...before, state: 'cancelled', message: job.reason ?? undefined }
    case 'running':
      return { ...before, state: 'running', ...job.progress }
    default:
      return { ...before, state: job.state }
  }
}

function succeeded(job: JobView, result: Result): JobView {
  const { title, sentences } = result
  return { ...job, state: 'succeeded', title, done: sentences, total: sentences, result, message: undefined }
}
