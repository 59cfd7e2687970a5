/** Following many jobs: history joined to what is live, without hole or repeat. */
import { compareCursors, type Cursor, parseCursor, placeBefore } from './cursor.ts'
import type { Hub } from './hub.ts'
import type { JobNotice, Notice } from './notice.ts'
import { hasEnded, noticeOf, terminalNotice } from './snapshot.ts'
import type { Page, Store, StoredNotice } from './store.ts'
import { type Hearing, type Match, matches } from './subscriber.ts'

const PAGE = 500

/** `null`: the record does not have it all. */
type ToNotice = (record: StoredNotice) => JobNotice | null

/** How somebody follows. */
export interface Follow extends Omit<Hearing, 'take'> {
  signal: AbortSignal
  from?: Cursor | undefined
  /** Takes live notices at once, and says how many, from the first on; never the last one of a job that is followed. */
  take?: ((notices: readonly JobNotice[]) => number) | undefined
  /** Default: each follower gets notices of his own. */
  toNotice?: ToNotice
}

interface FeedFollow extends Follow {
  match: Match
}

type Past = Pick<Page, 'notices' | 'missed' | 'cursor'>

/**
 * The feed after `from` up to where it ends now. What the hub has is narrowed to the match already, the rest is not.
 *
 * @param tail Asks where the feed ended after `from` was heard of.
 */
export async function* history(
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
  { match, from, toNotice = noticeOf, take, ...listener }: FeedFollow,
): AsyncGenerator<Batch, void, undefined> {
  const subscriber = await hub.subscribe(match, { ...listener, take: takes(take, toNotice) })
  const orGap = async ({ cursor }: StoredNotice): Promise<Notice> => ({ type: 'gap', cursor, missed: 1 })
  const completed = (records: readonly StoredNotice[]) => complete(store, records, toNotice, orGap)
  const tail = () => store.tail()
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
      subscriber.begin(cursor)
      for (let records; (records = await subscriber.next()) !== null;) {
        cursor = (records.at(-1) as StoredNotice).cursor
        yield* completed(records)
      }
      cursor = subscriber.taken ?? cursor
      behind = true
    }
  } finally {
    subscriber.leave()
  }
}

/**
 * What takes records at once, where notices are taken: up to the first that the store has to complete, or that is not
 * wanted this way.
 */
export const takes = (
  take: Follow['take'],
  toNotice: ToNotice,
  isWanted: (notice: JobNotice) => boolean = () => true,
) =>
  take &&
  ((records: readonly StoredNotice[]): number => {
    const notices: JobNotice[] = []
    for (const record of records) {
      const notice = toNotice(record)
      if (notice === null || !isWanted(notice)) break
      notices.push(notice)
    }
    return notices.length === 0 ? 0 : take(notices)
  })

/** Where what was missed ends: whoever goes on there is not told of it again. */
function placeAfterGap({ notices: [first], cursor }: Past): Cursor {
  if (first === undefined) return cursor
  const seq = parseCursor(first.cursor).seq - (first.foreign === true ? 0 : 1)
  return placeBefore(first.cursor, seq)
}

/**
 * Records as notices. One whose result was too large for the feed is fetched, and stands alone: many of them at once
 * would be much. Where it is no longer kept, `orElse` says what there is instead.
 */
export async function* complete(
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
