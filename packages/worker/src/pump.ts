/**
 * The heart: settles what is finished and claims for every free slot, both in one step, and one step at a time.
 *
 * It looks once per turn of the event loop, after everything that became ready in that turn, so that a hundred short
 * jobs which end together make one step. A step that got as many jobs as it asked for is followed by another; one
 * that got fewer has emptied the line, and the waiter takes over.
 *
 * While the line is long and its jobs are short, it claims more than there are slots for (`Prefetch`): those run while
 * the next steps are under way, of which there are two then, so that the store need not wait for this process either.
 * What waits here too long all the same goes back to the line.
 */
import { nextTick } from 'node:process'
import {
  type Claimed,
  type Clock,
  Deadlines,
  type Hold,
  isLovageError,
  LovageError,
  STEP_MAX,
  type StepReply,
  type Store,
} from '@lovage/core'
import type { Attempts } from './attempts.ts'
import type { Outbox } from './outbox.ts'
import type { Prefetch } from './prefetch.ts'
import { Ready } from './ready.ts'
import type { Releases } from './releases.ts'
import type { Session } from './session.ts'
import type { Share, Slots } from './slots.ts'
import type { Ticks } from './ticks.ts'
import type { Waiter } from './waiter.ts'

/** A step takes a millisecond or two; whatever has not answered after this has an unknown fate. */
const STEP_TIMEOUT_MS = 10_000
/** A job that has waited here for so long would have started elsewhere. */
const READY_MAX_MS = 50
/** So much room is worth a step by itself, which costs as much as some ten jobs; less waits for what ends meanwhile. */
const WORTH_A_STEP = STEP_MAX / 2
/** So many are under way while jobs are claimed ahead: the store has the next one when it is done with one. */
const STEPS_MAX = 2
const NO_HOLDS: readonly Hold[] = []
const NO_RELEASES: readonly string[] = []

export interface PumpOptions {
  store: Store
  clock: Clock
  session: Session
  attempts: Attempts
  slots: Slots
  prefetch: Prefetch
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
  /** Claimed ahead. */
  readonly #ready = new Ready()
  readonly #overdue: Deadlines
  readonly #late: Deadlines
  readonly #share: Share
  /** The queues, once with each of them first. */
  readonly #rounds: readonly (readonly string[])[]
  #round = 0
  /** Under way. */
  #steps: readonly Step[] = [] // few: a Set's dead tables would keep one another, and what was in them (core's `fresh-map.ts`)
  #isScheduled = false
  /** A step is to be made even if there is nothing to settle. */
  #isWoken = false
  /** The line was found empty, and has been listened to since. */
  #isSated = false
  /** The last step found nothing, and whatever has come since was handed. */
  #isCalm = false
  /** The last step got as many jobs as it asked for: more wait in line. */
  #isLineLong = false
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
    this.#overdue = new Deadlines(options.clock, (now) => this.#returnOverdue(now))
    this.#late = new Deadlines(options.clock, (now) => this.#giveUpLate(now))
  }

  /** When a step was last answered: the sign of life. */
  get lastStepAt(): number | null {
    return this.#lastStepAt
  }

  /** Nothing runs, and nothing is left to be written. */
  get isIdle(): boolean {
    const { attempts, outbox } = this.#options
    return this.#steps.length === 0 && attempts.size === 0 && outbox.size === 0
  }

  /** There may be work. */
  readonly wake = (): void => {
    this.#isSated = false
    this.#isCalm = false
    this.#isWoken = true
    this.#schedule()
  }

  /** A job has left its slot, or its outcome is to be written. */
  readonly ended = (): void => {
    this.#fill()
    this.#isWoken = true
    this.#schedule()
    this.#share.changed()
  }

  /** The session holds these jobs, for which it has not asked. */
  handed(jobs: readonly Claimed[]): void {
    this.#isLineLong = false
    this.#begin(jobs, this.#options.clock.now())
    this.#schedule()
    this.#share.changed()
  }

  /** Something that was told may not have been heard: the next step asks about every hold. */
  verify(): void {
    this.#mustVerify = true
    this.wake()
  }

  /** The store says that somebody cancelled it. Answers whether it was one of those that wait here. */
  cancelled(id: string): boolean {
    return this.#forget([id])
  }

  /** Claims nothing more; goes on settling. */
  drain(): void {
    this.#isDraining = true
    this.#handBack()
    this.wake()
  }

  /** The session under which steps may be under way is over. */
  abandon(refusal?: { why: unknown }): void {
    const { outbox, releases } = this.#options
    for (const step of this.#steps) releases.putBack(step.release)
    this.#steps = []
    this.#isSated = false
    this.#ready.clear() // nobody claims to have them when the next session takes over: they go back to the line
    this.#reserve()
    this.#share.changed()
    outbox.putBack(refusal)
  }

  close(): void {
    this.abandon()
    this.#due.close()
    this.#overdue.close()
    this.#late.close()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#steps.length > 0) return
    this.#isScheduled = true
    // After all promises that are settled in this turn: not setImmediate, which would add a turn to every job.
    nextTick(() => {
      this.#isScheduled = false
      this.#look()
    })
  }

  #look(): void {
    const { session, outbox, releases, waiter, onDrained } = this.#options
    if (this.#steps.length > 0) return
    this.#fill()
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
    const sent = outbox.take()
    const claim = isSearching ? 0 : this.#claimable()
    const queues = this.#rounds[this.#round] as readonly string[]
    this.#round = (this.#round + 1) % this.#rounds.length
    const verify = this.#mustVerify ? [...attempts.holds(), ...this.#ready.holds()] : NO_HOLDS
    waiter.want('nothing')
    const step: Step = {
      sent,
      claim,
      slots: Math.min(claim, this.#openSlots()),
      release: isSearching ? NO_RELEASES : releases.take(),
      isVerifying: this.#mustVerify,
      lateAt: clock.now() + STEP_TIMEOUT_MS,
    }
    this.#steps = [...this.#steps, step]
    this.#late.watch(step.lateAt)
    this.#reserve()
    this.#isWoken = isSearching // it claims afterwards
    this.#mustVerify = false
    const settle = sent.map(({ settlement }) => settlement)
    const isIdle = claim > 0 && this.#share.isUnused && this.#ready.size === 0 && this.#steps.length === 1
    store.step({ session, settle, claim, queues, release: step.release, verify, announce, isIdle }).then(
      (reply) => this.#answered(step, reply),
      (error: unknown) => this.#failed(step, error),
    )
    // Most likely it finds nothing again: the next job need not wait for its answer.
    if (isIdle && this.#isCalm) waiter.want('work')
  }

  /** Slots for which no job is here, nor claimed by a step under way. */
  #openSlots(): number {
    return Math.max(0, this.#share.free - this.#ready.size)
  }

  /** How many jobs a step may claim now. */
  #claimable(): number {
    if (this.#isDraining) return 0
    const { attempts, prefetch } = this.#options
    let room = this.#share.free - this.#ready.size
    for (const { claim, slots } of this.#steps) room -= claim - slots
    if (this.#isLineLong && !attempts.isAnyFragile) room += prefetch.room
    return Math.min(Math.max(0, room), STEP_MAX)
  }

  /** Keeps the slots that steps under way claim for. */
  #reserve(): void {
    let count = 0
    for (const { slots } of this.#steps) count += slots
    this.#share.reserve(count)
  }

  #answered(step: Step, reply: StepReply): void {
    if (!this.#steps.includes(step)) return
    this.#steps = this.#steps.filter((other) => other !== step)
    const { clock, session, attempts, outbox, ticks } = this.#options
    this.#reserve()
    this.#lastStepAt = clock.now()
    if (!reply.alive) return session.reaped()
    session.fine()
    outbox.confirm(step.sent, reply.lost)
    if (step.isVerifying) {
      this.#forget(reply.lost)
      attempts.fenced(reply.lost)
    }
    if (reply.ticks.length > 0) ticks.fire(reply.ticks)
    if (reply.nextDueMs !== null) this.#due.watch(this.#lastStepAt + reply.nextDueMs)
    // While some slots are free still, the line may hold more.
    if (step.claim > 0) this.#isSated = reply.claimed.length < step.claim
    this.#isLineLong = step.claim > 0 && !this.#isSated
    this.#isCalm = step.claim > 0 && reply.claimed.length === 0
    this.#begin(reply.claimed, this.#lastStepAt)
    this.#schedule()
    this.#share.changed()
  }

  #begin(claimed: readonly Claimed[], now: number): void {
    const { session, attempts, prefetch } = this.#options
    this.#ready.put(claimed, now)
    const isFragile = claimed.some((one) => attempts.isFragile(one))
    if (isFragile) prefetch.doubt()
    // The next steps go first, where there is enough for them to do: the jobs that are here can run while they are under way.
    while (
      this.#steps.length < STEPS_MAX &&
      this.#isLineLong &&
      this.#claimable() >= WORTH_A_STEP &&
      session.id !== null
    )
      this.#makeStep(session.id)
    this.#fill()
    const { since } = this.#ready
    if (since === null) return
    if (isFragile || this.#isDraining) this.#handBack()
    else this.#overdue.watch(since + READY_MAX_MS)
  }

  /** A slot for each that there is one for. */
  #fill(): void {
    while (this.#ready.size > 0 && this.#share.free > 0)
      this.#options.attempts.start(this.#ready.take() as Claimed)
  }

  /** What waits here for a slot goes back to the head of the line. */
  #handBack(): void {
    const { session, store } = this.#options
    const holds = this.#ready.holds()
    this.#ready.clear()
    const { id } = session
    if (holds.length === 0 || id === null) return
    store.handBack(id, holds).catch((error: unknown) => {
      if (id === session.id) this.#broken(error)
    })
  }

  #returnOverdue(now: number): number {
    const { since } = this.#ready
    if (since === null) return Number.POSITIVE_INFINITY
    if (since + READY_MAX_MS > now) return since + READY_MAX_MS
    this.#options.prefetch.doubt()
    this.#handBack()
    return Number.POSITIVE_INFINITY
  }

  /** Those that wait here are not this worker's any more. Answers whether there were any. */
  #forget(ids: readonly string[]): boolean {
    const gone = this.#ready.size === 0 ? [] : this.#ready.drop(ids)
    for (const id of gone) this.#options.releases.put(id) // a limit may count it still
    if (gone.length > 0) this.#schedule()
    return gone.length > 0
  }

  #giveUpLate(now: number): number {
    const cause = `no answer in ${STEP_TIMEOUT_MS / 1000} s`
    let next = Number.POSITIVE_INFINITY
    for (const step of this.#steps) {
      if (step.lateAt > now) next = Math.min(next, step.lateAt)
      else
        this.#failed(step, new LovageError('STORE_UNAVAILABLE', { store: this.#options.store.name, cause }))
    }
    return next
  }

  #failed(step: Step, error: unknown): void {
    if (this.#steps.includes(step)) this.#broken(error)
  }

  /** What became of a call is not known, or the store refused it: the next session takes over. */
  #broken(error: unknown): void {
    const isAway = isLovageError(error, 'STORE_UNAVAILABLE') || isLovageError(error, 'CLOSED')
    this.abandon(isAway ? undefined : { why: error })
    this.#options.session.broken(error)
  }
}

/** A step under way. Its answer counts only as long as it is among the pump's. */
interface Step {
  sent: ReturnType<Outbox['take']>
  claim: number
  /** Of those that it claims so many have a slot. */
  slots: number
  release: readonly string[]
  /** It asks about the holds of running jobs; otherwise what comes back as lost are outcomes. */
  isVerifying: boolean
  /** When its fate counts as unknown. */
  lateAt: number
}
