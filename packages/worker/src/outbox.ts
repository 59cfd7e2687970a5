/**
 * Outcomes on their way to the store. Each stays here until a step has confirmed it; after a step whose fate is
 * unknown it goes out again under the next session, where the fence sees to it that nothing is written twice.
 */
import { type Hold, type Settlement, STEP_MAX, type Store } from '@lovage/core'
import { fateOf } from './fate.ts'
import type { Events, JobEvent } from './events.ts'
import type { Releases } from './releases.ts'

/** An outcome with what is told about it once it is written. */
export interface Finished {
  settlement: Settlement
  ms: number
  /** Allowed in all. */
  attempts: number
  /** A step that carried it was never answered: it may be written already. */
  isDoubtful?: boolean
}

/** One step of large results must not hold up everybody else's. */
const MAX_BATCH_CHARS = 8 * 1024 * 1024

export class Outbox {
  readonly #store: Store
  readonly #events: Events
  readonly #releases: Releases
  #waiting: Finished[] = []
  #sent: Finished[] = []

  constructor(store: Store, events: Events, releases: Releases) {
    this.#store = store
    this.#events = events
    this.#releases = releases
  }

  get size(): number {
    return this.#waiting.length + this.#sent.length
  }

  /** Whether something waits for a step to take it. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  put(finished: Finished): void {
    this.#waiting.push(finished)
  }

  /** What the next step carries. It counts as sent until `confirm`, `putBack` or `drop`. */
  take(): Settlement[] {
    let count = 0
    let chars = 0
    while (count < STEP_MAX && count < this.#waiting.length && (count === 0 || chars < MAX_BATCH_CHARS)) {
      chars += charsOf((this.#waiting[count] as Finished).settlement)
      count += 1
    }
    this.#sent = this.#waiting.splice(0, count)
    return this.#sent.map(({ settlement }) => settlement)
  }

  /** The step was answered: all of it is written, but for what was fenced out. */
  confirm(lost: readonly string[]): void {
    const sent = this.#sent
    this.#sent = []
    for (const finished of sent) {
      if (lost.length > 0 && lost.includes(finished.settlement.id)) void this.#tellLost(finished)
      else this.#tellWritten(finished)
    }
  }

  /** The step was not answered. */
  putBack(): void {
    for (const finished of this.#sent) finished.isDoubtful = true
    this.#waiting = [...this.#sent, ...this.#waiting]
    this.#sent = []
  }

  /** The holds under which outcomes wait here. */
  holds(): Hold[] {
    return [...this.#sent, ...this.#waiting].map(({ settlement: { id, claimedAt } }) => ({ id, claimedAt }))
  }

  /** Others have these jobs now. */
  drop(ids: ReadonlySet<string>): void {
    const all = [...this.#sent, ...this.#waiting]
    this.#sent = []
    this.#waiting = all.filter(({ settlement }) => !ids.has(settlement.id))
    for (const finished of all) if (ids.has(finished.settlement.id)) void this.#tellLost(finished)
  }

  #tellWritten({ settlement, ms, attempts }: Finished): void {
    const job = jobOf(settlement)
    const { to } = settlement
    switch (to) {
      case 'succeeded':
        return this.#events.emit('job.succeeded', { ...job, ms })
      case 'failed':
        return this.#events.emit('job.failed', { ...job, ms, attempts, error: settlement.error })
      case 'retrying': {
        const { error, delayMs } = settlement
        return this.#events.emit('job.retrying', { ...job, ms, attempts, error, delayMs })
      }
    }
  }

  async #tellLost(finished: Finished): Promise<void> {
    const { settlement, isDoubtful } = finished
    this.#releases.put(settlement.id) // its handler has ended, whatever became of the job
    const fate = await fateOf(this.#store, settlement, isDoubtful ? settlement.to : undefined)
    switch (fate.type) {
      case 'written':
        return this.#tellWritten(finished)
      case 'cancelled':
        return this.#events.emit('job.cancelled', { ...jobOf(settlement), by: fate.by, reason: fate.reason })
      case 'lost':
        return this.#events.emit('job.lost', jobOf(settlement))
    }
  }
}

const jobOf = ({ id, task, attempt, trace }: Settlement): JobEvent => ({ id, task, attempt, trace })

function charsOf(settlement: Settlement): number {
  if (settlement.to !== 'succeeded') return 0
  return settlement.result.json.length + (settlement.result.meta?.length ?? 0)
}
