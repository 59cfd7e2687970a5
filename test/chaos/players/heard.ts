/** A notice as histories keep it. */
import { type Notice, parseCursor } from '@lovage/core'
import type { Heard } from '../history.ts'

export function heardOf(notice: Notice): Heard {
  const { type, cursor } = notice
  return {
    type,
    seq: parseCursor(cursor).seq,
    ...('jobId' in notice && { jobId: notice.jobId }),
    ...('attempt' in notice && { attempt: notice.attempt }),
    ...(type === 'ready' && notice.restarted && { restarted: true as const }),
    ...(type === 'gap' && { missed: notice.missed }),
    ...(type === 'succeeded' && { result: JSON.stringify(notice.result ?? null) }),
  }
}
