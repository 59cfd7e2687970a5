/**
 * The heart: settles what is finished and claims for every free slot, both in one step, one step at a time.
 *
 * It looks once per turn of the event loop, after everything that became ready in that turn, so that a hundred short
 * jobs which end together make one step. A step that got as many jobs as it asked for is followed by another; one
 * that got fewer has emptied the line, and the waiter takes over.
 */
import {
  type Clock,
  type Hold,
  isLovageError,
  LovageError,
  STEP_MAX,
  type StepReply,
  type Store,
} from '@lovage/core'
import type { Attempts } from './attempts.ts'
import { Deadlines } from './deadlines.ts'
import type { Outbox } from './outbox.ts'
import type { Releases } from './releases.ts'
import type { Session } from './session.ts'
import type { Share, Slots } from './slots.ts'
import type { Ticks } from './ticks.ts'
import type { Waiter } from './waiter.ts'

/** A step takes a millisecond or two; whatever has not answered after this has an unknown fate. */
const STEP_TIMEOUT_MS = 10_000
const NO_HOLDS: readonly Hold[] = []
const NO_RELEASES: readonly string[] = []

export interface PumpOptions {
  store: Store
  clock: Clock
  session: Session
  attempts: Attempts
  slots: Slots
  outbox: Outbox
  releases: Releases
  ticks: Ticks
  waiter: Waiter
  /** That it claims from. They take turns in being asked first, a step each, so that none starves the others. */
  queues: readonly string[]
  /** Tasks whose claims write a `started` notice. */
  announce: ReadonlySet<string>
  /** While it drains: nothing runs any more, and all is written. */
  onDrained: () => void
}

export class Pump {
  readonly #options: PumpOptions
  readonly #due: Deadlines
  readonly #share: Share
  /** The queues, once with each of them first. */
  readonly #rounds: readonly (readonly string[])[]
  #round = 0
  #step: Step | null = null
  #isScheduled = false
  /** A step is to be made even if there is nothing to settle. */
  #isWoken = false
  /** The line was found empty, and has been listened to since. */
  #isSated = false
  #mustVerify = false
  #isDraining = false
  #lastStepAt: number | null = null

  constructor(options: PumpOptions) {
    this.#options = options
    const { queues, slots, session, attempts } = options
    this.#share = slots.share({
      taken: () => attempts.size,
      isHungry: () => !this.#isSated && !this.#isDraining && session.id !== null,
      onChange: () => this.#schedule(),
    })
    this.#rounds = queues.map((_, first) => [...queues.slice(first), ...queues.slice(0, first)])
    this.#due = new Deadlines(options.clock, () => {
      this.wake()
      return Number.POSITIVE_INFINITY
    })
  }

  /** When a step was last answered: the sign of life. */
  get lastStepAt(): number | null {
    return this.#lastStepAt
  }

  /** Nothing runs, and nothing is left to be written. */
  get isIdle(): boolean {
    return this.#step === null && this.#options.attempts.size === 0 && this.#options.outbox.size === 0
  }

  /** There may be work. */
  readonly wake = (): void => {
    this.#isSated = false
    this.#isWoken = true
    this.#schedule()
  }

  /** A job has left its slot, or its outcome is to be written. */
  readonly ended = (): void => {
    this.#isWoken = true
    this.#schedule()
    this.#share.changed()
  }

  /** Something that was told may not have been heard: the next step asks about every hold. */
  verify(): void {
    this.#mustVerify = true
    this.wake()
  }

  /** Claims nothing more; goes on settling. */
  drain(): void {
    this.#isDraining = true
    this.wake()
  }

  /** The session under which a step may be under way is over. */
  abandon(refusal?: { why: unknown }): void {
    this.#step?.cancelTimeout()
    this.#step = null
    this.#isSated = false
    this.#share.reserve(0)
    this.#share.changed()
    this.#options.outbox.putBack(refusal)
    this.#options.releases.putBack()
  }

  close(): void {
    this.abandon()
    this.#due.close()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#step !== null) return
    this.#isScheduled = true
    // After all promises that are settled in this turn: not setImmediate, which would add a turn to every job.
    process.nextTick(() => {
      this.#isScheduled = false
      this.#look()
    })
  }

  #look(): void {
    const { session, outbox, releases, waiter, onDrained } = this.#options
    if (this.#step !== null) return
    if (this.#isDraining && this.isIdle) return onDrained()
    if (session.id === null) return
    const { isFull } = this.#share
    // Nobody listens to the line then, of whichever partition the jobs are.
    if (isFull) this.#isSated = false
    const isDue = !this.#isSated && !this.#isDraining && this.#share.free > 0
    if (this.#isWoken || isDue || outbox.isWaiting || releases.isWaiting) return this.#makeStep(session.id)
    waiter.want(this.#isDraining || isFull ? 'cancels' : 'work')
  }

  #makeStep(session: string): void {
    const { store, clock, attempts, outbox, releases, waiter, announce } = this.#options
    const { isSearching } = outbox
    const settle = outbox.take()
    const claim = this.#isDraining || isSearching ? 0 : Math.min(this.#share.free, STEP_MAX)
    this.#share.reserve(claim)
    const release = isSearching ? NO_RELEASES : releases.take()
    const queues = this.#rounds[this.#round] as readonly string[]
    this.#round = (this.#round + 1) % this.#rounds.length
    const verify = this.#mustVerify ? attempts.holds() : NO_HOLDS
    waiter.want('nothing')
    const cause = `no answer in ${STEP_TIMEOUT_MS / 1000} s`
    const late = (): void =>
      this.#failed(step, new LovageError('STORE_UNAVAILABLE', { store: store.name, cause }))
    const step: Step = { isVerifying: this.#mustVerify, cancelTimeout: clock.after(STEP_TIMEOUT_MS, late) }
    this.#step = step
    this.#isWoken = isSearching // it claims afterwards
    this.#mustVerify = false
    store.step({ session, settle, claim, queues, release, verify, announce }).then(
      (reply) => this.#answered(step, claim, reply),
      (error: unknown) => this.#failed(step, error),
    )
  }

  #answered(step: Step, claim: number, reply: StepReply): void {
    if (this.#step !== step) return
    const { clock, session, attempts, outbox, releases, ticks } = this.#options
    step.cancelTimeout()
    this.#step = null
    this.#share.reserve(0)
    this.#lastStepAt = clock.now()
    if (!reply.alive) return session.reaped()
    session.fine()
    releases.confirm()
    outbox.confirm(reply.lost)
    if (step.isVerifying) attempts.fenced(reply.lost)
    for (const claimed of reply.claimed) attempts.start(claimed)
    if (reply.ticks.length > 0) ticks.fire(reply.ticks)
    if (reply.nextDueMs !== null) this.#due.watch(this.#lastStepAt + reply.nextDueMs)
    // While some slots are free still, the line may hold more.
    if (claim > 0) this.#isSated = reply.claimed.length < claim
    this.#schedule()
    this.#share.changed()
  }

  #failed(step: Step, error: unknown): void {
    if (this.#step !== step) return
    const isAway = isLovageError(error, 'STORE_UNAVAILABLE') || isLovageError(error, 'CLOSED')
    this.abandon(isAway ? undefined : { why: error })
    this.#options.session.broken(error)
  }
}

/** A step under way. Its answer counts only while it is the pump's step still. */
interface Step {
  /** It asks about the holds of running jobs; otherwise what comes back as lost are outcomes. */
  isVerifying: boolean
  cancelTimeout: () => void
}
