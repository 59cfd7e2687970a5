/**
 * What a loop has delivered, and so what of all that comes is news to it.
 *
 * To those who listen it was one line all the time. In truth lines follow each other, and overlap while a client moves
 * from one server to the next: what the old one still brought, the new one brings again, and its `ready` and its gaps
 * speak of the place where the client stood when it asked.
 */
import { compareCursors, type Cursor, isTerminal, type Notice, seqOf } from '@lovage/core'

type Gap = Extract<Notice, { type: 'gap' }>
type Ready = Extract<Notice, { type: 'ready' }>

export class Seen {
  /** The place up to which all has been delivered or told missing. */
  cursor: Cursor | undefined
  readonly #isOneJob: boolean
  #isReady = false
  /** A gap that was told of a job, until the job as it is has come. */
  #openGap: Gap | undefined

  constructor(isOneJob: boolean) {
    this.#isOneJob = isOneJob
  }

  /** What of this is to be delivered; `undefined`: nothing. */
  news(notice: Notice): Notice | undefined {
    if (notice.type === 'ready') return this.#newsOfReady(notice)
    if (notice.type === 'gap') return this.#newsOfGap(notice)
    // The end of a job is never a repeat: the loop would have ended.
    if (this.#isBehind(notice.cursor) && !(this.#isOneJob && isTerminal(notice))) return undefined
    this.#reach(notice.cursor)
    return notice
  }

  #newsOfReady(notice: Ready): Notice | undefined {
    const { cursor, job, restarted = false } = notice
    // The job as it was when another line had brought more of it already would take that back.
    const isOld = !restarted && this.cursor !== undefined && compareCursors(cursor, this.cursor) < 0
    if (restarted) this.cursor = cursor
    else this.#reach(cursor)
    if (job !== undefined) this.#openGap = undefined
    const isNews = !this.#isReady || restarted || (job !== undefined && !isOld)
    this.#isReady = true
    return isNews ? notice : undefined
  }

  #newsOfGap(notice: Gap): Notice | undefined {
    const missed = this.#isOneJob ? this.#untoldBehind(notice) : this.#untoldBefore(notice)
    if (this.#isOneJob) this.#openGap = notice
    this.#reach(notice.cursor)
    return missed > 0 ? { ...notice, missed } : undefined
  }

  /** Of a feed: the gap ends at its cursor. */
  #untoldBefore({ cursor, missed }: Gap): number {
    if (this.cursor === undefined) return missed
    if (this.#isBehind(cursor)) return 0
    const step = seqOf(cursor) - seqOf(this.cursor)
    return step > 0 ? Math.min(missed, step) : missed // the server lost its memory, and counts anew
  }

  /** Of a job: the gap begins at its cursor. */
  #untoldBehind({ cursor, missed }: Gap): number {
    const from = seqOf(cursor)
    const open = this.#openGap
    const told =
      open === undefined || compareCursors(cursor, open.cursor) < 0 ? 0 : seqOf(open.cursor) + open.missed
    const seen = this.cursor === undefined ? 0 : seqOf(this.cursor)
    return missed - Math.max(0, told - from, seen - from)
  }

  #isBehind(cursor: Cursor): boolean {
    return this.cursor !== undefined && compareCursors(cursor, this.cursor) <= 0
  }

  #reach(cursor: Cursor): void {
    if (!this.#isBehind(cursor)) this.cursor = cursor
  }
}
