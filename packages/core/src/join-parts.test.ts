import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { decode, encode } from './codec.ts'
import type { Part } from './flow.ts'
import { joinParts } from './join-parts.ts'

const part = (value: unknown, isKept = false): Part => ({ value: encode(value), isKept })
const failed: Part = { error: { name: 'TypeError', message: 'no "such" column' } }

const shared = { n: 1 }
const RICH: unknown[] = [
  1,
  'ü "quoted" \\',
  null,
  undefined,
  new Date(0),
  { 'a.b': new Date(1), 'c\\d': [1n, { e: new Set([undefined]) }], plain: [] },
  new Map<unknown, unknown>([[{ at: new Date(2) }, new Map([['x', -0]])]]),
  [new Error('inner')],
  { one: shared, two: shared },
  {},
  [],
]

describe('a list of parts', () => {
  test('is an array of the values, in order, however rich each is', () => {
    expect(
      decode(
        joinParts(
          RICH.map((value) => part(value)),
          'list',
        ),
      ),
    ).toEqual(decode(encode(RICH)))
  })

  test('is written as the array itself would be', () => {
    const values = [new Date(0), { 'a.b': 1n }, 'plain', new Map([['k', new Date(1)]])]
    expect(
      joinParts(
        values.map((value) => part(value)),
        'list',
      ),
    ).toEqual(encode(values))
  })

  test('is plain JSON where all values are plain', () => {
    expect(joinParts([part({ a: [1] }), part('b')], 'list')).toEqual({ json: '[{"a":[1]},"b"]' })
  })

  test('may be empty', () => {
    expect(joinParts([], 'list')).toEqual({ json: '[]' })
  })

  test('keeps one object one within a part', () => {
    const [, joined] = decode(
      joinParts([part(0), part({ one: shared, when: new Date(0), two: shared })], 'list'),
    ) as [number, { one: object; two: object }]
    expect(joined.one).toBe(joined.two)
  })

  test('holds what came of kept parts', () => {
    expect(
      decode(joinParts([part(new Date(0), true), failed, part({ at: 1n }, true), part(4)], 'list')),
    ).toEqual([
      { ok: true, value: new Date(0) },
      { ok: false, error: { name: 'TypeError', message: 'no "such" column' } },
      { ok: true, value: { at: 1n } },
      4,
    ])
  })
})

describe('the only part', () => {
  test.for(RICH)('is the value as it was written: %o', (value) => {
    expect(joinParts([part(value)], 'only')).toEqual(encode(value))
  })

  test('says what came of it when it is kept', () => {
    expect(decode(joinParts([part(new Set([1]), true)], 'only'))).toEqual({ ok: true, value: new Set([1]) })
    expect(decode(joinParts([failed], 'only'))).toEqual({
      ok: false,
      error: { name: 'TypeError', message: 'no "such" column' },
    })
  })
})

test('parts may be annotated in the manner of older programs', () => {
  const old = (json: unknown, meta: object): Part => ({
    value: { json: JSON.stringify(json), meta: JSON.stringify(meta) },
    isKept: false,
  })
  const json = { 'a\\b': '7', 'c.d': ['1970-01-01T00:00:00.000Z'] }
  const meta = { values: { 'a\\b': ['bigint'], 'c\\.d.0': ['Date'] } }
  expect(superjson.deserialize({ json, meta: meta as never })).toEqual({ 'a\\b': 7n, 'c.d': [new Date(0)] })
  expect(decode(joinParts([old(json, meta), part(new Map([['x\\y', 1n]]))], 'list'))).toEqual([
    { 'a\\b': 7n, 'c.d': [new Date(0)] },
    new Map([['x\\y', 1n]]),
  ])
})

test('a part that holds itself does so within the list', () => {
  const circular: Part = {
    value: {
      json: '{"self":null,"a":{},"b":null}',
      meta: '{"referentialEqualities":[["self"],{"a":["b"]}],"v":1}',
    },
    isKept: false,
  }
  const [joined] = decode(joinParts([circular], 'list')) as [{ self: object; a: object; b: object }]
  expect(joined.self).toBe(joined)
  expect(joined.b).toBe(joined.a)
})
