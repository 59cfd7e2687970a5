/** What a task asks for its jobs beyond a plain line: where they wait, in what company, and how often. */
import { durationMs, type Duration } from './duration.ts'
import type { Limit } from './limits.ts'
import { refused } from './refused.ts'

export interface RateLimit {
  /** How many may start within any stretch of `per`. */
  limit: number
  per: Duration
}

/** Limits hold over all workers together. */
export interface LimitOptions {
  /** How many may run at the same time. Default: any number. */
  concurrency?: number
  rateLimit?: RateLimit
}

/**
 * What to do with a job while another one of its kind has not ended: refuse it with `JOB_EXISTS`, answer with the
 * other one, or cancel the other one. `reject` looks at the jobs of all owners, since it only says no; the others hand
 * out or end what they find, and look at those of the same owner.
 */
export type Singleton = 'reject' | 'return' | 'replace'

/**
 * Each enqueue puts the start off by `delay` and brings the newest input, until nothing came for so long; but never by
 * more than `maxWait` in all, which is ten times the delay unless said otherwise.
 */
export type Debounce = Duration | { delay: Duration; maxWait?: Duration }

export interface RuleOptions<Input> extends LimitOptions {
  /** The queue in which its jobs wait, for the workers that serve it. Default `default`. */
  queue?: string
  /**
   * From 1 to 100: higher ones start earlier. After three jobs with a priority in a row the next one is one without, if
   * any waits. Default: none.
   */
  priority?: number
  /** A job that no worker has started within this, counted from when it could have been, ends as `expired`. */
  expiresIn?: Duration
  /**
   * What a job's input says about whose it is (a tenant, an account). Keys take turns, so that one with many jobs does
   * not hold up another with few; and `perKey`, `ordered`, `singleton`, `debounce` and `throttle` hold for each key.
   */
  key?: (input: Input) => string | number | null | undefined
  /** Limits for the jobs of each key. */
  perKey?: LimitOptions
  /** The next job of a key starts only when the one before has ended, its retries included. Goes with no `priority`. */
  ordered?: boolean
  singleton?: Singleton
  debounce?: Debounce
  /** One job in this time, counted from its enqueueing: others get its handle instead. */
  throttle?: Duration
  /** By which `list` and `cancelMany` find its jobs. */
  tags?: readonly string[]
  /** Whether `last()` shall know the newest job, for each owner. Default false. */
  rememberLast?: boolean
}

/** The rules of a task, checked, with every default filled in. */
export interface TaskRules {
  queue?: string
  priority?: number
  expiresMs?: number
  key?: (input: unknown) => unknown
  limit: Limit | null
  perKey: Limit | null
  ordered: boolean
  singleton?: Singleton
  debounce?: { delayMs: number; maxWaitMs: number }
  throttleMs?: number
  tags: readonly string[]
  rememberLast: boolean
}

/** Beyond these, values are a mistake: an input where its id was meant. */
const MAX_KEY_LENGTH = 256
const MAX_TAG_LENGTH = 128
const MAX_TAGS = 20
/** Tags that begin so are ours. */
export const OWN_TAG = '~'
const DEBOUNCE_WAITS = 10

/** What a priority should be where jobs run in the order of their key. */
export const IN_ORDER = 'none: jobs that are run in the order of their key have no priority'

export const DEFAULT_QUEUE = 'default'

/** `undefined` for a task whose jobs are plain. */
export function taskRules<Input>(options: RuleOptions<Input>): TaskRules | undefined {
  const { queue, priority, expiresIn, key, perKey, singleton, debounce, throttle, tags, rememberLast } =
    options
  if (key !== undefined && typeof key !== 'function')
    refused('key', key, 'a function from the input to a key')
  const rules: TaskRules = {
    limit: limitOf(options, ''),
    perKey: limitOf(perKey ?? {}, 'perKey.'),
    ordered: flag('ordered', options.ordered),
    tags: tagsOf(tags),
    rememberLast: flag('rememberLast', rememberLast),
  }
  if (queue !== undefined) rules.queue = queueName(queue)
  if (priority !== undefined) rules.priority = priorityOf(priority)
  if (rules.ordered && priority !== undefined) refused('priority', priority, IN_ORDER)
  if (expiresIn !== undefined) rules.expiresMs = atLeastOne('expiresIn', expiresIn)
  if (key !== undefined) rules.key = key as (input: unknown) => unknown
  if (singleton !== undefined) rules.singleton = singletonOf(singleton)
  if (debounce !== undefined) rules.debounce = debounceOf(debounce)
  if (throttle !== undefined) rules.throttleMs = atLeastOne('throttle', throttle)
  return isPlain(rules) ? undefined : rules
}

const isPlain = ({ limit, perKey, ordered, tags, rememberLast, ...rest }: TaskRules): boolean =>
  limit === null &&
  perKey === null &&
  !ordered &&
  tags.length === 0 &&
  !rememberLast &&
  Object.keys(rest).length === 0

/** `null`: none is set. */
export function limitOf({ concurrency, rateLimit }: LimitOptions, path: string): Limit | null {
  if (concurrency === undefined && rateLimit === undefined) return null
  const limit: Limit = {}
  if (concurrency !== undefined) limit.concurrency = whole(`${path}concurrency`, concurrency)
  if (rateLimit !== undefined) {
    limit.rate = {
      limit: whole(`${path}rateLimit.limit`, rateLimit.limit),
      perMs: atLeastOne(`${path}rateLimit.per`, rateLimit.per),
    }
  }
  return limit
}

export const queueName = (name: string): string =>
  typeof name === 'string' && /^[\w.:-]{1,100}$/.test(name)
    ? name
    : refused('queue', name, 'up to 100 letters, digits or . : _ -')

export const priorityOf = (priority: number): number =>
  Number.isInteger(priority) && priority >= 1 && priority <= 100
    ? priority
    : refused('priority', priority, 'a whole number from 1 to 100')

export const singletonOf = (singleton: Singleton): Singleton =>
  ['reject', 'return', 'replace'].includes(singleton)
    ? singleton
    : refused('singleton', singleton, "'reject', 'return' or 'replace'")

export function debounceOf(debounce: Debounce): { delayMs: number; maxWaitMs: number } {
  const { delay, maxWait } = typeof debounce === 'object' ? debounce : { delay: debounce, maxWait: undefined }
  const delayMs = atLeastOne('debounce', delay)
  const maxWaitMs = maxWait === undefined ? delayMs * DEBOUNCE_WAITS : durationMs(maxWait, 'debounce.maxWait')
  if (maxWaitMs < delayMs) refused('debounce.maxWait', maxWait, 'at least the delay')
  return { delayMs, maxWaitMs }
}

/** A key as text; `''` for none. */
export function keyText(option: string, key: unknown): string {
  if (key === undefined || key === null) return ''
  const text = typeof key === 'number' ? String(key) : key
  if (typeof text === 'string' && text.length <= MAX_KEY_LENGTH) return text
  return refused(option, key, `a text of at most ${MAX_KEY_LENGTH} characters, or a number`)
}

export function tagsOf(tags: readonly string[] = []): readonly string[] {
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) refused('tags', tags, `a list of at most ${MAX_TAGS}`)
  return [...new Set(tags.map(tagOf))]
}

export const tagOf = (tag: unknown): string =>
  typeof tag === 'string' && tag !== '' && tag.length <= MAX_TAG_LENGTH && !tag.startsWith(OWN_TAG)
    ? tag
    : refused('tags', tag, `texts of 1 to ${MAX_TAG_LENGTH} characters that do not begin with ${OWN_TAG}`)

export function atLeastOne(option: string, duration: Duration): number {
  const ms = durationMs(duration, option)
  return ms >= 1 ? ms : refused(option, duration, 'a duration of at least 1 ms')
}

const whole = (option: string, value: number): number =>
  Number.isInteger(value) && value >= 1 ? value : refused(option, value, 'a whole number from 1')

const flag = (option: string, value: boolean | undefined): boolean =>
  value === undefined || typeof value === 'boolean' ? value === true : refused(option, value, 'true or false')
