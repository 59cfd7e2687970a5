import type { SaidPart } from '@lovage/core'
import { expect, test } from 'vitest'
import { MAX_WAITING_CHARS, MAX_WAITING_LINES, Speech } from './speech.ts'

const shown = (parts: readonly SaidPart[]): unknown[] =>
  parts.map(({ type, first, dropped, data }) => [type, first, dropped, JSON.parse(data.json)])

const linesOf = (parts: readonly SaidPart[]): { message: string; fields?: unknown }[] =>
  parts.flatMap(({ type, data }) => (type === 'log' ? JSON.parse(data.json) : []))

test('lines in a row are one part, pieces of text are one text, and their order is kept', () => {
  const speech = new Speech()
  speech.log(1, 'info', 'one', undefined)
  speech.log(2, 'warn', 'two', { ms: 3 })
  speech.chunk('Once ')
  speech.chunk('upon ')
  speech.log(3, 'error', 'three', undefined)
  speech.chunk('a time')
  expect(shown(speech.take())).toEqual([
    [
      'log',
      1,
      0,
      [
        { at: 1, level: 'info', message: 'one' },
        { at: 2, level: 'warn', message: 'two', fields: { ms: 3 } },
      ],
    ],
    ['chunk', 0, 0, 'Once upon '],
    ['log', 3, 0, [{ at: 3, level: 'error', message: 'three' }]],
    ['chunk', 10, 0, 'a time'],
  ])
})

test('what was taken is taken again until it has arrived, and what came meanwhile comes after it', () => {
  const speech = new Speech()
  speech.chunk('a')
  const first = speech.take()
  speech.chunk('b')
  expect(speech.take()).toEqual(first)
  speech.arrived()
  expect(speech.isTold).toBe(false)
  expect(shown(speech.take())).toEqual([['chunk', 1, 0, 'b']])
  speech.arrived()
  expect(speech.isTold).toBe(true)
})

test('the oldest lines go where more come than may wait, and the next part says how many', () => {
  const speech = new Speech()
  for (let n = 1; n <= MAX_WAITING_LINES + 3; n++) speech.log(n, 'info', `line ${n}`, undefined)
  const [part] = speech.take()
  expect(part).toMatchObject({ first: 4, dropped: 3, count: MAX_WAITING_LINES })
  expect(linesOf([part!])[0]?.message).toBe('line 4')
  speech.arrived()
  speech.log(0, 'info', 'next', undefined)
  expect(speech.take()).toMatchObject([{ first: MAX_WAITING_LINES + 4, dropped: 0 }])
})

test('the oldest text goes where more comes than may wait, whole characters of it', () => {
  const speech = new Speech()
  speech.chunk('😀'.repeat(MAX_WAITING_CHARS / 2))
  speech.chunk('!')
  const [part] = speech.take()
  expect(part).toMatchObject({ type: 'chunk', first: 2, dropped: 2, count: MAX_WAITING_CHARS - 1 })
  expect((JSON.parse(part!.data.json) as string).startsWith('😀')).toBe(true)
})

test('a runaway loop that says everything holds no more than may wait', () => {
  const speech = new Speech()
  for (let n = 0; n < 20_000; n++) {
    speech.log(n, 'info', 'x'.repeat(n % 6_000), { n })
    speech.chunk('y'.repeat(n % 300))
  }
  const parts = speech.take()
  const chars = parts.reduce((sum, { data }) => sum + data.json.length, 0)
  expect(linesOf(parts).length).toBeLessThanOrEqual(MAX_WAITING_LINES)
  expect(chars).toBeLessThan(MAX_WAITING_CHARS + 4 * 2 * MAX_WAITING_LINES) // and brackets, quotes, commas
  expect(linesOf(parts).at(-1)).toMatchObject({ fields: { n: 19_999 } })
})

test('half of a character waits for its other half', () => {
  const speech = new Speech()
  speech.chunk('a\ud83d')
  expect(shown(speech.take())).toEqual([['chunk', 0, 0, 'a']])
  speech.arrived()
  speech.chunk('\ude00b')
  expect(shown(speech.take())).toEqual([['chunk', 1, 0, '😀b']])
  speech.arrived()
  speech.chunk('\ud83d')
  expect(speech.isTold).toBe(true)
})

test('fields are kept as they were when the line was written', () => {
  const speech = new Speech()
  const fields = { step: 1 }
  speech.log(0, 'info', 'now', fields)
  fields.step = 2
  expect(linesOf(speech.take())).toMatchObject([{ fields: { step: 1 } }])
})

test('whatever a handler passes, a line comes of it; an error goes without its stack', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const speech = new Speech()
  const throwing = {
    toString() {
      throw new Error('no')
    },
  }
  speech.log(0, 'info', 'big', { count: 12n, at: new Date(0), error: new RangeError('too far') })
  speech.log(0, 'info', 'round', circular)
  speech.log(0, 'info', 'list', [1] as never)
  speech.log(0, 'info', 'large', { text: 'x'.repeat(5_000) })
  speech.log(0, 'info', throwing as never, undefined)
  speech.log(0, 'info', 'y'.repeat(5_000), undefined)
  const lines = linesOf(speech.take())
  expect(lines.slice(0, 5)).toMatchObject([
    {
      fields: {
        count: '12',
        at: '1970-01-01T00:00:00.000Z',
        error: { name: 'RangeError', message: 'too far' },
      },
    },
    { fields: { unreadable: expect.stringContaining('circular') as string } },
    { fields: { unreadable: 'no object' } },
    { fields: { unreadable: '5011 characters, at most 4096' } },
    { message: 'a message that cannot be read' },
  ])
  expect(JSON.stringify(lines)).not.toContain('stack')
  expect(lines[5]?.message).toBe(`${'y'.repeat(4_095)}…`)
})

test('what another one has handed out goes on in its numbers, losses included', () => {
  const [first, second] = [new Speech(), new Speech()]
  for (let line = 1; line <= MAX_WAITING_LINES + 3; line++) first.log(line, 'info', `line ${line}`, undefined)
  first.chunk('Once ')
  for (const part of first.take()) second.add(part)
  first.arrived()
  first.chunk('upon')
  first.log(1, 'info', 'the end', { at: 'last' })
  for (const part of first.take()) second.add(part)
  const parts = second.take()
  expect(parts.map(({ type, first: at, count, dropped }) => [type, at, count, dropped])).toEqual([
    ['log', 5, MAX_WAITING_LINES - 1, 4],
    ['chunk', 0, 9, 0],
    ['log', MAX_WAITING_LINES + 4, 1, 0],
  ])
  expect(linesOf(parts).at(-1)).toMatchObject({ message: 'the end', fields: { at: 'last' } })
  expect(JSON.parse(parts[1]?.data.json ?? '')).toBe('Once upon')
})
