import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Events, type WorkerEvent, type WorkerEvents } from './events.ts'
import { logEvents } from './log.ts'
import type { LogLevel } from './options.ts'

function logged<E extends WorkerEvent>(
  level: LogLevel,
  name: E,
  event: WorkerEvents[E],
): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { level, base: null, timestamp: false },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  const events = new Events()
  logEvents(events, logger)
  events.emit(name, event)
  return lines
}

const job = { id: 'a1', task: 'score', attempt: 2 }
const error = { name: 'TypeError', message: 'boom', stack: 'TypeError: boom\n    at score' }

test.each<[WorkerEvent, WorkerEvents[WorkerEvent], level: number, sentence: string]>([
  ['job.received', job, 30, 'Task score[a1] received'],
  ['job.started', job, 20, 'Task score[a1] started'],
  ['job.succeeded', { ...job, ms: 12 }, 30, 'Task score[a1] succeeded in 0.012s'],
  [
    'job.retrying',
    { ...job, ms: 12, attempts: 3, error, delayMs: 2_100 },
    40,
    'Task score[a1] retrying in 2.1s (attempt 2 of 3: TypeError: boom)',
  ],
  [
    'job.retrying',
    { ...job, ms: 12, attempts: 3, error, delayMs: 30_000 },
    40,
    'Task score[a1] retrying in 30s (attempt 2 of 3: TypeError: boom)',
  ],
  [
    'job.retrying',
    { ...job, ms: 12, attempts: 3, error, delayMs: 0 },
    40,
    'Task score[a1] retrying in 0s (attempt 2 of 3: TypeError: boom)',
  ],
  [
    'job.failed',
    { ...job, ms: 1_500, attempts: 2, error },
    50,
    'Task score[a1] failed in 1.500s (attempt 2 of 2: TypeError: boom)',
  ],
  [
    'job.cancelled',
    { ...job, by: 'ada', reason: 'enough' },
    30,
    'Task score[a1] was cancelled by ada: enough',
  ],
  ['job.cancelled', { ...job, by: null, reason: null }, 30, 'Task score[a1] was cancelled'],
  [
    'worker.disconnected',
    { store: 'Redis at x', cause: 'refused', running: 3 },
    40,
    'Redis at x cannot be reached: refused. Handlers go on (3); the worker waits until it is back',
  ],
])('%s is a line of its level', (name, event, level, sentence) => {
  expect(logged('trace', name, event)).toEqual([expect.objectContaining({ level, msg: sentence })])
})

test('what a line is about stands in fields, too', () => {
  expect(logged('info', 'job.failed', { ...job, ms: 5, attempts: 2, error })).toEqual([
    expect.objectContaining({ jobId: 'a1', task: 'score', attempt: 2, ms: 5, error }),
  ])
})

test('a level that is off writes nothing', () => {
  expect(logged('warn', 'job.received', job)).toEqual([])
  expect(logged('error', 'job.retrying', { ...job, ms: 1, attempts: 3, error, delayMs: 1 })).toEqual([])
  expect(logged('silent', 'job.failed', { ...job, ms: 1, attempts: 1, error })).toEqual([])
})

test('an event below the level is not even read', () => {
  const unread = Object.defineProperty({ ...job, ms: 1 }, 'task', {
    get() {
      throw new Error('it was read')
    },
  })
  expect(logged('warn', 'job.succeeded', unread)).toEqual([])
})
