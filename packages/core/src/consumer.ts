/** A durable consumer: one loop that shares the notices of its group with others, and acks each. */
import { backoffMs, type Growth } from './backoff.ts'
import { type Clock, sleep } from './clock.ts'
import type { Cursor } from './cursor.ts'
import type { DeliveredNotice, GapNotice } from './delivery.ts'
import { type Duration, durationMs } from './duration.ts'
import { LovageError } from './errors.ts'
import type { JobNotice, JobNoticeType } from './notice.ts'
import type { Named } from './tasks.ts'

export interface ConsumeOptions<Name extends string = string, Type extends JobNoticeType = JobNoticeType> {
  /** Only these tasks. Default: all. It is the group's filter: all its members go by what the last one asked for. */
  tasks?: readonly Name[]
  /** Only these types. Default: all. */
  types?: readonly Type[]
  /**
   * Where a new group begins: `'new'`, what is written from now on; `'start'`, the oldest that is kept; or a cursor. A
   * group that is there already goes on where it was. Default `'new'`.
   */
  from?: Cursor | 'start' | 'new'
  /** After how long without an ack a notice is delivered again. From 1 s to 24 h. Default 30 s. */
  ackWait?: Duration
  /** After how many deliveries without an ack a notice becomes a dead letter. From 1 to 1,000. Default 5. */
  maxDeliveries?: number
  /** How many notices this loop may have that are not acked, those that wait for it included. Up to 1,000. Default 100. */
  window?: number
  signal?: AbortSignal
}

/**
 * What an ack came to. `acked`: nobody will be given this notice again. `late`: it has been delivered again meanwhile,
 * and this ack changed nothing.
 */
export interface AckOutcome {
  outcome: 'acked' | 'late'
}

interface Consumed {
  /** How often it was delivered, this time included. */
  readonly deliveries: number
  /**
   * Says that it is dealt with. Until then it is delivered again, and again. Acking twice is acking once.
   *
   * @throws LovageError `STORE_UNAVAILABLE`, `DISCONNECTED` when nobody could be told within `ackWait`
   */
  ack(): Promise<AckOutcome>
}

/** The notices of a consumer of some tasks and types. A `gap` is to be acked as well. */
export type ConsumedOf<Tasks, Type extends JobNoticeType = JobNoticeType> =
  | (Tasks extends Named<infer Name, infer T>
      ? Extract<JobNotice<T, Name>, { type: Type }> & Consumed
      : never)
  | (GapNotice & Consumed)

/** What a consumer needs from whoever delivers to it, as one member. */
export interface ConsumerSource {
  /** Whatever may have come before is delivered again with the same token. */
  deliveries(signal: AbortSignal): AsyncIterable<DeliveredNotice>
  /** For each token, whether nobody will be given that notice again. May be repeated. */
  ack(tokens: readonly string[]): Promise<boolean[]>
  /** Ends the member. What it holds goes to others; what is not among `seen` was not looked at. */
  release(seen: readonly string[]): Promise<void>
  /** Whether an ack that failed so may succeed later. */
  mayPass(error: unknown): boolean
}

/** Tokens that are remembered after their ack: a delivery that crossed it on the way is dropped. */
const REMEMBERED = 2_000
const ACK_WAIT_MS = 30_000
const ACK_WAIT_MIN_MS = 1_000
const ACK_WAIT_MAX_MS = 86_400_000
const BETWEEN_FAILURES: Growth = { type: 'exponential', firstMs: 100, maxMs: 2_000 }

export interface ConsumerParts {
  ackWaitMs: number
  clock: Clock
  random: () => number
  signal: AbortSignal
}

type AnyConsumed = ConsumedOf<Named>

/** How long a notice may wait for its ack, in ms. @throws LovageError `OPTION_INVALID` */
export function ackWaitMsOf({ ackWait = ACK_WAIT_MS }: Pick<ConsumeOptions, 'ackWait'>): number {
  const ms = durationMs(ackWait, 'ackWait')
  if (ms >= ACK_WAIT_MIN_MS && ms <= ACK_WAIT_MAX_MS) return ms
  throw new LovageError('OPTION_INVALID', {
    option: 'ackWait',
    seen: String(ackWait),
    expected: 'from 1s to 24h',
  })
}

/** The loop itself. It ends when it is left or the signal is aborted; what it holds then is free for others at once. */
export async function* consumeFrom(
  source: ConsumerSource,
  parts: ConsumerParts,
): AsyncGenerator<AnyConsumed, void, undefined> {
  const held = new Set<string>()
  const acks = new Acks(source, parts, (token) => held.delete(token))
  try {
    for await (const delivered of source.deliveries(parts.signal)) {
      if (delivered.type === 'ready') continue
      const { token, ...notice } = delivered
      if (held.has(token) || acks.knows(token)) continue
      held.add(token)
      yield { ...notice, ack: () => acks.ack(token) }
    }
  } finally {
    // Where nobody can be told now, they are delivered again after `ackWait`.
    await source.release([...held]).catch(() => {})
  }
}

/** Acks of one tick travel together; one that may succeed later is tried until it would be late. */
class Acks {
  readonly #source: ConsumerSource
  readonly #parts: ConsumerParts
  readonly #onSettled: (token: string) => void
  readonly #known = new Map<string, Promise<AckOutcome>>()
  #batch: { tokens: string[]; answer: Promise<boolean[]> } | undefined

  constructor(source: ConsumerSource, parts: ConsumerParts, onSettled: (token: string) => void) {
    this.#source = source
    this.#parts = parts
    this.#onSettled = onSettled
  }

  knows(token: string): boolean {
    return this.#known.has(token)
  }

  ack(token: string): Promise<AckOutcome> {
    let outcome = this.#known.get(token)
    if (outcome === undefined) {
      outcome = this.#send(token)
      this.#known.set(token, outcome)
      outcome.catch(() => this.#known.delete(token)) // whoever asks again tries again
      for (const old of this.#known.keys()) {
        if (this.#known.size <= REMEMBERED) break
        this.#known.delete(old)
      }
    }
    return outcome
  }

  async #send(token: string): Promise<AckOutcome> {
    if (this.#batch === undefined) {
      const tokens: string[] = []
      this.#batch = { tokens, answer: Promise.resolve().then(() => this.#flush(tokens)) }
    }
    const { tokens, answer } = this.#batch
    const place = tokens.push(token) - 1
    const isSettled = (await answer)[place] as boolean
    this.#onSettled(token)
    return { outcome: isSettled ? 'acked' : 'late' }
  }

  async #flush(tokens: readonly string[]): Promise<boolean[]> {
    this.#batch = undefined
    const { clock, random, ackWaitMs, signal } = this.#parts
    const until = clock.now() + ackWaitMs
    for (let failures = 1; ; failures++) {
      try {
        return await this.#source.ack(tokens)
      } catch (error) {
        if (!this.#source.mayPass(error) || clock.now() >= until || signal.aborted) throw error
        await sleep(clock, backoffMs(BETWEEN_FAILURES, failures, random), signal)
      }
    }
  }
}
