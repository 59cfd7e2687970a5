/** Lists of ids, a page at a time: the next page begins after the last entry of this one, whatever came or went meanwhile. */
import { LovageError } from '../errors.ts'
import type { Found } from '../store.ts'

interface Entry {
  id: string
  /** By which the list is sorted, then by id. */
  at: number
}

export function pageOf(
  entries: readonly Entry[],
  { limit, after, newestFirst = false }: { limit: number; after?: string | undefined; newestFirst?: boolean },
): Found {
  const compare = (a: Entry, b: Entry): number =>
    (newestFirst ? -1 : 1) * (a.at - b.at || (a.id < b.id ? -1 : a.id === b.id ? 0 : 1))
  const start = after === undefined ? undefined : entryOf(after)
  const rest = entries.filter((entry) => start === undefined || compare(entry, start) > 0).toSorted(compare)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const next = last !== undefined && rest.length > page.length ? `${last.at} ${last.id}` : null
  return { ids: page.map(({ id }) => id), next }
}

/** @throws LovageError `CURSOR_INVALID` */
function entryOf(place: string): Entry {
  const match = /^(\d{1,16}) (.+)$/s.exec(place)
  if (match === null) throw new LovageError('CURSOR_INVALID', { cursor: place.slice(0, 100) })
  return { at: Number(match[1]), id: match[2] as string }
}
