/** A job while it lives: its record, and the one place where it is, which says its state. */
import type { Encoded } from '../codec.ts'
import type { Hold, JobRecord, Snapshot } from '../store.ts'

export interface LiveJob {
  readonly record: JobRecord
  /** Attempts that count: those that failed and those whose worker was lost. The next claim is one more. */
  tries: number
  place: { in: 'line' } | { in: 'later'; runAt: number } | InHands
}

/** In the hands of a session. */
interface InHands {
  in: 'hands'
  session: string
  claimedAt: number
  progress?: Encoded
}

/** The fence: whether the session that says so holds this job still, by that same claim. */
export function isHeld(
  job: LiveJob | undefined,
  session: string,
  hold: Hold,
): job is LiveJob & { place: InHands } {
  return job?.place.in === 'hands' && job.place.session === session && job.place.claimedAt === hold.claimedAt
}

/** The attempt that it is in, else the last one that counted; 0 before the first. */
export const attemptOf = ({ place, tries }: LiveJob): number => (place.in === 'hands' ? tries + 1 : tries)

type WithoutCursor<S> = S extends unknown ? Omit<S, 'cursor'> : never
type LiveSnapshot = WithoutCursor<Extract<Snapshot, { job: JobRecord }>>

/** The job as `get` shows it, without its place in the feed. */
export function describe(live: LiveJob): LiveSnapshot {
  const { record: job, place } = live
  const attempt = attemptOf(live)
  switch (place.in) {
    case 'line':
      return { state: 'queued', job, attempt }
    case 'later':
      return { state: attempt === 0 ? 'scheduled' : 'retrying', job, attempt, runAt: place.runAt }
    case 'hands': {
      const { claimedAt: startedAt, progress } = place
      return { state: 'running', job, attempt, startedAt, ...(progress && { progress }) }
    }
  }
}
