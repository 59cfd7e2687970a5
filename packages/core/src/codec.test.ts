import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode, encodedBytes } from './codec.ts'
import { isLovageError } from './errors.ts'

const roundTrip = (value: unknown): unknown => decode(encode(value))

/** Where and why a value was refused. */
function refusal(value: unknown): { path: string; seen: string } {
  try {
    encode(value)
  } catch (error) {
    if (isLovageError(error, 'NOT_SERIALIZABLE')) return error.details
    throw error
  }
  throw new Error('It was encoded.')
}

describe('plain values', () => {
  test.for<[string, unknown]>([
    ['null', null],
    ['a boolean', false],
    ['a number', -1.5e300],
    ['text', 'ü€😀 "\\\n\u2028\u0000'],
    ['an empty object', {}],
    ['nested', { texts: ['a', 'b'], options: { deep: [[{ x: null }]] } }],
    [
      'awkward keys',
      JSON.parse('{"":1,"a.b":2,"__proto__":3,"constructor":4,"json":5,"meta":6,"toString":7}'),
    ],
  ])('%s: as JSON and nothing else', ([, value]) => {
    expect(encode(value)).toEqual({ json: JSON.stringify(value) })
    expect(roundTrip(value)).toEqual(value)
  })

  test('an object without a prototype is plain', () => {
    expect(encode(Object.assign(Object.create(null), { a: 1 }))).toEqual({ json: '{"a":1}' })
  })

  test('a property that is undefined is left out', () => {
    expect(encode({ a: 1, b: undefined, c: { d: undefined } })).toEqual({ json: '{"a":1,"c":{}}' })
  })

  test('what is the same object twice, but not within itself, is no circle', () => {
    const shared = { x: 1 }
    expect(roundTrip({ a: shared, b: [shared, shared] })).toEqual({ a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] })
  })

  test('whatever JSON can say comes back as it was, without annotation', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', depthSize: 'medium' }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value)) // without -0, which JSON cannot say
        const encoded = encode(plain)
        expect(encoded).toEqual({ json: JSON.stringify(plain) })
        expect(decode(encoded)).toEqual(plain)
      }),
    )
  })
})

describe('rich values', () => {
  const now = new Date('2026-11-21T08:00:00.123Z')

  test.for<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in an array', [1, undefined]],
    ['NaN', NaN],
    ['Infinity', [Infinity, -Infinity]],
    ['minus zero', { zero: -0 }],
    ['a bigint', 2n ** 100n],
    ['a Date', { at: now }],
    [
      'a Map with rich keys',
      new Map<unknown, unknown>([
        [now, 1n],
        [{ a: 1 }, new Set([undefined])],
      ]),
    ],
    ['a Set', new Set(['a', 1, null])],
    ['a RegExp', /a\/b[\n]/giu],
    ['a URL', new URL('https://example.com/a?b=c#d')],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['floats', new Float64Array([0.1, -1e300])],
    ['an Error', Object.assign(new Error('no'), { name: 'TypeError' })],
    ['awkward keys', { 'a.b': 1n, 'c\\.d': now, '': undefined, json: { meta: 1n } }],
  ])('%s: with annotation', ([, value]) => {
    expect(encode(value).meta).toBeTypeOf('string')
    expect(roundTrip(value)).toEqual(value)
  })

  test('an Error keeps its name, message and cause', () => {
    const error = roundTrip(
      Object.assign(new Error('no', { cause: { at: now } }), { name: 'TypeError' }),
    ) as Error
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.message, error.cause]).toEqual(['TypeError', 'no', { at: now }])
  })

  test('what others can read is plain JSON beside it', () => {
    expect(encode({ at: now, n: 1 }).json).toBe('{"at":"2026-11-21T08:00:00.123Z","n":1}')
  })

  test('the values that JSON cannot say come back as they were, however nested', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withTypedArray: true,
      stringUnit: 'binary',
    })
    let encodedRuns = 0
    fc.assert(
      fc.property(anything, (value) => {
        let encoded
        try {
          encoded = encode(value)
        } catch (error) {
          // What cannot come back is refused, and by no other error than this one.
          if (isLovageError(error, 'NOT_SERIALIZABLE')) return
          throw error
        }
        encodedRuns += 1
        expect(decode({ ...encoded })).toEqual(value)
      }),
      { numRuns: 1_000 },
    )
    expect(encodedRuns).toBeGreaterThan(500)
  })
})

describe('what cannot be stored is refused, and the error says where', () => {
  class Money {
    cents = 5
  }
  const circle: Record<string, unknown> = { a: [{}] }
  ;(circle['a'] as Record<string, unknown>[])[0]!['back'] = circle
  const nested = (depth: number): unknown =>
    Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1)

  test.for<[string, unknown, string, string]>([
    ['a function', { on: { click: function save() {} } }, 'on.click', 'a function (save)'],
    ['a function without a name', [() => {}], '[0]', 'a function (anonymous)'],
    ['a symbol', { a: [1, Symbol('x')] }, 'a[1]', 'a symbol'],
    ['an instance of a class', { price: new Money() }, 'price', 'an instance of Money'],
    ['a promise', { a: Promise.resolve() }, 'a', 'an instance of Promise'],
    ['a boxed number', [new Number(1)], '[0]', 'an instance of Number'],
    ['a value of the root itself', new Money(), '', 'an instance of Money'],
    ['a circle', circle, 'a[0].back', 'a circular reference'],
    ['something in a Map', new Map([['k', [new Money()]]]), 'get(k)[0]', 'an instance of Money'],
    ['a key of a Map', { m: new Map([[new Money(), 1]]) }, 'm.keys()', 'an instance of Money'],
    ['something in a Set', { s: new Set([() => {}]) }, 's.values()', 'a function (anonymous)'],
    [
      'the cause of an Error',
      { e: new Error('no', { cause: new Money() }) },
      'e.cause',
      'an instance of Money',
    ],
    [
      'something after a rich value',
      { at: new Date(0), price: new Money() },
      'price',
      'an instance of Money',
    ],
    ['an invalid Date', { at: [new Date(NaN)] }, 'at[0]', 'an invalid Date'],
    ['a Buffer, which only Node could read again', { file: nodeBuffer() }, 'file', 'an instance of Buffer'],
    ['a view of bytes', { view: new DataView(new ArrayBuffer(2)) }, 'view', 'an instance of DataView'],
    ['an ArrayBuffer', { bytes: new ArrayBuffer(2) }, 'bytes', 'an instance of ArrayBuffer'],
    ['an array of big integers', { a: new BigInt64Array(1) }, 'a', 'an instance of BigInt64Array'],
    ['NaN in an array of floats', { a: new Float32Array([1, NaN]) }, 'a[1]', 'NaN within a Float32Array'],
    ['minus zero in an array of floats', new Float64Array([-0]), '[0]', '-0 within a Float64Array'],
    [
      'a key beside rich values that could harm whoever reads it',
      { a: { constructor: 1 }, at: new Date(0) },
      'a.constructor',
      'a key that cannot stand beside rich values',
    ],
    ['too deep', nested(600), '[0]'.repeat(500), 'nested deeper than 500 levels'],
  ])('%s', ([, value, path, seen]) => {
    expect(refusal(value)).toEqual({ path, seen })
  })

  test('a Map with a key that has no text', () => {
    expect(refusal(new Map([[Object.create(null), () => {}]])).seen).toBe('a function (anonymous)')
  })

  test('500 levels are not too deep', () => {
    expect(roundTrip(nested(499))).toEqual(nested(499))
  })
})

describe('encodedBytes', () => {
  test('counts as UTF-8 does, the annotation included', () => {
    const utf8 = (text: string): number => new TextEncoder().encode(text).length
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' })), (json, meta) => {
        expect(encodedBytes(meta === null ? { json } : { json, meta })).toBe(utf8(json) + utf8(meta ?? ''))
      }),
      {
        examples: [
          ['aü€😀', null],
          ['', '😀'],
          ['a' + '😀€'.repeat(20_000), null],
        ],
      },
    )
  })

  test('counts what was encoded', () => {
    const { json, meta } = encode({ ü: new Date(0) })
    expect(encodedBytes({ json, meta: meta! })).toBe(new TextEncoder().encode(json + meta!).length)
  })
})

/** As Node's `Buffer` looks to this code, which knows no Node: a subclass of `Uint8Array`. */
function nodeBuffer(): Uint8Array {
  return new (class Buffer extends Uint8Array {})(2)
}
