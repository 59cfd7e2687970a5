/** Following one job: the job as it is or what history has of it, then what is live, up to its end. */
import type { Birth } from './birth.ts'
import { compareCursors, type Cursor } from './cursor.ts'
import { type Batch, complete, type Follow, history, takes } from './feed.ts'
import type { Hub } from './hub.ts'
import { isTerminal, type JobNotice, type Notice } from './notice.ts'
import { hasEnded, jobOf, noticeOf, subjectOf, terminalNotice } from './snapshot.ts'
import type { Snapshot, Store, StoredNotice } from './store.ts'
import { type Match, matches, type Subscriber } from './subscriber.ts'

/** How one job is followed. */
export interface JobFollow extends Follow {
  /** Whether `log` and `chunk` are wanted. Default true. */
  logs?: boolean | undefined
  /** Where it was enqueued here. */
  born?: Birth | undefined
}

/**
 * One job's notices. Without a cursor it starts with `ready` and the job as it is; with one it continues there, and
 * only a gap makes it start over from the job as it is. Whatever starts from the job as it is has what the job said
 * before it, as far as that is kept. It ends after the terminal notice, which it gives also when the job had ended
 * long before.
 *
 * @param match Has the job's id, and the types without `log` and `chunk` where those are not wanted.
 * @param look Takes a snapshot of the job; throws where the caller may not see it, or where it is no longer known.
 */
export async function* followJob(
  hub: Hub,
  store: Store,
  look: () => Promise<Snapshot>,
  { match, from, born, logs = true, toNotice = noticeOf, take, ...listener }: JobFollow & { match: Match },
): AsyncGenerator<Batch, void, undefined> {
  const subscriber = await hub.subscribe(match, {
    ...listener,
    take: takes(take, toNotice, (notice) => !isTerminal(notice)),
  })
  const completed = (records: readonly StoredNotice[]) =>
    complete(store, records, toNotice, () => lastWord(look))
  try {
    let cursor = from
    let isReady = false
    while (!subscriber.closed) {
      const now = yield* upToNow(hub, store, {
        ...{ subscriber, look, completed, from: cursor, logs, isReady },
        known: born && !isReady ? hub.since(match, born, cursor) : null,
      })
      if (now === null) return
      cursor = now
      isReady = true
      subscriber.begin(cursor)
      for (let records; (records = await subscriber.next()) !== null;) {
        cursor = (records.at(-1) as StoredNotice).cursor
        for await (const batch of completed(records)) {
          const own = upToEnd(batch)
          yield own
          if (isEnd(own)) return
        }
      }
      cursor = subscriber.taken ?? cursor
    }
  } finally {
    subscriber.leave()
  }
}

interface Catching {
  subscriber: Subscriber
  look: () => Promise<Snapshot>
  completed: (records: readonly StoredNotice[]) => AsyncGenerator<Batch, void, undefined>
  from: Cursor | undefined
  logs: boolean
  isReady: boolean
  /** All that was written of it up to now, where that is known. */
  known: ReturnType<Hub['since']>
}

/** A job's notices up to where they become live: that place, or `null` when the job has ended. */
async function* upToNow(
  hub: Hub,
  store: Store,
  { subscriber, look, completed, from, logs, isReady, known }: Catching,
): AsyncGenerator<Batch, Cursor | null, undefined> {
  const { match } = subscriber
  let cursor = from
  subscriber.catchUp()
  const past = async function* (records: readonly StoredNotice[]): AsyncGenerator<Batch, boolean, undefined> {
    for await (const batch of completed(subscriber.thinned(records.filter((one) => matches(match, one))))) {
      const own = upToEnd(batch)
      yield own
      if (isEnd(own)) return true
    }
    return false
  }
  if (known !== null) {
    if (yield* past(known.notices)) return null
    yield [{ type: 'ready', cursor: known.cursor }]
    return known.cursor
  }
  // Looked at after the registration and before the history: what it says is true up to its own place in the
  // feed, and everything after that place is history or comes live.
  const snapshot = await look()
  const restarted = cursor !== undefined && compareCursors(cursor, snapshot.cursor) > 0
  if (restarted) cursor = undefined
  let missed = 0
  if (cursor !== undefined && cursor !== snapshot.cursor) {
    const tail = async () => snapshot.cursor
    for await (const page of history(hub, store, { match, from: cursor, tail })) {
      missed = page.missed
      if (missed > 0) break
      if (yield* past(page.notices)) return null
      cursor = page.cursor
    }
  }
  // From the place of the gap it is told again, to whoever leaves before he has had the job as it is.
  if (missed > 0) yield [{ type: 'gap', cursor: cursor as Cursor, missed }]
  if (logs && (cursor === undefined || missed > 0)) yield await saidBetween(store, snapshot, cursor)
  // Where the reader is behind the snapshot, the terminal notice is still to come, and others before it.
  const isAll = cursor === undefined || missed > 0 || compareCursors(cursor, snapshot.cursor) >= 0
  if (hasEnded(snapshot) && isAll) {
    yield [terminalNotice(snapshot)]
    return null
  }
  if (cursor === undefined || missed > 0) {
    yield [{ type: 'ready', cursor: snapshot.cursor, job: jobOf(snapshot), ...(restarted && { restarted }) }]
    return snapshot.cursor
  }
  if (!isReady) yield [{ type: 'ready', cursor }]
  return cursor
}

const isEnd = (batch: Batch): boolean => isTerminal(batch.at(-1) as Notice)

/** A job's notices end with its end, even where its id was enqueued anew after it. */
function upToEnd(batch: Batch): Batch {
  const end = batch.findIndex(isTerminal)
  return end === -1 ? batch : batch.slice(0, end + 1)
}

/** What a job said after a cursor and before its snapshot, as it was told then. */
async function saidBetween(
  store: Store,
  snapshot: Snapshot,
  after: Cursor | undefined,
): Promise<JobNotice[]> {
  const { id: jobId, task, owner } = subjectOf(snapshot)
  const said = await store.said(jobId)
  return said
    .filter(({ cursor }) => after === undefined || compareCursors(cursor, after) > 0)
    .filter(({ cursor }) => compareCursors(cursor, snapshot.cursor) <= 0)
    .map((part) => noticeOf({ ...part, jobId, task, owner }) as JobNotice)
}

/** For a terminal record whose result is gone: `look` throws RESULT_EXPIRED, unless the id has been enqueued anew. */
async function lastWord(look: () => Promise<Snapshot>): Promise<JobNotice | null> {
  const snapshot = await look()
  return hasEnded(snapshot) ? terminalNotice(snapshot) : null
}
