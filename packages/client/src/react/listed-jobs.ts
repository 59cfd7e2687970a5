/** The jobs of a list: what the server lists, a page at a time, and what notices tell of them. */
import { isFinal, isLovageError, type Job, type JobNotice } from '@lovage/core'
import { reduceJob } from '../reduce.ts'

/** Lists jobs, a page at a time. Without `next` a page was the last one. */
export type Listing<J extends Job = Job> = (page: {
  limit: number
  after?: string
}) => Promise<{ jobs: readonly J[]; next?: string | null }>

/** Jobs that are listed at once, whatever a page shows: few servers have more that have not ended. */
const LISTED = 100

/** A listing that has more to tell, and where. */
interface Unread {
  listing: Listing
  after?: string
}

export class ListedJobs {
  /** By id. Written in place: a copy for each of ten thousand notices would take seconds. */
  readonly #jobs = new Map<string, Job>()
  readonly #listings: readonly Listing[]
  readonly #get: (id: string) => Promise<Job>
  readonly #keep: number
  #unread: Unread[] = []
  #reading: Promise<void> | undefined

  /** @param keep The newest, so many of them, are held. */
  constructor(listings: readonly Listing[], get: (id: string) => Promise<Job>, keep: number) {
    this.#listings = listings
    this.#get = get
    this.#keep = keep
  }

  /** Whether the server has listed less than it has. */
  get hasMore(): boolean {
    return this.#unread.length > 0
  }

  /** Ids begin with the time of enqueueing. */
  newestFirst(): Job[] {
    return [...this.#jobs.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, this.#keep)
  }

  hear(notice: JobNotice): void {
    this.#jobs.set(notice.jobId, reduceJob(this.#jobs.get(notice.jobId), notice))
    if (this.#jobs.size < 2 * this.#keep) return
    const kept = this.newestFirst()
    this.#jobs.clear()
    for (const job of kept) this.#jobs.set(job.id, job)
  }

  /**
   * The first page of each listing, which is newer than all that was heard. After a gap nobody knows what became of
   * the others that had not ended: they are asked for.
   */
  async begin(isAfterGap: boolean): Promise<void> {
    this.#unread = []
    const known = [...this.#jobs.values()]
    const listed = new Set<string>()
    for (const listing of this.#listings) {
      for (const job of await this.#page({ listing })) {
        listed.add(job.id)
        this.#jobs.set(job.id, job)
      }
    }
    if (isAfterGap)
      await Promise.all(known.filter(({ id }) => !listed.has(id)).map((job) => this.#refresh(job)))
  }

  /** The next page, for whoever asks while it comes as well. Of jobs that are known already, notices tell more. */
  read(): Promise<void> {
    return (this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    }))
  }

  async #read(): Promise<void> {
    const [next] = this.#unread
    if (next === undefined) return
    const jobs = await this.#page(next)
    this.#unread = this.#unread.filter((each) => each !== next)
    for (const job of jobs) if (!this.#jobs.has(job.id)) this.#jobs.set(job.id, job)
  }

  async #page({ listing, after }: Unread): Promise<readonly Job[]> {
    const { jobs, next } = await listing({ limit: LISTED, ...(after !== undefined && { after }) })
    if (typeof next === 'string') this.#unread.push({ listing, after: next })
    return jobs
  }

  /** One that is no longer kept goes. */
  async #refresh({ id, state }: Job): Promise<void> {
    if (isFinal(state)) return
    try {
      this.#jobs.set(id, await this.#get(id))
    } catch (error) {
      if (!isLovageError(error, 'NOT_FOUND') && !isLovageError(error, 'RESULT_EXPIRED')) throw error
      this.#jobs.delete(id)
    }
  }
}
