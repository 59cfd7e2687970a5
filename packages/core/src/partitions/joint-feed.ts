/**
 * Following many jobs over partitions: the feeds of all of them as they come. What is said of one job stays in order,
 * since it is all in one feed; what is said of jobs of different partitions has no order. Every notice has a joint
 * cursor, which says of each partition how far this follower is.
 */
import { type Cursor, jointCursor, splitCursor, START } from '../cursor.ts'
import { LovageError } from '../errors.ts'
import type { Batch, Follow } from '../feed.ts'
import type { Notice } from '../notice.ts'
import { endedWith } from '../own-end.ts'
import { gathered } from './gathered.ts'

/** The place of each partition. @throws LovageError `CURSOR_INVALID` for the place of another feed, or of one job */
export function placesIn(cursor: Cursor, count: number): Cursor[] {
  if (cursor === START) return Array.from({ length: count }, () => START)
  const places = splitCursor(cursor)
  if (places.length !== count) throw new LovageError('CURSOR_INVALID', { cursor: cursor.slice(0, 100) })
  return places
}

type Take = NonNullable<Follow['take']>
/** Opens the feed of one partition; ended by its signal. */
type OpenFeed = (
  index: number,
  follow: { from: Cursor | undefined; signal: AbortSignal; take: Take | undefined },
) => AsyncGenerator<Batch, void, undefined>

export async function* jointFeed(
  count: number,
  { from, signal, take }: { from: Cursor | undefined; signal: AbortSignal; take: Take | undefined },
  open: OpenFeed,
): AsyncGenerator<Batch, void, undefined> {
  const places: Cursor[] = from === undefined ? [] : placesIn(from, count)
  const own = endedWith(signal)

  const ready = new Set<number>()
  /** While whoever reads has a batch: nothing may pass it, since its places are counted already. */
  let isBusy = true
  const placed = <Any extends Notice>(index: number, notice: Any): Any => {
    places[index] = notice.cursor
    return atPlace(notice, jointCursor(places))
  }
  const takeOf = (index: number): Take | undefined =>
    take &&
    ((notices) => {
      if (isBusy || ready.size < count) return 0
      const before = places[index] as Cursor
      const taken = take(notices.map((notice) => placed(index, notice)))
      places[index] = notices[taken - 1]?.cursor ?? before
      return taken
    })
  const feeds = Array.from({ length: count }, (_, index) =>
    open(index, {
      from: from === undefined ? undefined : places[index],
      signal: own.signal,
      take: takeOf(index),
    }),
  )
  try {
    if (from === undefined) {
      // The first of each is its `ready`, and there is no place before all of them are known.
      const begun = await Promise.all(feeds.map((feed) => feed.next()))
      for (const { done, value } of begun) {
        if (done === true) return
        ready.add(places.push((value[0] as Notice).cursor) - 1)
      }
      yield [{ type: 'ready', cursor: jointCursor(places) }]
    }
    isBusy = false
    for await (const { index, item } of gathered(feeds)) {
      isBusy = true
      const batch: Notice[] = []
      for (const notice of item) {
        if (notice.type !== 'ready') batch.push(placed(index, notice))
        else {
          places[index] = notice.cursor
          const { restarted = false } = notice
          const isFirst = ready.size < count && ready.add(index).size === count
          if (isFirst || restarted)
            batch.push({ type: 'ready', cursor: jointCursor(places), ...(restarted && { restarted }) })
        }
      }
      if (batch.length > 0) yield batch
      isBusy = false
    }
  } finally {
    own.forget()
    own.end()
  }
}

const known = new WeakMap<Notice, Notice>()

/** One for all followers who are equally far: what is written for them is written once. */
function atPlace<Any extends Notice>(notice: Any, cursor: Cursor): Any {
  const before = known.get(notice)
  if (before?.cursor === cursor) return before as Any
  const made = { ...notice, cursor }
  known.set(notice, made)
  return made
}
