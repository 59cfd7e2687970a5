/**
 * Renews leases in time, each three times in its length, until told to stop or told that a session was
 * reaped.
 *
 * A beat looks around as well, once it knows for which queues: it finds work whose wake-up died with another worker, and
 * what is due soon of which nobody has told this one. So an idle worker need not ask for that itself.
 */
import type { Clock } from '@lovage/core'

/** What a beat has seen in the queues of its session. */
export interface Seen {
  work: boolean
  /** ms until the next thing is due; `null`: nothing. */
  nextDueMs: number | null
}

export type Extend = (
  session: string,
  leaseMs: number,
  queues: readonly string[],
) => Promise<{ alive: boolean } & Seen>

const BEATS_PER_LEASE = 3 // two may be late before the lease is lost
/** A long lease is no reason to look around more rarely; `SOON_MS` of the scripts is twice this. */
const BEAT_MAX_MS = 5_000
/** While the server is away: a lease that ran out is lost only when somebody else comes back first. */
const RETRY_MS = 500
/** An answer that took so long came by a second line: the first one was silent, and so may others be. */
const SILENT_MS = 4_000

export interface BeatsOptions {
  extend: Extend
  clock: Clock
  onLost: (session: string) => void
  /** A beat was answered. */
  onBeat?: (session: string, seen: Seen) => void
  /** A beat was not, or not for long; perhaps one that was under way when another loop took over. */
  onSilence?: (session: string, error: unknown) => void
}

export class Beats {
  readonly #options: BeatsOptions
  readonly #cancels = new Map<string, () => void>()
  readonly #queues = new Map<string, readonly string[]>()

  constructor(options: BeatsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#cancels.size
  }

  /** @param atOnce Whether the first beat is now: somebody else may have kept the lease until here. */
  start(session: string, leaseMs: number, atOnce = false): void {
    this.#cancels.get(session)?.()
    this.#beatIn(atOnce ? 0 : beatMs(leaseMs), session, leaseMs)
  }

  /** From now on beats of this session look around in these. */
  look(session: string, queues: readonly string[]): void {
    this.#queues.set(session, queues)
  }

  stop(session: string): void {
    this.#cancels.get(session)?.()
    this.#cancels.delete(session)
    this.#queues.delete(session)
  }

  #beatIn(ms: number, session: string, leaseMs: number): void {
    const beat = (): void => void this.#beat(session, leaseMs, cancel)
    const cancel = this.#options.clock.after(ms, beat, true)
    this.#cancels.set(session, cancel)
  }

  async #beat(session: string, leaseMs: number, mine: () => void): Promise<void> {
    const { extend, onLost, onBeat, onSilence } = this.#options
    const isMine = (): boolean => this.#cancels.get(session) === mine // neither stopped nor started anew meanwhile
    const from = this.#options.clock.now()
    try {
      const { alive, ...seen } = await extend(session, leaseMs, this.#queues.get(session) ?? [])
      const ms = this.#options.clock.now() - from
      if (ms >= SILENT_MS) onSilence?.(session, new Error(`no answer to a beat for ${ms} ms`))
      if (!isMine()) return
      if (alive) {
        this.#beatIn(beatMs(leaseMs), session, leaseMs)
        onBeat?.(session, seen)
      } else {
        this.stop(session)
        onLost(session)
      }
    } catch (error) {
      onSilence?.(session, error)
      if (isMine()) this.#beatIn(Math.min(RETRY_MS, beatMs(leaseMs)), session, leaseMs)
    }
  }
}

const beatMs = (leaseMs: number): number => Math.min(leaseMs / BEATS_PER_LEASE, BEAT_MAX_MS)
