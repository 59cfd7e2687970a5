import { describe, expect, test, vi } from 'vitest'
import { type ErrorCode, type ErrorDetails, isLovageError, LovageError } from './errors.ts'
import { sentences as ofBrowsers } from './sentences-browser.ts'
import { sentences as ofBrowsersLater } from './sentences-late.ts'
import { sentences as ofAll } from './sentences.ts'

/** For each code, details and the sentence that they make. */
const sentences: { [C in ErrorCode]: [ErrorDetails[C], string] } = {
  INPUT_INVALID: [
    {
      task: 'score',
      issues: [
        { path: 'texts[0]', message: 'too long' },
        { path: '', message: 'odd' },
      ],
    },
    'The input of task "score" is not valid: texts[0]: too long; odd. Nothing was enqueued.',
  ],
  OUTPUT_INVALID: [
    { task: 'score', issues: [{ path: 'n', message: 'no number' }] },
    'The handler of task "score" returned what its output schema refuses: n: no number.',
  ],
  NOT_SERIALIZABLE: [{ path: 'a.b', seen: 'a symbol' }, 'a.b is a symbol, which cannot be stored or sent.'],
  OPTION_INVALID: [
    { option: 'delay', seen: '-1', expected: 'milliseconds' },
    'The option delay is -1; expected milliseconds.',
  ],
  PAYLOAD_TOO_LARGE: [
    { bytes: 20, maxBytes: 10 },
    'The payload has 20 bytes; at most 10 are allowed. Store large data elsewhere and pass a reference.',
  ],
  TASK_UNKNOWN: [
    { task: 'mial', known: ['mail', 'score'] },
    'There is no task "mial". Known tasks: mail, score.',
  ],
  NOT_FOUND: [{ id: 'x' }, 'There is no job x.'],
  JOB_EXISTS: [
    { task: 'score', id: 'x' },
    'A job of task "score", x, has not ended yet, and there may be only one. Nothing was enqueued.',
  ],
  RESULT_EXPIRED: [{ id: 'x', keptMs: 90_000 }, 'Job x is no longer known: what has ended is kept for 90 s.'],
  CURSOR_INVALID: [{ cursor: 'x' }, '"x" is no cursor. Pass one that a notice or a job handle carried.'],
  JOB_FAILED: [
    { id: 'x', task: 'score', error: { name: 'TypeError', message: 'no' }, attempts: 3 },
    'Job x of task "score" failed after 3 attempt(s): TypeError: no',
  ],
  JOB_CANCELLED: [
    { id: 'x', task: 'score', by: 'ada', reason: 'late' },
    'Job x of task "score" was cancelled by ada: late.',
  ],
  JOB_EXPIRED: [{ id: 'x', task: 'score' }, 'Job x of task "score" expired before a worker could start it.'],
  RESULT_TIMEOUT: [
    { id: 'x', waitedMs: 50 },
    'Job x had not ended after 50 ms. It goes on; ask again or follow it.',
  ],
  TIME_LIMIT: [
    { task: 'score', timeLimitMs: 50 },
    'The handler of task "score" ran longer than its time limit of 50 ms.',
  ],
  DEPENDENCY_FAILED: [{ message: 'Job x of task "score" expired' }, 'Job x of task "score" expired'],
  WORKER_LOST: [
    { task: 'score', attempts: 2 },
    'The worker of a job of task "score" was lost in each of 2 attempt(s).',
  ],
  OUTCOME_REFUSED: [
    { task: 'score', cause: 'WRONGTYPE' },
    'The store refuses what an attempt of task "score" came to, so it is not kept: WRONGTYPE',
  ],
  MODULE_FAILED: [
    { module: 'file:///score.ts', why: 'its setup failed: no model' },
    'The handler module file:///score.ts cannot be used: its setup failed: no model',
  ],
  STORE_UNAVAILABLE: [
    { store: 'Redis at x', cause: 'ECONNREFUSED' },
    'Redis at x cannot be reached: ECONNREFUSED',
  ],
  NOT_REPLICATED: [
    { ids: ['x'], acknowledged: 0, needed: 1, waitedMs: 50 },
    '0 of 1 replica(s) acknowledged within 50 ms. 1 job(s) are in line, and may be lost if the primary fails now. ' +
      'Enqueue with the same id again to be sure: there will be one job.',
  ],
  STORE_UNSUPPORTED: [
    { store: 'Redis at x', seen: 'version 5', needed: '6.2' },
    'Redis at x is version 5; Lovage needs 6.2.',
  ],
  VERSION_UNSUPPORTED: [
    { what: 'The record', seen: 2, known: 1 },
    'The record is of version 2, and this program knows up to 1. Update it before its producers.',
  ],
  QUOTA_EXCEEDED: [
    { of: 'jobs', retryAfterMs: 1_200 },
    'You have made as many jobs as allowed for now. Try again in 2 s.',
  ],
  SEALED: [
    {},
    'The value is encrypted, and no cipher here opens it: pass the one that sealed it, with its older keys.',
  ],
  UNAUTHORIZED: [{ message: 'Sign in first.' }, 'Sign in first.'],
  TOO_MANY_SUBSCRIPTIONS: [
    { max: 9 },
    'This connection has 9 subscriptions already, which is the most allowed.',
  ],
  TOO_MANY_GROUPS: [
    { max: 9 },
    'There are 9 consumer groups already, which is the most allowed. Delete those that nobody uses.',
  ],
  GROUP_DELETED: [
    { group: 'mailer' },
    'The consumer group "mailer" was deleted. Consuming again makes a new one.',
  ],
  DISCONNECTED: [{ url: 'ws://x', cause: 'closed' }, 'The connection to ws://x failed: closed'],
  CLOSED: [{ what: 'The queue' }, 'The queue is closed.'],
  INTERNAL: [{ message: 'odd' }, 'odd'],
}

const CODES = Object.keys(sentences) as ErrorCode[]

describe('LovageError', () => {
  test.for(CODES)('%s says what was seen and what helps', (code) => {
    const [details, sentence] = sentences[code]
    const error = new LovageError(code, details)
    expect(error.message).toBe(sentence)
    expect(error).toMatchObject({ name: 'LovageError', code, details })
    expect(error).toBeInstanceOf(Error)
  })

  test('leaves out what is not known', () => {
    const cancelled = { id: 'x', task: 'score' }
    const sentence = (details: { by: string | null; reason: string | null }) =>
      new LovageError('JOB_CANCELLED', { ...cancelled, ...details }).message
    expect(sentence({ by: null, reason: null })).toBe('Job x of task "score" was cancelled.')
    expect(sentence({ by: 'ada', reason: null })).toBe('Job x of task "score" was cancelled by ada.')
    expect(sentence({ by: null, reason: 'late' })).toBe('Job x of task "score" was cancelled: late.')
    expect(new LovageError('NOT_SERIALIZABLE', { path: '', seen: 'a symbol' }).message).toMatch(
      /^The value is a symbol/,
    )
  })

  test('names the first five of what is wrong with an input, and says how many more there are', () => {
    const issues = Array.from({ length: 100 }, (_, n) => ({ path: `[${n}]`, message: 'odd' }))
    const error = new LovageError('INPUT_INVALID', { task: 'score', issues })
    expect(error.message).toBe(
      'The input of task "score" is not valid: [0]: odd; [1]: odd; [2]: odd; [3]: odd; [4]: odd; and 95 more. Nothing was enqueued.',
    )
    expect(error.details.issues).toHaveLength(100)
  })

  test('takes the sentence that came along, and has one for a code of another version', () => {
    const options = { message: 'So said the server.' }
    expect(new LovageError('NOT_FOUND', { id: 'x' }, options).message).toBe('So said the server.')
    const newer = new LovageError('FROM_TOMORROW' as ErrorCode, { id: 'x' })
    expect(newer.message).toBe('FROM_TOMORROW: {"id":"x"}')
    expect(newer).toMatchObject({ code: 'FROM_TOMORROW' })
  })

  test('says in a browser what it says elsewhere', () => {
    expect(Object.keys(ofAll).toSorted()).toEqual(CODES.toSorted())
    expect(ofAll).toMatchObject({ ...ofBrowsers, ...ofBrowsersLater })
  })

  test('keeps the cause', () => {
    const cause = new Error('ECONNREFUSED')
    expect(new LovageError('CLOSED', { what: 'x' }, { cause }).cause).toBe(cause)
  })
})

describe('isLovageError', () => {
  const error: unknown = new LovageError('NOT_FOUND', { id: 'x' })

  test('knows its own errors, all of them or those of one code', () => {
    expect(isLovageError(error)).toBe(true)
    expect(isLovageError(error, 'NOT_FOUND')).toBe(true)
    expect(isLovageError(error, 'CLOSED')).toBe(false)
  })

  test.for<[string, unknown]>([
    ['another error', new Error('x')],
    ['an error with a code of its own', Object.assign(new Error('x'), { code: 'NOT_FOUND' })],
    ['what looks like one but is no error', { name: 'LovageError', code: 'NOT_FOUND' }],
    ['nothing', null],
    ['undefined', undefined],
    ['text', 'LovageError'],
  ])('is false for %s', ([, other]) => {
    expect(isLovageError(other)).toBe(false)
    expect(isLovageError(other, 'NOT_FOUND')).toBe(false)
  })

  test('knows the errors of another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('./errors.ts')
    expect(copy.LovageError).not.toBe(LovageError)
    expect(error).not.toBeInstanceOf(copy.LovageError)
    expect(copy.isLovageError(error, 'NOT_FOUND')).toBe(true)
    expect(isLovageError(new copy.LovageError('CLOSED', { what: 'x' }), 'CLOSED')).toBe(true)
  })
})
