import { checkStorable } from '@lovage/core/storable'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkSendable, isSurelyFine } from './sendable.ts'

class Money {
  amount = 1
}
const circle: Record<string, unknown> = {}
circle['self'] = { circle }

test('JSON with dates is surely fine, whatever realm it comes from', () => {
  const plain = { texts: ['a', ''], n: -0, when: new Date(0), none: undefined, nothing: null, big: 1n }
  expect(isSurelyFine(plain, 0)).toBe(true)
  expect(isSurelyFine(Object.assign(Object.create(null), plain), 0)).toBe(true)
})

test.each([
  ['a function', { a: [() => {}] }, 'a[0]'],
  ['a symbol', { a: { b: Symbol('x') } }, 'a.b'],
  ['a class', { price: new Money() }, 'price'],
  ['a date that is none', { when: new Date(Number.NaN) }, 'when'],
  ['a circle', circle, 'self.circle'],
  ['a class within a Map', { by: new Map([['x', new Money()]]) }, 'by.get(x)'],
])('%s is refused, with its path', async (_, input, path) => {
  await expect(checkSendable(input)).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE', details: { path } })
})

test('what the queue can keep is let through: maps, sets, bytes, depth', async () => {
  const deep: unknown[] = []
  let end = deep
  for (let depth = 0; depth < 200; depth++) end.push((end = []))
  await checkSendable({
    map: new Map([[1, new Set([2n])]]),
    bytes: new Uint8Array(2),
    deep,
    url: new URL('http://a.example'),
  })
})

test('whatever is surely fine, the queue’s own rule takes', () => {
  const odd = fc.constantFrom<unknown>(
    new Money(),
    new Map(),
    new Date(0),
    new Date(Number.NaN),
    undefined,
    1n,
    () => {},
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.anything(),
      odd,
      fc.array(tie('tree')),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', 'prototype')),
        tie('tree'),
      ),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      if (isSurelyFine(value, 0)) checkStorable(value)
    }),
  )
})
