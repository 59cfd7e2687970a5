/** Following: history joined to what is live, without hole or repeat; for one job, and for many. */
import { compareCursors, type Cursor } from './cursor.ts'
import type { Hub, Listener } from './hub.ts'
import { isTerminal, type JobNotice, type Notice } from './notice.ts'
import { hasEnded, jobOf, noticeOf, subjectOf, terminalNotice } from './snapshot.ts'
import type { Page, Snapshot, Store, StoredNotice } from './store.ts'
import { type Match, matches } from './subscriber.ts'

const PAGE = 500

/** How one job is followed. */
export interface JobFollow extends Listener {
  from?: Cursor | undefined
  /** Whether `log` and `chunk` are wanted. Default true. */
  logs?: boolean | undefined
}

type Past = Pick<Page, 'notices' | 'missed' | 'cursor'>

/** The feed after `from` up to where it ends now. What the hub has is narrowed to the match already, the rest is not. */
async function* history(
  hub: Hub,
  store: Store,
  match: Match,
  from: Cursor,
): AsyncGenerator<Past, void, undefined> {
  const recent = await hub.recent(match, from)
  if (recent !== null) return yield { ...recent, missed: 0 }
  for (let page = await store.range(from, PAGE); ; page = await store.range(page.cursor, PAGE)) {
    yield page
    if (page.end) return
  }
}

/**
 * The notices of many jobs, from a cursor or from now on: history, `ready`, then live. What was trimmed before it
 * could be delivered is counted by a `gap`.
 */
export async function* readFeed(
  hub: Hub,
  store: Store,
  { match, from, ...listener }: Listener & { match: Match; from: Cursor | undefined },
): AsyncGenerator<Notice, void, undefined> {
  const subscriber = await hub.subscribe(match, listener)
  try {
    let cursor = from ?? (await store.tail())
    let behind = from !== undefined
    let isReady = false
    while (!subscriber.closed) {
      if (behind) {
        subscriber.catchUp()
        for await (const page of history(hub, store, match, cursor)) {
          if (page.missed > 0) yield { type: 'gap', cursor, missed: page.missed }
          for (const record of subscriber.thinned(page.notices)) {
            if (matches(match, record)) yield await noticeOrGap(store, record)
          }
          cursor = page.cursor
        }
      }
      if (!isReady) yield { type: 'ready', cursor }
      isReady = true
      for await (const record of subscriber.live(cursor)) {
        cursor = record.cursor
        yield await noticeOrGap(store, record)
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
  { match, from, logs = true, ...listener }: JobFollow & { match: Match },
): AsyncGenerator<Notice, void, undefined> {
  const subscriber = await hub.subscribe(match, listener)
  try {
    let cursor = from
    let isReady = false
    while (!subscriber.closed) {
      subscriber.catchUp()
      // Looked at after the registration and before the history: what it says is true up to its own place in the
      // feed, and everything after that place is history or comes live.
      const snapshot = await look()
      let missed = 0
      if (cursor !== undefined && cursor !== snapshot.cursor) {
        for await (const page of history(hub, store, match, cursor)) {
          missed = page.missed
          if (missed > 0) break
          for (const record of subscriber.thinned(page.notices)) {
            if (!matches(match, record)) continue
            const notice = (await complete(store, record)) ?? (await lastWord(look))
            if (notice === null) continue
            yield notice
            if (isTerminal(notice)) return
          }
          cursor = page.cursor
        }
      }
      if (logs && (cursor === undefined || missed > 0)) yield* saidBetween(store, snapshot, cursor)
      if (missed > 0) yield { type: 'gap', cursor: snapshot.cursor, missed }
      // Where the reader is behind the snapshot, the terminal notice is still to come, and others before it.
      const isAll = cursor === undefined || missed > 0 || compareCursors(cursor, snapshot.cursor) >= 0
      if (hasEnded(snapshot) && isAll) return yield terminalNotice(snapshot)
      if (cursor === undefined || missed > 0) {
        cursor = snapshot.cursor
        yield { type: 'ready', cursor, job: jobOf(snapshot) }
      } else if (!isReady) yield { type: 'ready', cursor }
      isReady = true
      for await (const record of subscriber.live(cursor)) {
        cursor = record.cursor
        const notice = (await complete(store, record)) ?? (await lastWord(look))
        if (notice === null) continue
        yield notice
        if (isTerminal(notice)) return
      }
    }
  } finally {
    subscriber.leave()
  }
}

/** What a job said after a cursor and before its snapshot, as it was told then. */
async function* saidBetween(
  store: Store,
  snapshot: Snapshot,
  after: Cursor | undefined,
): AsyncGenerator<JobNotice, void, undefined> {
  const { id: jobId, task, owner } = subjectOf(snapshot)
  for (const said of await store.said(jobId)) {
    if (after !== undefined && compareCursors(said.cursor, after) <= 0) continue
    if (compareCursors(said.cursor, snapshot.cursor) > 0) return
    yield noticeOf({ ...said, jobId, task, owner }) as JobNotice
  }
}

/** A record as a notice, its result fetched where that was too large for the feed. `null`: it is no longer kept. */
async function complete(store: Store, record: StoredNotice): Promise<JobNotice | null> {
  const notice = noticeOf(record)
  if (notice !== null) return notice
  const snapshot = await store.get(record.jobId)
  return snapshot !== null && hasEnded(snapshot)
    ? { ...terminalNotice(snapshot), cursor: record.cursor }
    : null
}

const noticeOrGap = async (store: Store, record: StoredNotice): Promise<Notice> =>
  (await complete(store, record)) ?? { type: 'gap', cursor: record.cursor, missed: 1 }

/** For a terminal record whose result is gone: `look` throws RESULT_EXPIRED, unless the id has been enqueued anew. */
async function lastWord(look: () => Promise<Snapshot>): Promise<JobNotice | null> {
  const snapshot = await look()
  return hasEnded(snapshot) ? terminalNotice(snapshot) : null
}
