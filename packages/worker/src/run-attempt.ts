/** One execution of a job as a pipeline of values: decode, parse, run, parse, encode. */
import {
  type AnyTask,
  type BoundTask,
  decodeStored,
  encode,
  type Encoded,
  encodedBytes,
  isDiscard,
  isRetry,
  type Issue,
  type JobContext,
  LovageError,
  parse,
  type Parsed,
} from '@lovage/core'
import { failure, failureOf } from './failure.ts'
import type { AttemptResult } from './settle.ts'

/** What is kept for a task that returns nothing. */
const NOTHING = encode(undefined)

/** Never rejects, whatever the handler and the schemas do. */
export async function runAttempt(
  { task, handler }: BoundTask,
  encodedInput: Encoded,
  context: JobContext,
  maxResultBytes: number,
): Promise<AttemptResult> {
  try {
    const input = decoded(encodedInput)
    if (!input.ok) return refusedInput(context, input.issues)
    const parsing = parse(task.input, input.value)
    const parsed = parsing instanceof Promise ? await parsing : parsing
    if (!parsed.ok) return refusedInput(context, parsed.issues)

    const returned = await handler(parsed.value, context)

    if (task.output === undefined) return { type: 'returned', result: NOTHING }
    const checking = parse(task.output, returned)
    const checked = checking instanceof Promise ? await checking : checking
    if (!checked.ok) return { type: 'refused', error: refusedOutput(context, checked.issues) }
    return encoded(checked.value, maxResultBytes)
  } catch (thrown) {
    return fromThrown(thrown, task)
  }
}

function decoded(input: Encoded): Parsed {
  try {
    return { ok: true, value: decodeStored(input) }
  } catch (error) {
    return { ok: false, issues: [{ path: '', message: `it cannot be decoded: ${failureOf(error).message}` }] }
  }
}

/** A retry would meet the same schema, so there is none. */
function refusedInput({ job }: JobContext, issues: readonly Issue[]): AttemptResult {
  const message =
    `This worker's schema refuses the input of task "${job.task}": ${listed(issues)}. ` +
    `Whoever enqueued the job has another version of the schema.`
  return { type: 'refused', error: failure('INPUT_INVALID', message) }
}

const refusedOutput = ({ job }: JobContext, issues: readonly Issue[]) =>
  failure('OUTPUT_INVALID', new LovageError('OUTPUT_INVALID', { task: job.task, issues }).message)

const listed = (issues: readonly Issue[]): string =>
  issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')

function encoded(value: unknown, maxBytes: number): AttemptResult {
  try {
    const result = encode(value)
    // A UTF-16 unit takes at most 3 bytes, so that most results need no counting.
    const isSurelySmall = (result.json.length + (result.meta?.length ?? 0)) * 3 <= maxBytes
    const bytes = isSurelySmall ? 0 : encodedBytes(result)
    if (bytes <= maxBytes) return { type: 'returned', result }
    const tooLarge = new LovageError('PAYLOAD_TOO_LARGE', { bytes, maxBytes })
    return { type: 'refused', error: failure(tooLarge.code, tooLarge.message) }
  } catch (error) {
    return {
      type: 'refused',
      error: failure('NOT_SERIALIZABLE', `The result cannot be kept: ${failureOf(error).message}`),
    }
  }
}

function fromThrown(thrown: unknown, task: AnyTask): AttemptResult {
  const error = failureOf(thrown)
  if (isRetry(thrown)) return { type: 'threw', error, delayMs: thrown.delayMs }
  if (isDiscard(thrown) || !isWorthRetrying(thrown, task)) return { type: 'refused', error }
  return { type: 'threw', error }
}

/** A mistake in the user's `when` must not cost the job its attempts. */
function isWorthRetrying(thrown: unknown, { retry: { when } }: AnyTask): boolean {
  try {
    return when === undefined || when(thrown)
  } catch {
    return true
  }
}
