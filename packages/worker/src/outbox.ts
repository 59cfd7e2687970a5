/**
 * Outcomes on their way to the store. Each stays here until a step has confirmed it; after a step whose fate is
 * unknown it goes out again under the next session, where the fence sees to it that nothing is written twice.
 *
 * After a step that the store refused each of those in it goes alone, so that the one to blame takes no other along.
 * Whether it is to blame is shown by a step without it: one that is refused as well blames none.
 */
import { type Hold, LovageError, type Settlement, STEP_MAX, type Store } from '@lovage/core'
import type { Events, JobEvent } from './events.ts'
import { failure, failureOf } from './failure.ts'
import { fateOf } from './fate.ts'
import type { Releases } from './releases.ts'

/** An outcome with what is told about it once it is written. */
export interface Finished {
  settlement: Settlement
  ms: number
  /** Allowed in all. */
  attempts: number
  /** A step that carried it was never answered: it may be written already. */
  isDoubtful?: boolean
  /** The store refused a step that carried it. */
  isSuspect?: boolean
  /** How often the store refused it alone, and did a step without it. */
  refusals?: number
  /** It stands for one that the store refused for good. */
  isSubstitute?: boolean
}

/** One step of large results must not hold up everybody else's. */
const MAX_BATCH_CHARS = 8 * 1024 * 1024
/** After so many refusals alone an outcome is given up. */
const REFUSALS_MAX = 3

export class Outbox {
  readonly #store: Store
  readonly #events: Events
  readonly #releases: Releases
  readonly #resultTtlMs: number
  #waiting: Finished[] = []
  /** What each step under way carries. */
  #sent: readonly (readonly Finished[])[] = [] // few, as the steps under way are
  /** Refused whatever they say: their jobs stay held, lest they run again, until the worker stops. */
  #stuck: Finished[] = []
  /** Why the first of those that wait was refused when it went alone; the next step goes without it. */
  #accusation: { why: unknown } | null = null

  constructor(options: { store: Store; events: Events; releases: Releases; resultTtlMs: number }) {
    this.#store = options.store
    this.#events = options.events
    this.#releases = options.releases
    this.#resultTtlMs = options.resultTtlMs
  }

  get size(): number {
    let size = this.#waiting.length
    for (const sent of this.#sent) size += sent.length
    return size
  }

  /** Whether something waits for a step to take it. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Whether the next step is to show which outcome the store refuses, and should do nothing else. */
  get isSearching(): boolean {
    return this.#waiting[0]?.isSuspect === true
  }

  put(finished: Finished): void {
    this.#waiting.push(finished)
  }

  /** What the next step carries. It counts as sent until `confirm` or `putBack`. */
  take(): readonly Finished[] {
    if (this.#accusation !== null) return NOTHING
    let count = 0
    let chars = 0
    const most = this.isSearching ? 1 : STEP_MAX
    while (count < most && count < this.#waiting.length && (count === 0 || chars < MAX_BATCH_CHARS)) {
      chars += charsOf((this.#waiting[count] as Finished).settlement)
      count += 1
    }
    const sent = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    this.#sent = [...this.#sent, sent]
    return sent
  }

  /** The step that carried it was answered: all of it is written, but for what was fenced out. */
  confirm(sent: readonly Finished[], lost: readonly string[]): void {
    if (this.#accusation !== null) return this.#convict(this.#accusation.why)
    this.#sent = this.#sent.filter((other) => other !== sent)
    for (const finished of sent) {
      if (lost.length > 0 && lost.includes(finished.settlement.id)) void this.#tellLost(finished)
      else this.#tellWritten(finished)
    }
  }

  /** No step under way will be answered, or one was refused. */
  putBack(refusal?: { why: unknown }): void {
    const sent = this.#sent.flat()
    if (refusal !== undefined) {
      // A step without it was refused as well: then it is not to blame.
      const isAccused = this.#accusation === null && sent.length === 1 && sent[0]?.isSuspect === true
      this.#accusation = isAccused ? refusal : null
      for (const finished of sent) finished.isSuspect = true
    }
    for (const finished of sent) finished.isDoubtful = true
    this.#waiting = [...sent, ...this.#waiting]
    this.#sent = []
  }

  /** The store did a step without the one that it refused. */
  #convict(why: unknown): void {
    this.#accusation = null
    const [finished] = this.#waiting as [Finished]
    finished.refusals = (finished.refusals ?? 0) + 1
    if (finished.refusals < REFUSALS_MAX) return
    this.#waiting.shift()
    const { settlement, ms, attempts } = finished
    const { id, task } = settlement
    this.#events.emit('worker.error', { error: why, during: `writing the outcome of ${task}[${id}]` })
    if (finished.isSubstitute) this.#stuck.push(finished)
    else this.#waiting.unshift({ settlement: this.#refused(settlement, why), ms, attempts, ...SUBSTITUTE })
  }

  /** What is written instead of an outcome that cannot be. */
  #refused({ id, claimedAt, task, owner, attempt, options, trace }: Settlement, why: unknown): Settlement {
    const cause = failureOf(why).message
    const error = failure('OUTCOME_REFUSED', new LovageError('OUTCOME_REFUSED', { task, cause }).message)
    const held = { id, claimedAt, task, owner, attempt, ...(options !== undefined && { options }), trace }
    return { ...held, to: 'failed', error, ttlMs: this.#resultTtlMs }
  }

  /** The holds under which outcomes wait here. */
  holds(): Hold[] {
    return this.#all().map(({ settlement: { id, claimedAt } }) => ({ id, claimedAt }))
  }

  /** Others have these jobs now. No step is under way. */
  drop(ids: ReadonlySet<string>): void {
    if (ids.size === 0) return
    const all = this.#all()
    const isKept = ({ settlement }: Finished): boolean => !ids.has(settlement.id)
    if (this.#waiting[0] !== undefined && !isKept(this.#waiting[0])) this.#accusation = null
    this.#waiting = this.#waiting.filter(isKept)
    this.#stuck = this.#stuck.filter(isKept)
    for (const finished of all) if (ids.has(finished.settlement.id)) void this.#tellLost(finished)
  }

  #all(): Finished[] {
    return [...this.#sent.flat(), ...this.#waiting, ...this.#stuck]
  }

  /** Written out rather than spread, as settlements are. */
  #tellWritten({ settlement, ms, attempts }: Finished): void {
    const { id, task, attempt, trace, to } = settlement
    switch (to) {
      case 'succeeded':
        return this.#events.emit('job.succeeded', { id, task, attempt, trace, ms })
      case 'failed':
        return this.#events.emit('job.failed', {
          ...jobOf(settlement),
          ms,
          attempts,
          error: settlement.error,
        })
      case 'retrying': {
        const { error, delayMs } = settlement
        return this.#events.emit('job.retrying', { ...jobOf(settlement), ms, attempts, error, delayMs })
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

const NOTHING: readonly Finished[] = []
const SUBSTITUTE = { isSuspect: true, isDoubtful: true, isSubstitute: true }

const jobOf = ({ id, task, attempt, trace }: Settlement): JobEvent => ({ id, task, attempt, trace })

function charsOf(settlement: Settlement): number {
  if (settlement.to !== 'succeeded') return 0
  return settlement.result.json.length + (settlement.result.meta?.length ?? 0)
}
