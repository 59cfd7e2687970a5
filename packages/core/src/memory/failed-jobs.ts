/** Jobs that have failed, kept for a retry with what became of them: so many, and for so long. */
import type { JobRecord, Outcome } from '../store.ts'

export interface FailedOptions {
  /** How many are kept; the newest ones. */
  max: number
  maxAgeMs: number
}

interface Kept {
  record: JobRecord
  outcome: Outcome
}

export class FailedJobs {
  readonly #options: FailedOptions
  readonly #byId = new Map<string, Kept>()
  /** Oldest first; of the same ms by id. */
  #kept: Kept[] = []

  constructor(options: FailedOptions) {
    this.#options = options
  }

  add(record: JobRecord, outcome: Outcome): void {
    const now = outcome.finishedAt
    this.take(record.id, now)
    const isBefore = ({ outcome: other }: Kept): boolean =>
      other.finishedAt < now || (other.finishedAt === now && other.id < record.id)
    const kept = { record, outcome }
    this.#byId.set(record.id, kept)
    this.#kept.splice(this.#kept.findLastIndex(isBefore) + 1, 0, kept)
    this.#forget(this.#kept.splice(0, Math.max(0, this.#kept.length - this.#options.max)))
  }

  get(id: string, now: number): Kept | undefined {
    const kept = this.#byId.get(id)
    return kept !== undefined && this.#isYoung(kept, now) ? kept : undefined
  }

  /** Forgets it; whether it was there. */
  take(id: string, now: number): boolean {
    const kept = this.#byId.get(id)
    if (kept === undefined) return false
    this.#byId.delete(id)
    this.#kept = this.#kept.filter((other) => other !== kept)
    return this.#isYoung(kept, now)
  }

  newestFirst(now: number): Kept[] {
    const first = this.#kept.findIndex((kept) => this.#isYoung(kept, now))
    this.#forget(this.#kept.splice(0, first === -1 ? this.#kept.length : first))
    return this.#kept.toReversed()
  }

  #isYoung = ({ outcome }: Kept, now: number): boolean => now < outcome.finishedAt + this.#options.maxAgeMs

  #forget(old: readonly Kept[]): void {
    for (const { record } of old) this.#byId.delete(record.id)
  }
}
