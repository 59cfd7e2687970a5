import type { Cursor } from './cursor.ts'

/**
 * That a job was enqueued here, and when. Whoever follows it then need not look at it as long as the reader of the feed
 * has been reading ever since: all that has become of it has come by.
 */
export interface Birth {
  /** The place of the feed at which it was enqueued. */
  readonly cursor: Cursor
  /** The reading (`Hub.reading`) during which that was. */
  readonly reading: number
}
