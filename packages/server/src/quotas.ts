/** How much one owner may ask of an API: calls and jobs for a stretch of time, and subscriptions at once. */
import { durationMs, LovageError, type RateLimit, refused } from '@lovage/core'
import { RateLimiterMemory } from 'rate-limiter-flexible'

/**
 * Counts by key, and rejects with `{ msBeforeNext }` beyond its limit: every limiter of `rate-limiter-flexible` is one,
 * those that count on Redis for all processes together among them.
 */
export interface Limiter {
  consume(key: string, points: number): Promise<unknown>
}

/** A rate is counted in this process alone, in windows that begin with the first call; a limiter counts as it does. */
export interface QuotaOptions {
  /** Calls of every kind; a subscription is one when it begins. */
  calls?: RateLimit | Limiter
  /** Jobs that are enqueued, however many come in one call; failed ones that are run again among them. */
  jobs?: RateLimit | Limiter
  /** Subscriptions at the same time, on all connections to this process together. */
  subscriptions?: number
}

/** All callers of a public router count as one. */
const EVERYBODY = ''

export class Quotas {
  readonly #calls: Limiter | undefined
  readonly #jobs: Limiter | undefined
  readonly #maxSubscriptions: number
  readonly #subscriptions = new Map<string, number>()

  /** @throws LovageError `OPTION_INVALID` */
  constructor({ calls, jobs, subscriptions = Infinity }: QuotaOptions) {
    this.#calls = limiterOf('calls', calls)
    this.#jobs = limiterOf('jobs', jobs)
    if (subscriptions !== Infinity && !(Number.isInteger(subscriptions) && subscriptions >= 0))
      refused('quotas.subscriptions', subscriptions, 'a whole number from 0')
    this.#maxSubscriptions = subscriptions
  }

  /** @throws LovageError `QUOTA_EXCEEDED` */
  async call(owner: string = EVERYBODY): Promise<void> {
    await spend('calls', this.#calls, owner, 1)
  }

  /** @throws LovageError `QUOTA_EXCEEDED` */
  async jobs(owner: string = EVERYBODY, count: number): Promise<void> {
    await spend('jobs', this.#jobs, owner, count)
  }

  /** Jobs of which only now is known how many they were: they count against the next ones. */
  async charge(owner: string = EVERYBODY, count: number): Promise<void> {
    if (count > 0) await this.#jobs?.consume(owner, count).catch(() => {})
  }

  /**
   * Takes the place of one subscription. The returned function gives it back.
   *
   * @throws LovageError `QUOTA_EXCEEDED`
   */
  subscribe(owner: string = EVERYBODY): () => void {
    const taken = this.#subscriptions.get(owner) ?? 0
    if (taken >= this.#maxSubscriptions)
      throw new LovageError('QUOTA_EXCEEDED', { of: 'subscriptions', retryAfterMs: null })
    this.#subscriptions.set(owner, taken + 1)
    return () => {
      const left = (this.#subscriptions.get(owner) as number) - 1
      if (left === 0) this.#subscriptions.delete(owner)
      else this.#subscriptions.set(owner, left)
    }
  }
}

function limiterOf(name: 'calls' | 'jobs', quota: RateLimit | Limiter | undefined): Limiter | undefined {
  if (quota === undefined || 'consume' in quota) return quota
  const { limit, per } = quota
  if (!Number.isInteger(limit) || limit < 1) refused(`quotas.${name}.limit`, limit, 'a whole number from 1')
  return new RateLimiterMemory({ points: limit, duration: durationMs(per, `quotas.${name}.per`) / 1_000 })
}

async function spend(
  of: 'calls' | 'jobs',
  limiter: Limiter | undefined,
  owner: string,
  points: number,
): Promise<void> {
  try {
    await limiter?.consume(owner, points)
  } catch (refusal) {
    // A limiter that cannot count (its Redis is away) rejects with an error of its own.
    if (refusal instanceof Error) throw refusal
    const { msBeforeNext } = refusal as { msBeforeNext?: number }
    throw new LovageError('QUOTA_EXCEEDED', { of, retryAfterMs: msBeforeNext ?? null })
  }
}
