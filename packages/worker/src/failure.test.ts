import { LovageError } from '@lovage/core'
import { expect, test } from 'vitest'
import { failureOf } from './failure.ts'

test('an error keeps its name, message and stack', () => {
  const error = new RangeError('too far')
  expect(failureOf(error)).toEqual({ name: 'RangeError', message: 'too far', stack: error.stack })
})

test('the chain of causes is kept in the stack', () => {
  const root = new TypeError('no such column')
  const { stack } = failureOf(
    new Error('query failed', { cause: new Error('driver failed', { cause: root }) }),
  )
  expect(stack).toMatch(
    /^Error: query failed[^]*\nCaused by: Error: driver failed[^]*\nCaused by: TypeError: no such column/,
  )
})

test('a cause that is no error is described', () => {
  expect(failureOf(new Error('failed', { cause: { code: 7 } })).stack).toMatch(
    /\nCaused by: an object: { code: 7 }$/,
  )
})

test('a chain of causes that bites its own tail ends', () => {
  const error = new Error('round')
  error.cause = error
  expect(failureOf(error).stack?.match(/Caused by/g)).toHaveLength(5)
})

test('an operating error is named by its code', () => {
  expect(failureOf(new LovageError('NOT_FOUND', { id: 'x' }))).toMatchObject({
    name: 'NOT_FOUND',
    message: 'There is no job x.',
  })
})

test.each<[thrown: unknown, message: string]>([
  ['boom', 'a string: boom'],
  [42, 'a number: 42'],
  [7n, 'a bigint: 7n'],
  [undefined, 'undefined'],
  [null, 'null'],
  [{ code: 'E42', detail: ['x'] }, "an object: { code: 'E42', detail: [ 'x' ] }"],
  [Symbol('s'), 'a symbol: Symbol(s)'],
])('%o, which is no error, is described', (thrown, message) => {
  expect(failureOf(thrown)).toEqual({ name: 'NotAnError', message })
})

test('a message is cut at 4 KiB and a stack at 8 KiB', () => {
  const failure = failureOf(new Error('x'.repeat(100_000)))
  expect(failure.message).toBe(`${'x'.repeat(4095)}…`)
  expect(failure.stack).toHaveLength(8192)
  expect(failureOf('y'.repeat(100_000)).message).toHaveLength(4096)
})

test('a cut does not leave half a character', () => {
  const { message } = failureOf(new Error(`${'x'.repeat(4094)}😀😀`))
  expect(message).toBe(`${'x'.repeat(4094)}…`)
})

test.each<[what: string, error: Error]>([
  ['name is no string', Object.assign(new Error('odd'), { name: 7 as unknown as string })],
  ['name is empty', Object.assign(new Error('odd'), { name: '' })],
])('an error whose %s is an Error', (_what, error) => {
  expect(failureOf(error)).toMatchObject({ name: 'Error', message: 'odd' })
})

test('an error whose properties throw is an error that cannot be read', () => {
  const error = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('not you')
    },
  })
  expect(failureOf(error)).toEqual({ name: 'NotAnError', message: 'an error that cannot be read' })
})
