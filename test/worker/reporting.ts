/** What the tests of progress share: a job that reports when the test says so, and what followers were told. */
import { decode } from '@lovage/core'
import { type Bench, gate } from './harness.ts'

export type Progress = (report: { step: number }) => void

/** A `climb` that has begun and waits: the test reports in its name. */
export async function reporting(t: Bench, options: { timeLimitMs?: number } = {}) {
  const top = gate<string>()
  const begun = gate<Progress>()
  const { worker, watcher } = await t.started({
    climb: (_input, { progress }) => {
      begun.open(progress)
      return top.promise
    },
  })
  const id = await t.enqueue('climb', undefined, options)
  return { id, worker, watcher, top, progress: await begun.promise }
}

/** The notices of a job after `started`: `progress 1`, `succeeded`. */
export async function told(t: Bench, id: string): Promise<string[]> {
  const notices = await t.notices(id)
  return notices
    .filter(({ type }) => type !== 'started')
    .map(({ type, data }) =>
      type === 'progress' ? `${type} ${(decode(data!) as { step: number }).step}` : type,
    )
}
