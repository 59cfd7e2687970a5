/** Any Standard Schema will do: the same contract in three libraries gives the same answers. */
import { defineTasks, parse, type Schema, task } from '@lovage/core'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const libraries: Record<string, { mail: Schema; name: Schema; even: Schema; unique: Schema }> = {
  zod: {
    mail: z.object({
      to: z.array(z.object({ address: z.string().min(3) })).min(1),
      subject: z.string().default('(none)'),
      at: z.string().transform((text) => new Date(text)),
    }),
    name: z.string().default('Bob'),
    even: z.number().refine((n) => n % 2 === 0),
    unique: z.string().refine(async (name) => name !== 'taken'),
  },
  valibot: {
    mail: v.object({
      to: v.pipe(v.array(v.object({ address: v.pipe(v.string(), v.minLength(3)) })), v.minLength(1)),
      subject: v.optional(v.string(), '(none)'),
      at: v.pipe(
        v.string(),
        v.transform((text) => new Date(text)),
      ),
    }),
    name: v.optional(v.string(), 'Bob'),
    even: v.pipe(
      v.number(),
      v.check((n) => n % 2 === 0),
    ),
    unique: v.pipeAsync(
      v.string(),
      v.checkAsync(async (name) => name !== 'taken'),
    ),
  },
  arktype: {
    mail: type({
      to: type({ address: 'string >= 3' }).array().atLeastLength(1),
      subject: "string = '(none)'",
      at: type('string').pipe((text) => new Date(text)),
    }),
    // A default of the value itself has no words there: absent is one of two inputs.
    name: type('string | undefined').pipe((name) => name ?? 'Bob'),
    even: type('number').narrow((n, ctx) => n % 2 === 0 || ctx.mustBe('even')),
    unique: type('string').narrow((name, ctx) => name !== 'taken' || ctx.mustBe('free')), // it has no async checks
  },
}

describe.each(Object.entries(libraries))('%s', (_, { mail, name, even, unique }) => {
  test('parses, with defaults and transforms', async () => {
    expect(await parse(mail, { to: [{ address: 'ada@example.com' }], at: '2026-11-21' })).toEqual({
      ok: true,
      value: { to: [{ address: 'ada@example.com' }], subject: '(none)', at: new Date('2026-11-21') },
    })
    expect(await parse(name, undefined)).toEqual({ ok: true, value: 'Bob' })
  })

  test('answers at once where nothing is asynchronous', () => {
    expect(parse(even, 2)).toEqual({ ok: true, value: 2 })
    expect(parse(even, 3)).toMatchObject({ ok: false, issues: [{ path: '' }] })
  })

  test('lists each issue with its path', async () => {
    const parsed = await parse(mail, {
      to: [{ address: 'ada@example.com' }, { address: 'x' }, { address: 7 }],
      at: '2026-11-21',
      subject: 1,
    })
    if (parsed.ok) throw new Error('It was taken for valid.')
    expect(parsed.issues.map(({ path }) => path).sort()).toEqual([
      'subject',
      'to[1].address',
      'to[2].address',
    ])
    for (const { message } of parsed.issues) expect(message).not.toBe('')
  })

  test('lists one issue without a path for what is wrong as a whole', async () => {
    expect(await parse(mail, null)).toMatchObject({ ok: false, issues: [{ path: '' }] })
  })

  test('may take its time', async () => {
    expect(await parse(unique, 'free')).toEqual({ ok: true, value: 'free' })
    expect(await parse(unique, 'taken')).toMatchObject({ ok: false, issues: [{ path: '' }] })
  })

  test('checks a task from end to end', async () => {
    const { greet } = defineTasks({
      greet: task({ input: name, output: even, run: (given) => String(given).length - 1 }),
    })
    expect(await greet.run()).toBe(2)
    await expect(greet.run('Adam')).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
    await expect(greet.run(7)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })
})
