import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readableLines } from './readable-lines.ts'

function written(log: (logger: ReturnType<typeof pino>) => void): string {
  let text = ''
  log(pino({ level: 'debug' }, readableLines({ write: (line) => void (text += line) })))
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[\d+m/g, '')
}

test('a line is time, level and sentence', () => {
  expect(written((logger) => logger.info({ jobId: 'a' }, 'Task score[a] received'))).toMatch(
    /^\d\d:\d\d:\d\d info {2}Task score\[a\] received\n$/,
  )
})

test('the stack of an error stands below its line', () => {
  const error = { name: 'Error', message: 'boom', stack: 'Error: boom\n    at score' }
  expect(written((logger) => logger.error({ error }, 'failed'))).toMatch(
    /error failed\n {4}Error: boom\n {8}at score\n$/,
  )
  expect(written((logger) => logger.error(new Error('mine')))).toMatch(/error mine\n {4}Error: mine\n {8}at /)
})

test.each([
  [true, '\u001b[33mwarn \u001b[0m careful\n'],
  [false, 'warn  careful\n'],
])('warnings are yellow where colours are wanted: %s', (isColourful, line) => {
  let text = ''
  pino({}, readableLines({ write: (more) => void (text += more) }, isColourful)).warn('careful')
  expect(text.replace(/^\d\d:\d\d:\d\d /, '')).toBe(line)
})

test('what is no line of pino passes as it is', () => {
  let text = ''
  readableLines({ write: (line) => void (text += line) }).write('not json\n')
  expect(text).toBe('not json\n')
})

test('what somebody else put into a sentence steers no terminal, and forges no line', () => {
  const error = { name: 'Error', message: 'x', stack: 'Error: \u001b]0;title\u0007\n    at score' }
  const text = written((logger) =>
    logger.warn({ error }, 'cancelled: \u001b[2J\u009b1m\r\n12:00:00 info  all is well'),
  )
  expect(text).toMatch(/ cancelled: \\x1b\[2J\\x9b1m\\x0d\\n12:00:00 info {2}all is well\n/)
  expect(text).toMatch(/\n {4}Error: \\x1b\]0;title\\x07\n {8}at score\n$/)
})
