/**
 * Following without end: one subscription after the other, each from where the last one stopped.
 *
 * tRPC's link keeps a subscription through the loss of its socket, but it ends it with every error of the server, and
 * it never looks at what it delivers. Here the cursor is kept by who delivers, so whatever ended, the next
 * subscription continues; what comes twice is dropped; and what cannot get better is thrown.
 */
import { type Clock, type Cursor, isTerminal, type Notice } from '@lovage/core'
import { reconnectMs } from './backoff.ts'
import { hopeAfter } from './errors.ts'
import { createLine, type LineEnd, type OpenLine } from './line.ts'
import { pause } from './page.ts'
import { Seen } from './seen.ts'

export interface ResumeOptions {
  /** Opens a subscription from a place: `from` for the first one of a caller, `lastEventId` for its successors. */
  open: (place: { from?: Cursor | 'start'; lastEventId?: Cursor }) => OpenLine
  from: Cursor | 'start' | undefined
  signal: AbortSignal
  /** One job is followed: the terminal notice is the last. */
  untilEnd: boolean
  /** Whether cursors rise, so that one which does not is a repeat. */
  inOrder: boolean
  clock: Clock
  random: () => number
}

/** Errors in a row, with no notice between them, until one that may pass is taken for one that stays. */
const MAX_DOUBTFUL = 5

/** Ends quietly when the signal is aborted; throws where following again would not help. */
export async function* resume(options: ResumeOptions): AsyncGenerator<Notice, void, undefined> {
  const { open, from, signal, untilEnd, inOrder, clock, random } = options
  const seen = inOrder ? new Seen(untilEnd) : undefined
  let cursor: Cursor | undefined
  let failures = 0
  let doubts = 0
  while (!signal.aborted) {
    const line = createLine(
      open(cursor !== undefined ? { lastEventId: cursor } : from !== undefined ? { from } : {}),
    )
    signal.addEventListener('abort', line.hangUp)
    let end: LineEnd | undefined
    try {
      while (end === undefined) {
        const taken = await line.take()
        if (!Array.isArray(taken)) end = taken
        else {
          failures = 0
          for (const came of taken) {
            if (signal.aborted) return
            const notice = seen === undefined ? came : seen.news(came)
            cursor = seen === undefined ? came.cursor : seen.cursor
            if (notice === undefined) continue
            doubts = 0
            yield notice
            if (untilEnd && isTerminal(notice)) return
          }
        }
      }
    } finally {
      signal.removeEventListener('abort', line.hangUp)
      line.hangUp()
    }
    if (end.by === 'us') return
    if (end.by === 'full' || end.by === 'expiry') continue
    if (end.by === 'error') {
      const hope = hopeAfter(end.error)
      if (hope === 'some') doubts += 1
      if (hope === 'none' || doubts >= MAX_DOUBTFUL) throw end.error
    }
    await pause(clock, reconnectMs(failures, random), random, signal)
    failures += 1
  }
}
