/**
 * How a job ended, for who enqueued it here and only waits: straight from the reader of the feed, without the snapshot,
 * the history and the generators that following takes. That is half of what a caller's process has to do for one job.
 */
import type { Birth } from './birth.ts'
import type { Hub } from './hub.ts'
import { isTerminal, JOB_NOTICE_TYPES, type JobNotice, type JobNoticeType } from './notice.ts'
import { noticeOf } from './snapshot.ts'
import type { Stop } from './stop.ts'
import type { StoredNotice } from './store.ts'
import { type Hearing, matches } from './subscriber.ts'

const ENDS: ReadonlySet<JobNoticeType> = new Set(JOB_NOTICE_TYPES.filter((type) => isTerminal({ type })))

const NOTHING: Hearing = {} // shared, so that a wait makes none

/** `null`: the feed alone does not say it. It began anew, was too fast, or has not got the result. Then follow it. */
export async function endingOf(
  hub: Hub,
  jobId: string,
  { born, stop }: { born: Birth; stop: Stop },
): Promise<JobNotice | null> {
  const match = { jobId, types: ENDS }
  const subscribing = hub.subscribe(match, NOTHING)
  // Mostly the reader has its place, and nothing has to be awaited.
  const subscriber = subscribing instanceof Promise ? await subscribing : subscribing
  stop.onStop(() => subscriber.close())
  try {
    const known = hub.since(match, born)
    if (known === null) return null
    subscriber.begin(known.cursor)
    let records: readonly StoredNotice[] | null = known.notices
    for (; records !== null; records = await subscriber.next()) {
      const end = records.find((record) => matches(match, record))
      if (end !== undefined) return noticeOf(end)
    }
    return null
  } finally {
    subscriber.leave()
  }
}
