/** From what a store keeps to what callers see: snapshots become jobs, records become notices. */
import { enqueuedAtOf } from './id.ts'
import type { Failure, Job, JobBase, Metadata } from './job.ts'
import type { LogLine } from './log.ts'
import type { JobNotice } from './notice.ts'
import type { ShownOptions } from './shown-options.ts'
import type { JobRecord, Snapshot, StoredNotice } from './store.ts'
import { OWN_TAG } from './task-rules.ts'
import { decodeStored } from './stored-value.ts'

/** Which job a snapshot is about: while it lives the record says it, afterwards the outcome. */
export const subjectOf = (snapshot: Snapshot): Pick<JobRecord, 'id' | 'task' | 'owner'> =>
  'job' in snapshot ? snapshot.job : snapshot

export function jobOf(snapshot: Snapshot): Job {
  const { id, task } = subjectOf(snapshot)
  const { attempt, history } = snapshot
  const options = 'job' in snapshot ? snapshot.job.options : snapshot.options
  const trace = 'job' in snapshot ? snapshot.job.options.trace : snapshot.trace
  const base = {
    id,
    task,
    enqueuedAt: enqueuedAtOf(id) ?? 0,
    attempt,
    ...(history && { history }),
    ...(options && asked(options)),
    ...(trace !== undefined && { trace }),
  }
  switch (snapshot.state) {
    case 'queued':
      return { ...base, state: 'queued' }
    case 'scheduled':
    case 'retrying':
      return { ...base, state: snapshot.state, runAt: snapshot.runAt }
    case 'waiting':
      return { ...base, ...snapshot.flow, state: 'waiting' }
    case 'running': {
      const { startedAt, worker, progress } = snapshot
      const report = progress && { progress: decodeStored(progress) }
      return { ...base, state: 'running', startedAt, worker, ...report }
    }
    default:
      return { ...base, ...endOf(snapshot) }
  }
}

/** What was asked for a job, without what is only ours. */
function asked({ queue, priority, lane, metadata, retryOf, ...options }: ShownOptions) {
  const tags = options.tags?.filter((tag) => !tag.startsWith(OWN_TAG))
  return {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(lane !== undefined && lane !== '' && { key: lane }),
    ...(tags !== undefined && tags.length > 0 && { tags }),
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) as Metadata }),
    ...(retryOf !== undefined && { retryOf }),
  }
}

type EndOf<State> = State extends Job['state']
  ? Omit<Extract<Job, { state: State }>, keyof JobBase<string>>
  : never

function endOf(
  ended: Extract<Snapshot, { finishedAt: number }>,
): EndOf<'succeeded' | 'failed' | 'cancelled' | 'expired'> {
  const { startedAt, finishedAt, worker } = ended
  const times = {
    ...(startedAt !== undefined && { startedAt }),
    finishedAt,
    ...(worker !== undefined && { worker }),
  }
  switch (ended.state) {
    case 'succeeded':
      return { state: 'succeeded', result: ended.result && decodeStored(ended.result), ...times }
    case 'failed':
      return { state: 'failed', error: ended.error ?? UNKNOWN_FAILURE, ...times }
    case 'cancelled':
      return { state: 'cancelled', by: ended.by ?? null, reason: ended.reason ?? null, ...times }
    case 'expired':
      return { state: 'expired', ...times }
    default:
      return ended.state satisfies never
  }
}

/** Stands in where another program's record says that a job failed, but not how. */
const UNKNOWN_FAILURE: Failure = { name: 'Error', message: 'Unknown error' }

/**
 * A record of the feed as a notice; `null` for a `succeeded` whose result was too large to be copied into the feed:
 * the snapshot has it.
 */
export function noticeOf(record: StoredNotice): JobNotice | null {
  const { cursor, jobId, task, at, attempt = 1, first = 0, dropped = 0, trace } = record
  // Nearly every record is of this kind, and made in one piece.
  if (record.type === 'succeeded' && record.data !== undefined && trace === undefined)
    return { cursor, jobId, task, at, type: 'succeeded', attempt, result: decodeStored(record.data) }
  const base = trace === undefined ? { cursor, jobId, task, at } : { cursor, jobId, task, at, trace }
  switch (record.type) {
    case 'queued':
    case 'expired':
      return { ...base, type: record.type }
    case 'started':
      return { ...base, type: 'started', attempt }
    case 'progress':
      return { ...base, type: 'progress', data: record.data && decodeStored(record.data) }
    case 'log': {
      const lines = decodeStored(record.data ?? { json: '[]' }) as Omit<LogLine, 'n'>[]
      const numbered = lines.map((line, index) => ({ n: first + index, ...line }))
      return { ...base, type: 'log', attempt, lines: numbered, dropped }
    }
    case 'chunk':
      return { ...base, type: 'chunk', attempt, text: textOf(record), offset: first, dropped }
    case 'retrying':
      return {
        ...base,
        type: 'retrying',
        attempt,
        error: record.error ?? UNKNOWN_FAILURE,
        runAt: record.runAt ?? at,
      }
    case 'succeeded':
      return record.data === undefined
        ? null
        : { ...base, type: 'succeeded', attempt, result: decodeStored(record.data) }
    case 'failed':
      return { ...base, type: 'failed', attempt, error: record.error ?? UNKNOWN_FAILURE }
    case 'cancelled':
      return { ...base, type: 'cancelled', by: record.by ?? null, reason: record.reason ?? null }
    default:
      return record.type satisfies never
  }
}

const textOf = ({ data }: StoredNotice): string => (data === undefined ? '' : (decodeStored(data) as string))

const shared = new WeakMap<StoredNotice, JobNotice>()

/**
 * As `noticeOf`, but one notice for all who are told of the record: for those who only hand it on. Programs are given
 * notices of their own, since they may change what they get.
 */
export function sharedNoticeOf(record: StoredNotice): JobNotice | null {
  const known = shared.get(record)
  if (known !== undefined) return known
  const notice = noticeOf(record)
  if (notice !== null) shared.set(record, notice)
  return notice
}

/** The terminal notice of a job that has ended, as if it came at the snapshot's place in the feed. */
export function terminalNotice(snapshot: Extract<Snapshot, { finishedAt: number }>): JobNotice {
  const { cursor, id: jobId, task, attempt, trace } = snapshot
  const base = { cursor, jobId, task, at: snapshot.finishedAt, ...(trace !== undefined && { trace }) }
  const end = endOf(snapshot)
  switch (end.state) {
    case 'succeeded':
      return { ...base, type: 'succeeded', attempt, result: end.result }
    case 'failed': {
      const { name, message } = end.error
      return { ...base, type: 'failed', attempt, error: { name, message } }
    }
    case 'cancelled':
      return { ...base, type: 'cancelled', by: end.by, reason: end.reason }
    case 'expired':
      return { ...base, type: 'expired' }
    default:
      return end satisfies never
  }
}

export const hasEnded = (snapshot: Snapshot): snapshot is Extract<Snapshot, { finishedAt: number }> =>
  'finishedAt' in snapshot
