/** A notice as histories keep it. */
import { type Notice, parseCursor } from '@lovage/core'
import { type Heard, homeOf } from '../history.ts'

export function heardOf(notice: Notice): Heard {
  const { type, cursor } = notice
  const places = cursor.split(',').map((place) => parseCursor(place).seq)
  const count = places.length
  const home = count === 1 ? 0 : 'jobId' in notice ? homeOf(notice.jobId, count) : undefined
  return {
    type,
    seq: home === undefined ? 0 : (places[home] as number),
    ...(count > 1 && { places }),
    ...('jobId' in notice && { jobId: notice.jobId }),
    ...('attempt' in notice && { attempt: notice.attempt }),
    ...(type === 'ready' && notice.restarted && { restarted: true as const }),
    ...(type === 'gap' && { missed: notice.missed }),
    ...(type === 'succeeded' && { result: JSON.stringify(notice.result ?? null) }),
  }
}
