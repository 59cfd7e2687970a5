/** Lists over partitions, a page at a time: some of each partition in each page, every partition in its own order. */
import { LovageError } from '../errors.ts'
import type { Found, Store } from '../store.ts'

/** How far each partition is: its own place, `''` for its beginning, `null` once there is no more. */
type Places = (string | null)[]
type Find = (index: number, options: { limit: number; after?: string }) => ReturnType<Store['find']>

/** @throws LovageError `CURSOR_INVALID` */
export async function jointPage(
  find: Find,
  count: number,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<Found> {
  const places: Places =
    after === undefined ? Array.from({ length: count }, () => '') : placesOf(after, count)
  // Where a page is too small for all of them, the first ones come first.
  const asked = [...places.entries()].filter(([, place]) => place !== null).slice(0, Math.max(1, limit))
  const each = Math.max(1, Math.floor(limit / Math.max(1, asked.length)))
  const pages = await Promise.all(
    asked.map(async ([index, place]) => {
      const page = await find(index, { limit: each, ...(place !== '' && { after: place as string }) })
      places[index] = page.next
      return page.ids
    }),
  )
  const isLast = places.every((place) => place === null)
  return { ids: inTurn(pages), next: isLast ? null : JSON.stringify(places) }
}

/** One of each list, then the next of each. */
function inTurn(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, n) => lists.flatMap((list) => list.slice(n, n + 1))).flat()
}

function placesOf(after: string, count: number): Places {
  try {
    const places = JSON.parse(after) as unknown
    if (Array.isArray(places) && places.length === count && places.every(isPlace)) return places
  } catch {
    // It is none of ours.
  }
  throw new LovageError('CURSOR_INVALID', { cursor: after.slice(0, 100) })
}

const isPlace = (place: unknown): place is string | null => place === null || typeof place === 'string'
