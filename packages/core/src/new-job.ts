/**
 * From what a task and its caller ask for to what a store takes. Nothing asked, nothing made: a plain job passes here
 * without a trace.
 */
import type { Clock } from './clock.ts'
import { encode, type Encoded, encodedBytes } from './codec.ts'
import { durationMs } from './duration.ts'
import type { QueueEnqueueOptions } from './enqueue-options.ts'
import { LovageError } from './errors.ts'
import { enqueuedAtOf, newJobId } from './id.ts'
import type { Metadata } from './job.ts'
import { refused } from './refused.ts'
import type { JobOptions, NewJob } from './store.ts'
import type { AnyTask } from './task.ts'
import {
  atLeastOne,
  debounceOf,
  IN_ORDER,
  keyText,
  OWN_TAG,
  priorityOf,
  queueName,
  singletonOf,
  tagsOf,
  type TaskRules,
} from './task-rules.ts'
import { traceparentOf } from './trace.ts'
import type { Unique } from './unique.ts'

const DEFAULT_IDEMPOTENCY_MS = 86_400_000 // as long as results are kept
const MAX_IDEMPOTENCY_KEY_LENGTH = 256
const MAX_METADATA_BYTES = 4_096
/** That one unit of a text takes as UTF-8. */
const BYTES_MAX = 3
/** How the names of the rules of idempotency keys begin. */
const IDEMPOTENCY = '["key",'

/** What a job is made by, beside its task and the options of its caller. */
export interface Terms {
  /** How long the outcomes of the task are kept. */
  ttlMs: number
  maxPayloadBytes: number
  clock: Clock
  /** The rules of the task are not known here, and they say which partition its jobs are in. */
  isUnknown?: boolean
}

/** The input of a job that other jobs will give it. */
export const OPEN = Symbol('open')
const NO_INPUT: Encoded = { json: 'null' }

/**
 * @throws LovageError `NOT_SERIALIZABLE`, `PAYLOAD_TOO_LARGE`, `OPTION_INVALID`
 */
export function newJob(task: AnyTask, input: unknown, given: QueueEnqueueOptions, terms: Terms): NewJob {
  const id = given.id ?? newJobId()
  if (given.id !== undefined && enqueuedAtOf(given.id) === null)
    refused('id', given.id, 'a UUIDv7, as newJobId() makes')
  const job: NewJob = {
    id,
    task: task.name as string,
    owner: given.owner ?? null,
    input: input === OPEN ? NO_INPUT : bounded(input, terms.maxPayloadBytes),
    options: attemptOptions(given),
    delayMs: given.delay === undefined ? 0 : durationMs(given.delay, 'delay'),
    announce: task.notices.includes('queued'),
    isNew: given.id === undefined,
  }
  if (task.rules !== undefined || asksForMore(given)) applyRules(job, task.rules, input, given, terms)
  if (terms.isUnknown === true) placeUnknown(job, given)
  return job
}

/** Its task may have a limit: all of its jobs are in one partition then, those with a key as well; and otherwise not. */
function placeUnknown(
  job: NewJob,
  { idempotencyKey, concurrencyKey, orderingKey }: QueueEnqueueOptions,
): void {
  for (const [option, key] of Object.entries({ idempotencyKey, concurrencyKey, orderingKey })) {
    if (key === undefined) continue
    const why = `the rules of ${job.task} are not known here, and they say in which partition a job of that key is looked for`
    refused(option, key, `none, since ${why}. Name the tasks (lovage --tasks ./tasks.ts)`)
  }
  job.together = true
}

function bounded(input: unknown, maxBytes: number): Encoded {
  const encoded = encode(input)
  const { json, meta = '' } = encoded
  if ((json.length + meta.length) * BYTES_MAX <= maxBytes) return encoded // as nearly all are, and nothing is counted
  const bytes = encodedBytes(encoded)
  if (bytes > maxBytes) throw new LovageError('PAYLOAD_TOO_LARGE', { bytes, maxBytes })
  return encoded
}

/** Whether anything is asked for that a plain job does not have. */
const asksForMore = (given: QueueEnqueueOptions): boolean =>
  given.idempotencyKey !== undefined ||
  given.runAt !== undefined ||
  given.expiresIn !== undefined ||
  given.priority !== undefined ||
  given.tags !== undefined ||
  given.metadata !== undefined ||
  given.queue !== undefined ||
  given.concurrencyKey !== undefined ||
  given.orderingKey !== undefined ||
  given.singleton !== undefined ||
  given.debounce !== undefined ||
  given.throttle !== undefined

/** The tag by which the jobs of a key are found. Users never see it. */
export const keyTag = (task: string, key: string): string => `${OWN_TAG}key:${task}:${key}`

function attemptOptions({ attempts, timeLimit, trace }: QueueEnqueueOptions): JobOptions {
  const options: JobOptions = {}
  if (attempts !== undefined) {
    if (!Number.isInteger(attempts) || attempts < 1) refused('attempts', attempts, 'a whole number from 1')
    options.attempts = attempts
  }
  if (timeLimit !== undefined) options.timeLimitMs = durationMs(timeLimit, 'timeLimit')
  if (trace !== undefined) options.trace = traceparentOf(trace)
  return options
}

/** Adds to a plain job what its task's rules and its own options ask for. */
function applyRules(
  job: NewJob,
  rules: TaskRules | undefined,
  input: unknown,
  given: QueueEnqueueOptions,
  { ttlMs, clock }: Terms,
): void {
  const { options } = job
  const queue = given.queue === undefined ? rules?.queue : queueName(given.queue)
  if (queue !== undefined) options.queue = queue
  const priority = given.priority === undefined ? rules?.priority : priorityOf(given.priority)
  if (priority !== undefined) options.priority = priority
  const key = keyOf(given, rules, input)
  if (key !== '' || (rules !== undefined && hasLane(rules))) options.lane = key
  if (given.orderingKey !== undefined || rules?.ordered === true) {
    if (key === '') refused('orderingKey', undefined, 'a key: this job is to be run in the order of its key')
    if (priority !== undefined) refused('priority', priority, IN_ORDER)
    options.ordered = true
  }
  const tags = [...new Set([...(rules?.tags ?? []), ...tagsOf(given.tags)])]
  if (key !== '') tags.push(keyTag(job.task, key))
  if (tags.length > 0) options.tags = tags
  if (given.metadata !== undefined) options.metadata = metadataText(given.metadata)
  if (rules?.rememberLast === true) job.isLast = true
  applyUnique(job, key, given, rules, ttlMs)
  if (isWithAll(job, rules, key)) job.together = true
  applyTimes(job, given, rules, clock)
  if (job.expiresMs !== undefined) options.ttlMs = ttlMs
}

const hasLane = ({ limit, perKey, key }: TaskRules): boolean =>
  limit !== null || perKey !== null || key !== undefined

/** Whether all jobs of its task have to be where the store can count or compare them: not only those of one key. */
const isWithAll = ({ unique }: NewJob, rules: TaskRules | undefined, key: string): boolean =>
  (rules !== undefined && rules.limit !== null) || (key === '' && unique?.some(isOfTask) === true)

/** The other rule looks for jobs of the same idempotency key. */
const isOfTask = ({ name }: Unique): boolean => !name.startsWith(IDEMPOTENCY)

function keyOf(given: QueueEnqueueOptions, rules: TaskRules | undefined, input: unknown): string {
  const own = keyText('concurrencyKey', given.concurrencyKey)
  const ordering = keyText('orderingKey', given.orderingKey)
  if (own !== '' && ordering !== '' && own !== ordering)
    refused('orderingKey', ordering, `the same as concurrencyKey, ${own}: a job has one key`)
  if (own !== '' || ordering !== '') return own || ordering
  return rules?.key === undefined || input === OPEN ? '' : keyText('key', rules.key(input))
}

function applyTimes(
  job: NewJob,
  { delay, runAt, expiresIn }: QueueEnqueueOptions,
  rules: TaskRules | undefined,
  clock: Clock,
): void {
  if (runAt !== undefined) {
    if (delay !== undefined) refused('runAt', runAt, 'either delay or runAt')
    if (!(runAt instanceof Date) || Number.isNaN(runAt.getTime())) refused('runAt', runAt, 'a valid Date')
    job.runAt = runAt.getTime()
  }
  const expiresMs = expiresIn === undefined ? rules?.expiresMs : atLeastOne('expiresIn', expiresIn)
  if (expiresMs === undefined) return
  const delayMs = job.runAt === undefined ? job.delayMs : Math.max(0, job.runAt - clock.now())
  job.expiresMs = delayMs + expiresMs
}

/**
 * The rules by which others stand for the job, or in its way. Names hold what must be equal, as JSON, since every part
 * of them may hold every character. Whatever hands out or changes a found job keeps to those of the same owner.
 */
function applyUnique(
  job: NewJob,
  key: string,
  given: QueueEnqueueOptions,
  rules: TaskRules | undefined,
  ttlMs: number,
): void {
  const { task, owner } = job
  const unique: Unique[] = []
  const name = (rule: string, ...rest: unknown[]): string => JSON.stringify([rule, task, ...rest])
  if (given.idempotencyKey !== undefined) {
    const { key: text, windowMs } = idempotency(given.idempotencyKey)
    unique.push({ type: 'once', name: name('key', owner, text), windowMs })
  }
  const throttleMs = given.throttle === undefined ? rules?.throttleMs : atLeastOne('throttle', given.throttle)
  if (throttleMs !== undefined)
    unique.push({ type: 'once', name: name('throttle', owner, key), windowMs: throttleMs })
  const onBusy = given.singleton === undefined ? rules?.singleton : singletonOf(given.singleton)
  if (onBusy === 'reject') unique.push({ type: 'alone', name: name('alone', key), onBusy })
  else if (onBusy === 'return') unique.push({ type: 'alone', name: name('alone', key, owner), onBusy })
  else if (onBusy === 'replace')
    unique.push({ type: 'alone', name: name('alone', key, owner), onBusy, ttlMs })
  const debounce = given.debounce === undefined ? rules?.debounce : debounceOf(given.debounce)
  if (debounce !== undefined) {
    unique.push({ type: 'debounce', name: name('debounce', owner, key), maxWaitMs: debounce.maxWaitMs })
    if (given.delay === undefined) job.delayMs = debounce.delayMs
  }
  if (unique.length > 0) job.unique = unique
}

function idempotency(given: NonNullable<QueueEnqueueOptions['idempotencyKey']>): {
  key: string
  windowMs: number
} {
  const { key, window } = typeof given === 'object' ? given : { key: given, window: DEFAULT_IDEMPOTENCY_MS }
  if (typeof key !== 'string' || key === '' || key.length > MAX_IDEMPOTENCY_KEY_LENGTH)
    refused('idempotencyKey', key, `a text of 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`)
  return { key, windowMs: atLeastOne('idempotencyKey.window', window) }
}

function metadataText(metadata: Metadata): string {
  const expected = `an object of plain JSON of at most ${MAX_METADATA_BYTES} bytes`
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    refused('metadata', metadata, expected)
  const encoded = encode(metadata)
  if (encoded.meta !== undefined || encodedBytes(encoded) > MAX_METADATA_BYTES)
    refused('metadata', metadata, expected)
  return encoded.json
}
