/**
 * Listens to the store between steps, one wait at a time.
 *
 * While slots are free and the line is empty it waits for work. While all slots are taken it must not do that, since
 * it would eat the one wake-up that an idle worker needs; then it hears cancels alone, and only after the slots have
 * been full for a moment, because most jobs are shorter than it takes to change from one wait to the other.
 */
import { backoffMs, type Claimed, type Clock, OVER, type Store, type Wake } from '@lovage/core'
import { STORE_BACKOFF } from './store-backoff.ts'

export type Want =
  /** Slots are free and the line is empty. */
  | 'work'
  /** All slots are taken, or the worker drains. */
  | 'cancels'
  /** A step will tell. A wait that is under way goes on. */
  | 'nothing'

/** A worker steps at least this often. Stores see to it that nobody needs that to hear of work; it is a sign of life. */
const SILENCE_MAX_MS = 30_000
/** How many of these signs a probe may miss. */
const SIGNS = 4
/** About as long as ending one wait and beginning another takes on a busy connection, many times over. */
const FULL_FOR_MS = 25

const NOTHING: readonly Claimed[] = []

export interface WaiterOptions {
  store: Store
  clock: Clock
  /** After this a probe takes the worker for dead. */
  maxSilenceMs: number
  random: () => number
  /** `null` while there is none. */
  session: () => string | null
  /** Step: there may be work. */
  onWork: () => void
  onCancelled: (cancelled: Wake['cancelled'][number]) => void
  /** This session holds these jobs now. */
  onHanded: (handed: readonly Claimed[]) => void
  /** A wait was rejected, and what it would have told is lost. */
  onFailed: (cause: unknown) => void
}

export class Waiter {
  readonly #options: WaiterOptions
  #wanted: Want = 'nothing'
  #current: { work: boolean; controller: AbortController } | null = null
  /** Serves all waits until one is ended by it: most are not, and to make one takes as long as the rest of a wait. */
  #controller = new AbortController()
  #cancelPause: (() => void) | null = null
  #failures = 0

  constructor(options: WaiterOptions) {
    this.#options = options
  }

  want(wanted: Want): void {
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    // A pause after a failure is left to end by itself: what is wanted then counts.
    if (this.#failures === 0) this.#endPause()
    if (wanted === 'nothing') return
    if (this.#current !== null) {
      if (this.#current.work !== (wanted === 'work')) this.#current.controller.abort(OVER)
    } else if (this.#cancelPause === null) this.#next()
  }

  /** Forgets the wait of a session that is over. */
  reset(): void {
    this.#wanted = 'nothing'
    this.#failures = 0
    this.#endPause()
    this.#current?.controller.abort(OVER)
    this.#current = null
  }

  /** What was wanted may have changed while a wait ran. */
  #next(): void {
    if (this.#wanted === 'work') this.#wait(true)
    else if (this.#wanted === 'cancels') this.#pause(FULL_FOR_MS)
  }

  #pause(ms: number): void {
    this.#cancelPause = this.#options.clock.after(ms, () => {
      this.#cancelPause = null
      if (this.#wanted !== 'nothing') this.#wait(this.#wanted === 'work')
    })
  }

  #endPause(): void {
    this.#cancelPause?.()
    this.#cancelPause = null
  }

  #wait(work: boolean): void {
    const { store, maxSilenceMs, onWork, onCancelled, onHanded } = this.#options
    const session = this.#options.session()
    if (session === null) return
    if (this.#controller.signal.aborted) this.#controller = new AbortController()
    const current = { work, controller: this.#controller }
    this.#current = current
    const { signal } = current.controller
    const timeoutMs = Math.min(SILENCE_MAX_MS, Math.ceil(maxSilenceMs / SIGNS))
    store.wait(session, { work, timeoutMs, signal }).then(
      (wake) => {
        const { handed = NOTHING } = wake
        // They are told to the session that holds them: what an earlier one never heard of has gone back to the line.
        if (handed.length > 0 && session === this.#options.session()) onHanded(handed)
        for (const cancelled of wake.cancelled) onCancelled(cancelled)
        // Even of a wait that was ended: the wake-up that it took is gone for everybody else.
        if (wake.work) onWork()
        if (this.#current !== current) return
        this.#current = null
        this.#failures = 0
        if (signal.aborted || (wake.cancelled.length > 0 && !wake.work)) return this.#next()
        this.#wanted = 'nothing' // until the step has told how things are
        if (!wake.work && handed.length === 0) onWork() // nothing was heard for so long that it is better to look
      },
      (error: unknown) => {
        if (this.#current !== current) return
        this.#current = null
        if (signal.aborted) return this.#next()
        this.#failures += 1
        this.#pause(backoffMs(STORE_BACKOFF, this.#failures, this.#options.random))
        this.#options.onFailed(error)
      },
    )
  }
}
