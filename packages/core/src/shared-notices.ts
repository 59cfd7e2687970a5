/**
 * Records as notices, each made once for all who are told of it: for those who only hand them on. Whoever gives notices
 * to a program gives each reader its own, since a value that two may change is nobody's.
 */
import type { JobNotice } from './notice.ts'
import { noticeOf } from './snapshot.ts'
import type { StoredNotice } from './store.ts'

const notices = new WeakMap<StoredNotice, JobNotice>()

/** As `noticeOf`. */
export function sharedNoticeOf(record: StoredNotice): JobNotice | null {
  const known = notices.get(record)
  if (known !== undefined) return known
  const notice = noticeOf(record)
  if (notice !== null) notices.set(record, notice)
  return notice
}
