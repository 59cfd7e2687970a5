// The jobs of one user as an external store: read from storage, kept by one subscription to the feed, and shown to
// React once a frame, however many notices come.
import { type Cursor, isLovageError } from '@lovage/core'
import type { Client } from './client.ts'
import { type AnyNotice, isLive, type JobView, newJob, reduce, refreshed, type Task } from './job.ts'
import { loadList, saveList } from './saved-list.ts'

export interface Listing {
  /** Newest first. */
  readonly jobs: readonly JobView[]
  /** What came at once after the page, or its connection, had been away; `undefined` until it has caught up. */
  readonly caughtUp: number | undefined
  /** Notices that were trimmed before they could be delivered. */
  readonly missed: number
  readonly error: Error | undefined
}

/** A job that this tab has enqueued, by name. */
export interface Enqueued {
  readonly id: string
  readonly task: Task
  readonly title: string
}

export class JobList {
  readonly #client: Client
  readonly #user: string
  readonly #jobs: Map<string, JobView>
  readonly #listeners = new Set<() => void>()
  #cursor: Cursor | undefined
  /** What React sees; replaced once a frame by what has become of `#facts` and the jobs. */
  #listing: Listing
  #facts: Omit<Listing, 'jobs'> = { caughtUp: undefined, missed: 0, error: undefined }
  #frame: number | undefined

  constructor(client: Client, user: string) {
    this.#client = client
    this.#user = user
    const saved = loadList(user)
    this.#jobs = new Map(saved.jobs.map((job) => [job.id, job]))
    this.#cursor = saved.cursor
    this.#listing = { ...this.#facts, jobs: newestFirst(this.#jobs) }
  }

  get = (): Listing => this.#listing

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Shows jobs before the feed says a word of them. */
  add(jobs: readonly Enqueued[]): void {
    for (const { id, task, title } of jobs) {
      const known = this.#jobs.get(id)
      this.#jobs.set(id, known === undefined ? newJob(id, task, title) : { ...known, title })
    }
    this.#show({})
  }

  /** Shows the new run of a job in its place. */
  replace({ id, task, title }: JobView, newId: string): void {
    this.#jobs.delete(id)
    this.#jobs.set(newId, this.#jobs.get(newId) ?? newJob(newId, task, title))
    this.#show({})
  }

  /** Takes those that have ended off the list; the server keeps them. */
  clearEnded(): void {
    for (const job of this.#jobs.values()) if (!isLive(job)) this.#jobs.delete(job.id)
    this.#show({})
  }

  /** Follows until the signal is aborted. After each loss of the connection it begins anew at its cursor. */
  async follow(signal: AbortSignal): Promise<void> {
    const save = (): void => saveList(this.#user, this.#cursor, newestFirst(this.#jobs))
    addEventListener('pagehide', save)
    try {
      while (!signal.aborted) await this.#followOnce(signal)
    } catch (error) {
      if (!signal.aborted) this.#show({ error: error as Error })
    } finally {
      removeEventListener('pagehide', save)
      save()
    }
  }

  async #followOnce(signal: AbortSignal): Promise<void> {
    const away = new AbortController()
    const { connection, jobs } = this.#client
    const leave = connection.subscribe((state) => {
      if (state === 'reconnecting') away.abort()
    })
    let behind = 0
    try {
      const stop = AbortSignal.any([signal, away.signal])
      const from = this.#cursor ?? 'start'
      // What a job says is for whoever opens it.
      for await (const notice of jobs.notices({ from, logs: false, signal: stop })) {
        this.#cursor = notice.cursor
        behind += 1
        if (notice.type === 'ready') this.#show({ caughtUp: behind - 1 })
        else if (notice.type === 'gap') await this.#refresh(notice.missed)
        else this.#reduce(notice)
      }
    } finally {
      leave()
    }
    if (!signal.aborted) this.#show({ caughtUp: undefined })
  }

  #reduce(notice: Exclude<AnyNotice, { type: 'ready' | 'gap' }>): void {
    const { jobId, task } = notice
    this.#jobs.set(jobId, reduce(this.#jobs.get(jobId) ?? newJob(jobId, task), notice))
    this.#show({})
  }

  /** Notices are gone for good; what they said of the jobs that we show, the jobs themselves still say. */
  async #refresh(missed: number): Promise<void> {
    const live = [...this.#jobs.values()].filter(isLive)
    await Promise.all(
      live.map(async (job) => {
        const found = await this.#client.jobs.get(job.id).catch((error: unknown) => {
          if (isLovageError(error, 'NOT_FOUND') || isLovageError(error, 'RESULT_EXPIRED')) return undefined
          throw error
        })
        this.#jobs.set(job.id, found === undefined ? forgotten(job) : refreshed(job, found))
      }),
    )
    this.#show({ missed: this.#facts.missed + missed })
  }

  #show(change: Partial<Omit<Listing, 'jobs'>>): void {
    this.#facts = { ...this.#facts, ...change }
    if (this.#frame !== undefined) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined
      this.#listing = { ...this.#facts, jobs: newestFirst(this.#jobs) }
      for (const listener of this.#listeners) listener()
    })
  }
}

/** Ids begin with the time of enqueueing. */
const newestFirst = (jobs: ReadonlyMap<string, JobView>): JobView[] =>
  [...jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1))

const forgotten = (job: JobView): JobView => ({
  ...job,
  state: 'expired',
  message: 'The server no longer knows this job.',
})
