/** Lists of ids, a page at a time: the next page begins after the last entry of this one, whatever came or went meanwhile. */
import { LovageError } from '../errors.ts'
import { fnv1a } from '../fnv.ts'
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
  const sorted = entries.toSorted(compare)
  const rest = after === undefined ? sorted : sorted.slice(startOf(sorted, after, newestFirst))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const next = last !== undefined && rest.length > page.length ? `${last.at} ${markOf(last.id)}` : null
  return { ids: page.map(({ id }) => id), next }
}

/** Where a page begins: behind the one that ended the page before or, if that has gone, with all of its moment. */
function startOf(sorted: readonly Entry[], place: string, newestFirst: boolean): number {
  const { at, mark } = placeOf(place)
  const last = sorted.findIndex((entry) => entry.at === at && markOf(entry.id) === mark)
  if (last !== -1) return last + 1
  const first = sorted.findIndex((entry) => (newestFirst ? entry.at <= at : entry.at >= at))
  return first === -1 ? sorted.length : first
}

/** A place is told to whoever asked, and the job that stands there may be somebody else's: of its id it tells 32 bits. */
const markOf = (id: string): string => fnv1a(id).toString(16).padStart(8, '0')

/** @throws LovageError `CURSOR_INVALID` */
function placeOf(place: string): { at: number; mark: string } {
  const match = /^(\d{1,16}) ([0-9a-f]{8})$/.exec(place)
  if (match === null) throw new LovageError('CURSOR_INVALID', { cursor: place.slice(0, 100) })
  return { at: Number(match[1]), mark: match[2] as string }
}
