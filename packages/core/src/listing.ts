/** Looking for jobs, and doing something with all that were found. */
import { type Engine } from './engine.ts'
import { isWithin, type Scope } from './scope.ts'
import { isFinal, type Job, type JobState } from './job.ts'
import { keyTag } from './new-job.ts'
import { refused } from './refused.ts'
import { hasEnded, jobOf, subjectOf } from './snapshot.ts'
import type { Search, Snapshot } from './store.ts'
import { tagOf } from './task-rules.ts'

/** Which jobs. All that is given must be true of a job; nothing given: all that have not ended. */
export interface JobFilter {
  task?: string
  /** Finds jobs that have ended, too, for as long as their outcome is kept. */
  tag?: string
  /** Of one task: give that, too. Finds jobs that have ended like a tag. */
  key?: string | number
  /** Without a tag or a key `succeeded`, `cancelled` and `expired` cannot be looked for. `failed`: newest first. */
  state?: JobState
  owner?: string
}

export interface ListOptions extends JobFilter {
  /** At most 500. Default 50. */
  limit?: number
  /** `next` of the page before. */
  after?: string
}

export interface JobPage<J = Job> {
  /** May be fewer than asked for, even none, before the last page. */
  jobs: J[]
  /** Where the next page begins; `null`: this was the last one. */
  next: string | null
}

const LIVE = ['queued', 'running', 'scheduled', 'retrying', 'waiting'] as const
const LISTABLE: readonly JobState[] = [...LIVE, 'failed', 'succeeded', 'cancelled', 'expired']
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 500
/** Looks at the store for one page, however few of the jobs that come are the right ones. */
const MAX_LOOKS = 10
/** Found by one look that is to see them all. */
const LOOK = 500
/** Calls to the store that go out together. */
const TOGETHER = 50

/** The searches whose findings, filtered, are the answer. Those of states are made one after the other. */
function searchesOf({ task, tag, key, state }: JobFilter): Search[] {
  if (state !== undefined && !LISTABLE.includes(state))
    refused('state', state, `one of ${LISTABLE.join(', ')}`)
  if (key !== undefined) {
    if (task === undefined) refused('task', task, 'the task of the key')
    if (tag !== undefined) refused('tag', tag, 'either a tag or a key')
    return [{ tag: keyTag(task, String(key)) }]
  }
  if (tag !== undefined) return [{ tag: tagOf(tag) }]
  if (state === undefined) return LIVE.map((live) => ({ state: live }))
  if (state !== 'failed' && isFinal(state))
    return refused(
      'state',
      state,
      'a tag or a key beside it, or a state of jobs that have not ended, or failed',
    )
  return [{ state }]
}

export async function listJobs(engine: Engine, options: ListOptions = {}): Promise<JobPage> {
  const { limit = DEFAULT_LIMIT, after } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    refused('limit', limit, `a whole number from 1 to ${MAX_LIMIT}`)
  if (options.task !== undefined) engine.task(options.task)
  const searches = searchesOf(options)
  let [at, place] = placeOf(after, searches.length)
  const jobs: Job[] = []
  for (let looks = 0; looks < MAX_LOOKS && jobs.length < limit && at < searches.length; looks++) {
    const { ids, next } = await engine.store.find(searches[at] as Search, {
      limit: limit - jobs.length,
      after: place,
    })
    for (const snapshot of await snapshots(engine, ids))
      if (isMatch(options, snapshot)) jobs.push(jobOf(snapshot))
    place = next ?? undefined
    if (next === null) at += 1
  }
  return { jobs, next: at < searches.length ? `${at}.${place ?? ''}` : null }
}

/** A place is the search, and the store's own place in it. */
function placeOf(after: string | undefined, searches: number): [number, string | undefined] {
  if (after === undefined) return [0, undefined]
  const match = /^(\d)\.(.*)$/s.exec(after)
  const at = Number(match?.[1])
  if (match === null || at >= searches)
    return refused('after', after, 'the `next` of a page of the same search')
  return [at, match[2] === '' ? undefined : match[2]]
}

async function snapshots(engine: Engine, ids: readonly string[]): Promise<Snapshot[]> {
  const found: (Snapshot | null)[] = []
  for (let from = 0; from < ids.length; from += TOGETHER)
    found.push(...(await Promise.all(ids.slice(from, from + TOGETHER).map((id) => engine.store.get(id)))))
  return found.filter((snapshot) => snapshot !== null)
}

/** What a search leaves open: the state of tagged jobs, whose they are. */
function isMatch({ state, ...scope }: JobFilter, snapshot: Snapshot): boolean {
  const { task, owner } = subjectOf(snapshot)
  return isWithin(scope, task, owner) && (state === undefined || state === snapshot.state)
}

/** All ids of a search, gathered before anything is done with them, since that would move the places of the rest. */
export async function* found(
  engine: Engine,
  search: Search,
  scope: Scope,
  state?: JobState,
): AsyncGenerator<Snapshot> {
  const ids = new Set<string>()
  for (let after: string | undefined, isLast = false; !isLast;) {
    const page = await engine.store.find(search, { limit: LOOK, after })
    for (const id of page.ids) ids.add(id)
    after = page.next ?? undefined
    isLast = page.next === null
  }
  const all = [...ids]
  for (let from = 0; from < all.length; from += LOOK) {
    for (const snapshot of await snapshots(engine, all.slice(from, from + LOOK)))
      if (isMatch({ ...scope, state } as JobFilter, snapshot)) yield snapshot
  }
}

/** Cancels every job that the filter finds and that has not ended. Answers how many that were. */
export async function cancelMany(
  engine: Engine,
  filter: JobFilter,
  { by, reason }: { by: string | null; reason: string | null },
): Promise<{ cancelled: number }> {
  const { task, tag, key, state, owner } = filter
  if (task !== undefined) engine.task(task)
  if ((tag ?? key ?? task ?? state) === undefined)
    refused('filter', filter, 'at least one of tag, task, key and state: nothing would be left')
  if (state !== undefined && isFinal(state)) refused('state', state, 'a state of jobs that have not ended')
  let cancelled = 0
  for (const search of searchesOf(filter)) {
    const batch: Snapshot[] = []
    const flush = async (): Promise<void> => {
      const replies = await Promise.all(
        batch.splice(0).map((snapshot) => engine.end(snapshot, { by, reason })),
      )
      cancelled += replies.filter((reply) => reply.outcome === 'cancelled').length
    }
    for await (const snapshot of found(engine, search, { task, owner }, state)) {
      if (hasEnded(snapshot)) continue
      batch.push(snapshot)
      if (batch.length >= TOGETHER) await flush()
    }
    await flush()
  }
  return { cancelled }
}
