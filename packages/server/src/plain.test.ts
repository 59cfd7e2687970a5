import superjson from 'superjson'
import { expect, test } from 'vitest'
import { isPlain } from './plain.ts'

const holes: unknown[] = []
holes[1] = 2

test.for<unknown>([
  null,
  'text',
  0,
  -1.5,
  true,
  [],
  {},
  [[{ a: [1, 'b', null] }]],
  { a: { b: { c: [] } }, 'd.e': 1 },
  Object.assign(Object.create(null), { a: 1 }),
])('%o is plain: superjson says it as JSON does, and nothing else', (value) => {
  expect(isPlain(value)).toBe(true)
  expect(JSON.stringify(superjson.serialize(value))).toBe(`{"json":${JSON.stringify(value)}}`)
})

test.for<unknown>([
  undefined,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  1n,
  new Date(0),
  new Map([[1, 2]]),
  new Set([1]),
  /x/,
  new Error('x'),
  new URL('http://a/'),
  holes,
  [undefined],
  { a: undefined },
  { a: [{ b: new Date(0) }] },
  { a: 1, toJSON: () => 2 },
  new (class Own {})(),
  JSON.parse('{"__proto__":1}'),
  { constructor: 1 },
  Array.from({ length: 60 }).reduce((inner) => [inner], 1),
])('%o is not', (value) => {
  expect(isPlain(value)).toBe(false)
})
