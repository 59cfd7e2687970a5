// What a reload goes on from: the list as it was, and the place in the feed up to which that is true.
import type { Cursor } from '@lovage/core'
import type { JobView } from './job.ts'

interface SavedList {
  readonly cursor: Cursor | undefined
  readonly jobs: readonly JobView[]
}

/** Results of addresses are about 600 bytes, and a page may store 5 MB. */
const mostJobs = 1_000

const nothing: SavedList = { cursor: undefined, jobs: [] }
const keyOf = (user: string): string => `lovage-react:1:${user}`

export function loadList(user: string): SavedList {
  try {
    return (JSON.parse(localStorage.getItem(keyOf(user)) ?? 'null') as SavedList | null) ?? nothing
  } catch {
    return nothing // storage may be forbidden; then the feed is read from its start
  }
}

/** @param jobs  Newest first. */
export function saveList(user: string, cursor: Cursor | undefined, jobs: readonly JobView[]): void {
  try {
    localStorage.setItem(keyOf(user), JSON.stringify({ cursor, jobs: jobs.slice(0, mostJobs) }))
  } catch {
    localStorage.removeItem(keyOf(user)) // full: an old place with old jobs would be worse than none
  }
}
