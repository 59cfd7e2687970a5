/**
 * This worker's presence in the store: joined, kept alive, and joined anew when something came between.
 *
 * ```
 * joining ─▶ joined ─▶ broken (a step without an answer, or a lease that ran out) ─▶ joining …
 * ```
 * A step whose answer never came may still happen. So the next session has a new id: the old one can claim no more,
 * and what it claimed unheard goes back to the line.
 */
import { randomBytes } from 'node:crypto'
import {
  backoffMs,
  type Clock,
  type Hold,
  isLovageError,
  sleep,
  type Store,
  type WorkerInfo,
} from '@lovage/core'
import type { Events } from './events.ts'
import { failureOf } from './failure.ts'
import { STORE_BACKOFF } from './store-backoff.ts'

export interface SessionOptions {
  store: Store
  clock: Clock
  random: () => number
  events: Events
  /** First part of the session's id. */
  name: string
  info: WorkerInfo
  leaseMs: number
  /** Tells the store what must stand before a job is claimed. */
  prepare: (isFirst: boolean) => Promise<void>
  /** Every hold that this worker believes in: of running jobs and of outcomes not yet written. */
  holds: () => Hold[]
  /** Steps and waits may begin. `lost`: holds that are no longer true. */
  onJoined: (lost: ReadonlySet<string>) => void
  /** Steps and waits of this session are void. `isReaped`: so are all holds. */
  onBroken: (isReaped: boolean) => void
}

export class Session {
  readonly #options: SessionOptions
  readonly #closing = new AbortController()
  #id: string
  #isJoined = false
  /** The session before, until this one has taken over from it. */
  #replaced: string | null = null
  /** In a row, since a step was last answered. */
  #failures = 0
  #troubleSince: number | null = null
  #stopKeepAlive: (() => Promise<void>) | null = null
  /** What is under way to join: who leaves waits for it, lest the session comes after its own end. */
  #joining: Promise<unknown> = Promise.resolve()

  constructor(options: SessionOptions) {
    this.#options = options
    this.#id = this.#newId()
  }

  /** `null` while there is none. */
  get id(): string | null {
    return this.#isJoined ? this.#id : null
  }

  get isInTrouble(): boolean {
    return this.#troubleSince !== null
  }

  /**
   * Joins for the first time, however long the store takes to be there. Answers `false` when it was left before.
   *
   * @throws LovageError `STORE_UNSUPPORTED`, `INPUT_INVALID`, `OPTION_INVALID` of a schedule
   */
  async start(): Promise<boolean> {
    const { store, leaseMs, info, prepare } = this.#options
    let isChecked = false
    const joined = await this.#untilDone(async () => {
      if (!isChecked) await this.#check()
      isChecked = true
      await prepare(true)
      if (this.#closing.signal.aborted) return undefined
      await store.join({ session: this.#id, leaseMs, info })
      return true
    }, isMistake)
    if (joined === undefined) return false
    this.#joined(new Set())
    return true
  }

  async #check(): Promise<void> {
    const { store, events } = this.#options
    let warnings: string[]
    try {
      warnings = await store.check()
    } catch (error) {
      if (isLovageError(error)) throw error
      // Such as a user who may not ask for the settings: no reason not to work.
      warnings = [`The settings of ${store.name} could not be checked: ${causeOf(error)}.`]
    }
    for (const message of warnings) events.emit('worker.warning', { message })
  }

  /** The store did not do what it was asked. Told once, until `fine`. */
  trouble(cause: unknown): void {
    if (this.#troubleSince !== null || this.#closing.signal.aborted) return
    const { store, clock, events, holds } = this.#options
    this.#troubleSince = clock.now()
    events.emit('worker.disconnected', { store: store.name, cause: causeOf(cause), running: holds().length })
  }

  /** The store did. */
  fine(): void {
    this.#failures = 0
    this.#troubleIsOver(0)
  }

  /** A step was not answered: whether it happened is unknown. */
  broken(cause: unknown): void {
    if (!this.#isJoined || this.#closing.signal.aborted) return
    this.trouble(cause)
    this.#rejoin(false)
  }

  /** The lease ran out before it was renewed, and the jobs of this session are others' now. */
  reaped(): void {
    if (!this.#isJoined || this.#closing.signal.aborted) return
    const { clock, events, holds, leaseMs } = this.#options
    this.#troubleSince ??= clock.now()
    events.emit('worker.expired', { session: this.#id, leaseMs, lost: holds().length })
    this.#rejoin(true)
  }

  /** Hands back whatever is held still. Answers how many jobs went back. */
  async leave(): Promise<number> {
    const { store } = this.#options
    this.#closing.abort()
    this.#isJoined = false
    const stopped = this.#stopKeeping() // may take its thread a while, for which no job should wait
    await this.#joining.catch(() => {})
    const sessions = [this.#id, this.#replaced].filter((id) => id !== null)
    const left = await Promise.all(sessions.map((id) => store.leave(id)))
    await stopped
    return left.reduce((sum, { returned }) => sum + returned, 0)
  }

  #rejoin(isReaped: boolean): void {
    this.#isJoined = false
    this.#failures += 1
    void this.#stopKeeping()
    this.#options.onBroken(isReaped)
    this.#replaced = this.#id
    this.#id = this.#newId()
    void this.#replace(this.#replaced)
  }

  async #replace(replaced: string): Promise<void> {
    const { store, leaseMs, info, prepare, holds } = this.#options
    // Under one id however often it is tried: a join whose answer was lost may have moved the holds already.
    const session = this.#id
    const joined = await this.#untilDone(async () => {
      await prepare(false)
      if (this.#closing.signal.aborted) return undefined
      return await store.join({ session, leaseMs, info, replaces: { session: replaced, holds: holds() } })
    })
    if (joined !== undefined) this.#joined(new Set(joined.lost))
  }

  #joined(lost: ReadonlySet<string>): void {
    if (this.#closing.signal.aborted) return
    const { store, leaseMs, onJoined } = this.#options
    const id = this.#id
    this.#isJoined = true
    this.#replaced = null
    this.#stopKeepAlive = store.keepAlive(id, {
      leaseMs,
      onLost: () => {
        if (id === this.id) this.reaped()
      },
    })
    this.#troubleIsOver(lost.size)
    onJoined(lost)
  }

  #troubleIsOver(lost: number): void {
    if (this.#troubleSince === null) return
    const { store, clock, events } = this.#options
    const ms = clock.now() - this.#troubleSince
    this.#troubleSince = null
    events.emit('worker.rejoined', { session: this.#id, store: store.name, ms, lost })
  }

  /** Tries until it is done, ever more slowly; `undefined` when the session is left before. */
  async #untilDone<T>(
    act: () => Promise<T | undefined>,
    isFinal = (_error: unknown) => false,
  ): Promise<T | undefined> {
    const { clock, random } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      if (this.#failures > 1) await sleep(clock, backoffMs(STORE_BACKOFF, this.#failures - 1, random), signal)
      if (signal.aborted) break
      try {
        const acting = act()
        this.#joining = acting
        return await acting
      } catch (error) {
        if (isFinal(error)) throw error
        this.#failures += 1
        this.trouble(error)
      }
    }
    return undefined
  }

  async #stopKeeping(): Promise<void> {
    const stop = this.#stopKeepAlive
    this.#stopKeepAlive = null
    await stop?.().catch(() => {}) // it was of no more use anyway
  }

  #newId(): string {
    return `${this.#options.name}:${randomBytes(6).toString('hex')}`
  }
}

/** What no waiting mends. */
const isMistake = (error: unknown): boolean =>
  isLovageError(error, 'STORE_UNSUPPORTED') ||
  isLovageError(error, 'INPUT_INVALID') ||
  isLovageError(error, 'OPTION_INVALID')

const causeOf = (error: unknown): string =>
  isLovageError(error, 'STORE_UNAVAILABLE') ? error.details.cause : failureOf(error).message
