import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { parse, type Schema } from './schema.ts'

const schema = (validate: StandardSchemaV1.Props['validate']): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

/** Refuses with one issue at a path. */
const refuses = (path?: StandardSchemaV1.Issue['path']): Schema =>
  schema(() => ({ issues: [{ message: 'no', ...(path && { path }) }] }))

describe('parse', () => {
  test('answers at once where the schema does', () => {
    expect(
      parse(
        schema((value) => ({ value: [value] })),
        1,
      ),
    ).toEqual({ ok: true, value: [1] })
    expect(parse(refuses(), 1)).toEqual({ ok: false, issues: [{ path: '', message: 'no' }] })
  })

  test('waits for a schema that takes its time', async () => {
    const answer = parse(
      schema(async (value) => ({ value: [value] })),
      1,
    )
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toEqual({ ok: true, value: [1] })
    expect(
      await parse(
        schema(async () => ({ issues: [{ message: 'no' }] })),
        1,
      ),
    ).toMatchObject({ ok: false })
  })

  test('passes everything where there is no schema', () => {
    const value = { any: 'thing' }
    expect(parse(undefined, value)).toEqual({ ok: true, value })
  })

  test('gives what the schema made of the value, also when that is undefined', () => {
    expect(
      parse(
        schema(() => ({ value: undefined })),
        'x',
      ),
    ).toEqual({ ok: true, value: undefined })
  })

  test('keeps every issue, in order', () => {
    const issues = ['a', 'b', 'c'].map((key) => ({ message: `${key} is wrong`, path: [key] }))
    expect(
      parse(
        schema(() => ({ issues })),
        {},
      ),
    ).toEqual({
      ok: false,
      issues: [
        { path: 'a', message: 'a is wrong' },
        { path: 'b', message: 'b is wrong' },
        { path: 'c', message: 'c is wrong' },
      ],
    })
  })

  test.for<[string, StandardSchemaV1.Issue['path']]>([
    ['', undefined],
    ['', []],
    ['name', ['name']],
    ['[3]', [3]],
    ['texts[3].id', ['texts', 3, 'id']],
    ['texts[3].id', [{ key: 'texts' }, { key: 3 }, { key: 'id' }]],
    ['[0][1]', [0, 1]],
    ['a.Symbol(b)', ['a', Symbol('b')]],
  ])('writes the path %j', ([text, path]) => {
    expect(parse(refuses(path), {})).toEqual({ ok: false, issues: [{ path: text, message: 'no' }] })
  })

  test('lets an error that the schema itself throws through', () => {
    expect(() =>
      parse(
        schema(() => {
          throw new Error('broken schema')
        }),
        1,
      ),
    ).toThrow('broken schema')
  })
})
