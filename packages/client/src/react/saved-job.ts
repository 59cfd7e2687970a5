/** Which job was followed, and how far, in the page's storage: what a reload goes on from. */
import { type Clock, type Cursor, isFinal, isLovageError } from '@lovage/core'
import superjson from 'superjson'
import { type Known, NOTHING, type Start } from './followed-jobs.ts'
import type { Following } from './following.ts'

/** The part of `localStorage` and `sessionStorage` that is used. */
export type JobStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export interface SavedJob {
  /** The job that is remembered. */
  id(): string | null
  forget(): void
  /** Calls back when another job is remembered, by another tab as well. */
  watch(listener: () => void): () => void
  /** Where following that job goes on. */
  start(id: string): Start | undefined
  /** Remembers a job while it is followed, once it is known to exist. The returned function ends that. */
  keep(id: string, following: Following<Known>, clock: Clock): () => void
}

interface Entry {
  id: string
  /** Absent once the job has ended: then the server says how. */
  cursor?: Cursor
  /** As superjson writes it. */
  known?: string
}

/** A bar that runs is not worth more than two writes a second. What was not written comes again after a reload. */
const WRITE_MS = 500

/**
 * A place for one job that outlives the page: for `useJob`'s option `saved`. Make it once, outside of components.
 *
 * @param storage Default `localStorage`, which tabs share; with `sessionStorage` each tab has its own.
 * @example const scoring = savedJob('scoring')
 */
export function savedJob(key: string, storage?: JobStorage): SavedJob {
  const name = `lovage.${key}`
  const listeners = new Set<() => void>()
  const place = (): JobStorage => storage ?? globalThis.localStorage
  const tell = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const read = (): Entry | undefined => {
    const entry = tried(() => JSON.parse(place().getItem(name) ?? 'null') as Entry | null)
    return typeof entry?.id === 'string' ? entry : undefined
  }
  const forget = (): void => {
    tried(() => place().removeItem(name))
    tell()
  }
  return {
    id: () => read()?.id ?? null,
    forget,
    watch(listener) {
      listeners.add(listener)
      globalThis.addEventListener('storage', listener)
      return () => {
        listeners.delete(listener)
        globalThis.removeEventListener('storage', listener)
      }
    },
    start(id) {
      const entry = read()
      const known =
        entry?.id === id && entry.known && tried(() => superjson.parse<Known>(entry.known as string))
      return known ? { known: { ...NOTHING, ...known }, cursor: entry?.cursor } : undefined
    },
    keep(id, following, clock) {
      let stop: (() => void) | undefined
      let isNew = read()?.id !== id
      const write = (): void => {
        stop = undefined
        const { job, progress, failure, error, logs, text } = following.state
        if (isLovageError(error) && GONE.has(error.code)) return forget()
        if (job === undefined) return
        const live = {
          // What it said is too much for a storage. The server has it, for whoever begins without a place.
          cursor: logs.length > 0 || text !== '' ? undefined : following.cursor,
          known: superjson.stringify({ job, progress, failure }),
        }
        const entry = JSON.stringify({ id, ...(!isFinal(job.state) && live) })
        tried(() => place().setItem(name, entry))
        if (isNew) tell()
        isNew = false
      }
      const leave = following.subscribe(() => {
        if (isNew) write()
        else stop ??= clock.after(WRITE_MS, write)
      })
      write()
      return () => {
        leave()
        stop?.()
      }
    },
  }
}

/** A job that is no longer there is not worth remembering. */
const GONE: ReadonlySet<string> = new Set(['NOT_FOUND', 'RESULT_EXPIRED', 'CURSOR_INVALID'])

/** Storage may be absent, forbidden or full, and what is in it may be anything: then a reload asks the server. */
function tried<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
