/** The records of jobs that have failed, kept for a retry: so many, and for so long. */
import type { JobRecord } from '../store.ts'

export interface FailedOptions {
  /** How many are kept; the newest ones. */
  max: number
  maxAgeMs: number
}

interface Kept {
  record: JobRecord
  finishedAt: number
}

export class FailedJobs {
  readonly #options: FailedOptions
  /** Oldest first; of the same ms by id. */
  #kept: Kept[] = []

  constructor(options: FailedOptions) {
    this.#options = options
  }

  add(record: JobRecord, now: number): void {
    this.take(record.id, now)
    const isBefore = (other: Kept): boolean =>
      other.finishedAt < now || (other.finishedAt === now && other.record.id < record.id)
    this.#kept.splice(this.#kept.findLastIndex(isBefore) + 1, 0, { record, finishedAt: now })
    this.#kept.splice(0, Math.max(0, this.#kept.length - this.#options.max))
  }

  get(id: string, now: number): JobRecord | undefined {
    return this.newestFirst(now).find(({ record }) => record.id === id)?.record
  }

  /** Forgets it; whether it was there. */
  take(id: string, now: number): boolean {
    const before = this.newestFirst(now).length
    this.#kept = this.#kept.filter(({ record }) => record.id !== id)
    return this.#kept.length < before
  }

  newestFirst(now: number): Kept[] {
    const first = this.#kept.findIndex(({ finishedAt }) => now < finishedAt + this.#options.maxAgeMs)
    this.#kept = first === -1 ? [] : this.#kept.slice(first)
    return this.#kept.toReversed()
  }
}
