/** Following: history joined to what is live, without hole or repeat; for one job, and for many. */
import { compareCursors, type Cursor, parseCursor, placeBefore } from './cursor.ts'
import type { Hub, Listener } from './hub.ts'
import { isTerminal, type JobNotice, type Notice } from './notice.ts'
import { hasEnded, jobOf, noticeOf, subjectOf, terminalNotice } from './snapshot.ts'
import type { Page, Snapshot, Store, StoredNotice } from './store.ts'
import { type Match, matches } from './subscriber.ts'

const PAGE = 500

/** `null`: the record does not have it all. */
type ToNotice = (record: StoredNotice) => JobNotice | null

interface Follow extends Listener {
  from?: Cursor | undefined
  /** Default: each follower gets notices of his own. */
  toNotice?: ToNotice
}

interface FeedFollow extends Follow {
  match: Match
}

/** How one job is followed. */
export interface JobFollow extends Follow {
  /** Whether `log` and `chunk` are wanted. Default true. */
  logs?: boolean | undefined
}

type Past = Pick<Page, 'notices' | 'missed' | 'cursor'>

/**
 * The feed after `from` up to where it ends now. What the hub has is narrowed to the match already, the rest is not.
 *
 * @param tail Asks where the feed ended after `from` was heard of.
 */
async function* history(
  hub: Hub,
  store: Store,
  { match, from, tail }: { match: Match; from: Cursor; tail: () => Promise<Cursor> },
): AsyncGenerator<Past, void, undefined> {
  const recent = await hub.recent(match, from, tail)
  if (recent !== null) return yield { ...recent, missed: 0 }
  for (let page = await store.range(from, PAGE); ; page = await store.range(page.cursor, PAGE)) {
    yield page
    if (page.end) return
  }
}

/** Notices that came together. Who hands them on in one piece pays for one. */
export type Batch = readonly Notice[]

/** The notices of batches one by one, until the signal is aborted. */
export async function* oneByOne(
  batches: AsyncIterable<Batch>,
  signal: AbortSignal,
): AsyncGenerator<Notice, void, undefined> {
  for await (const batch of batches) {
    for (const notice of batch) {
      if (signal.aborted) return
      yield notice
    }
  }
}

/**
 * The notices of many jobs, from a cursor or from now on: history, `ready`, then live. What was trimmed before it
 * could be delivered is counted by a `gap`.
 */
export async function* readFeed(
  hub: Hub,
  store: Store,
  { match, from, toNotice = noticeOf, ...listener }: FeedFollow,
): AsyncGenerator<Batch, void, undefined> {
  const subscriber = await hub.subscribe(match, listener)
  const orGap = async ({ cursor }: StoredNotice): Promise<Notice> => ({ type: 'gap', cursor, missed: 1 })
  const tail = () => store.tail()
  const completed = (records: readonly StoredNotice[]) => complete(store, records, toNotice, orGap)
  try {
    let cursor = from ?? (await store.tail())
    let behind = from !== undefined
    let isReady = false
    while (!subscriber.closed) {
      const place = cursor
      if (behind) {
        subscriber.catchUp()
        for await (const page of history(hub, store, { match, from: cursor, tail })) {
          if (page.missed > 0) yield [{ type: 'gap', cursor: placeAfterGap(page), missed: page.missed }]
          yield* completed(subscriber.thinned(page.notices.filter((record) => matches(match, record))))
          cursor = page.cursor
        }
      }
      // A feed that ends before the place that was asked for is not the one that place was in.
      const restarted = compareCursors(cursor, place) < 0
      if (!isReady || restarted) yield [{ type: 'ready', cursor, ...(restarted && { restarted }) }]
      isReady = true
      for await (const records of subscriber.live(cursor)) {
        cursor = (records.at(-1) as StoredNotice).cursor
        yield* completed(records)
      }
      behind = true
    }
  } finally {
    subscriber.leave()
  }
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
  { match, from, logs = true, toNotice = noticeOf, ...listener }: JobFollow & { match: Match },
): AsyncGenerator<Batch, void, undefined> {
  const subscriber = await hub.subscribe(match, listener)
  const completed = (records: readonly StoredNotice[]) =>
    complete(store, records, toNotice, () => lastWord(look))
  try {
    let cursor = from
    let isReady = false
    while (!subscriber.closed) {
      subscriber.catchUp()
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
          const records = page.notices.filter((record) => matches(match, record))
          for await (const batch of completed(subscriber.thinned(records))) {
            const own = upToEnd(batch)
            yield own
            if (isEnd(own)) return
          }
          cursor = page.cursor
        }
      }
      // From the place of the gap it is told again, to whoever leaves before he has had the job as it is.
      if (missed > 0) yield [{ type: 'gap', cursor: cursor as Cursor, missed }]
      if (logs && (cursor === undefined || missed > 0)) yield await saidBetween(store, snapshot, cursor)
      // Where the reader is behind the snapshot, the terminal notice is still to come, and others before it.
      const isAll = cursor === undefined || missed > 0 || compareCursors(cursor, snapshot.cursor) >= 0
      if (hasEnded(snapshot) && isAll) return yield [terminalNotice(snapshot)]
      if (cursor === undefined || missed > 0) {
        cursor = snapshot.cursor
        yield [{ type: 'ready', cursor, job: jobOf(snapshot), ...(restarted && { restarted }) }]
      } else if (!isReady) yield [{ type: 'ready', cursor }]
      isReady = true
      for await (const records of subscriber.live(cursor)) {
        cursor = (records.at(-1) as StoredNotice).cursor
        for await (const batch of completed(records)) {
          const own = upToEnd(batch)
          yield own
          if (isEnd(own)) return
        }
      }
    }
  } finally {
    subscriber.leave()
  }
}

/** Where what was missed ends: whoever goes on there is not told of it again. */
function placeAfterGap({ notices: [first], cursor }: Past): Cursor {
  if (first === undefined) return cursor
  const seq = parseCursor(first.cursor).seq - (first.foreign === true ? 0 : 1)
  return placeBefore(first.cursor, seq)
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

/**
 * Records as notices. One whose result was too large for the feed is fetched, and stands alone: many of them at once
 * would be much. Where it is no longer kept, `orElse` says what there is instead.
 */
async function* complete(
  store: Store,
  records: readonly StoredNotice[],
  toNotice: ToNotice,
  orElse: (record: StoredNotice) => Promise<Notice | null>,
): AsyncGenerator<Batch, void, undefined> {
  let batch: Notice[] = []
  for (const record of records) {
    const notice = toNotice(record)
    if (notice !== null) {
      batch.push(notice)
      continue
    }
    if (batch.length > 0) yield batch
    batch = []
    const fetched = (await fetchEnd(store, record)) ?? (await orElse(record))
    if (fetched !== null) yield [fetched]
  }
  if (batch.length > 0) yield batch
}

export async function fetchEnd(store: Store, { jobId, cursor }: StoredNotice): Promise<JobNotice | null> {
  const snapshot = await store.get(jobId)
  return snapshot !== null && hasEnded(snapshot) ? { ...terminalNotice(snapshot), cursor } : null
}

/** For a terminal record whose result is gone: `look` throws RESULT_EXPIRED, unless the id has been enqueued anew. */
async function lastWord(look: () => Promise<Snapshot>): Promise<JobNotice | null> {
  const snapshot = await look()
  return hasEnded(snapshot) ? terminalNotice(snapshot) : null
}
